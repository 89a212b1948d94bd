"""The systemd unit: how exposed it is, and what it must still allow."""

import pathlib
import re
import shutil
import subprocess

import pytest

UNIT = pathlib.Path(__file__).resolve().parents[2] / "systemd" / "credisd.service"


def settings():
    """Setting → its values, in their order."""
    found = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, mark, value = line.partition("=")
        if mark and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_exposure_is_at_most_one_and_a_half():
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],
                          capture_output=True, text=True, timeout=60)
    score = re.search(r"Overall exposure level for credisd\.service: ([0-9.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    assert float(score.group(1)) <= 1.5, done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_unit_is_understood(tmp_path):
    """With programs that are there, for those it names are not installed yet."""
    unit = tmp_path / "credisd.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/usr/sbin/credisd", "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert "credisd.service:" not in done.stderr and done.returncode == 0, done.stderr


def test_unit_speaks_as_credisd_does():
    found = settings()
    assert found["Type"] == ["notify"] and found["NotifyAccess"] == ["main"]
    assert found["ExecStart"] == ["/usr/sbin/credisd"]
    assert found["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert found["WatchdogSec"] == ["10"] and found["Restart"] == ["on-failure"]


def test_unit_makes_the_directories_that_credisd_takes():
    found = settings()
    assert found["StateDirectory"] == found["RuntimeDirectory"] == found["ConfigurationDirectory"] == ["credis"]


def test_unit_allows_tcp_unix_sockets_and_a_store_of_its_own():
    found = settings()
    assert set(found["RestrictAddressFamilies"][0].split()) == {"AF_INET", "AF_INET6", "AF_UNIX"}
    assert "PrivateNetwork" not in found and "IPAddressDeny" not in found
    assert "RuntimeDirectoryPreserve" not in found, "the socket's directory would be out of reach for others"
    assert found["KillMode"] == ["mixed"], "the embedded redis-server is credisd's to end"


def test_unit_lets_the_shipped_drivers_and_commands_run():
    """/proc/loadavg is read by a command, a driver may write to its /tmp, and nothing runs as root."""
    found = settings()
    assert "ProcSubset" not in found and found["PrivateTmp"] == ["yes"]
    assert "NoExecPaths" not in found and found["NoNewPrivileges"] == ["yes"]
