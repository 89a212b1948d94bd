"""Configurations: every file of wrong/ gives exactly the faults of its .expected, every file of right/
prints as its .expected, which reads back as itself. CREDIS_BUILD names the build under test."""

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
CREDISD = HERE.parents[1] / os.environ.get("CREDIS_BUILD", "build") / "credisd"
WRONG = sorted((HERE / "wrong").glob("*.conf"))
RIGHT = sorted((HERE / "right").glob("*.conf"))


def name_of(path):
    return path.stem


def credisd(*args, cwd=HERE, env=None):
    clean = {name: value for name, value in os.environ.items()
             if name not in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "NOTIFY_SOCKET", "JOURNAL_STREAM")}
    return subprocess.run([CREDISD, *map(str, args)], cwd=cwd, env={**clean, **(env or {})},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def expected(path):
    return path.with_suffix(".expected").read_text(encoding="utf-8")


def test_there_are_a_hundred_wrong_configurations():
    assert len(WRONG) >= 100
    assert len(WRONG) == len(list((HERE / "wrong").glob("*.expected")))


@pytest.mark.parametrize("path", WRONG, ids=name_of)
def test_wrong_configuration_is_told_every_fault_at_its_place(path):
    done = credisd("-n", "-c", path.relative_to(HERE))
    assert done.stderr == expected(path)
    assert done.stdout == ""
    assert done.returncode == 1


@pytest.mark.parametrize("path", WRONG, ids=name_of)
def test_wrong_configuration_starts_nothing_and_makes_nothing(path, tmp_path):
    done = credisd("-c", path.relative_to(HERE),
                   env={"STATE_DIRECTORY": str(tmp_path / "state"), "RUNTIME_DIRECTORY": str(tmp_path / "run")})
    assert done.stderr == expected(path)
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", RIGHT, ids=name_of)
def test_right_configuration_prints_what_is_in_force(path):
    done = credisd("-nn", "-c", path.relative_to(HERE))
    assert done.stderr == ""
    assert done.stdout == expected(path)
    assert done.returncode == 0


@pytest.mark.parametrize("path", RIGHT, ids=name_of)
def test_what_is_printed_reads_back_as_itself(path, tmp_path):
    again = tmp_path / "again.conf"
    shutil.copy(path.with_suffix(".expected"), again)
    done = credisd("-nn", "-c", again)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == expected(path)


def test_check_counts_what_is_right():
    done = credisd("-n", "-c", "right/03-every-type.conf")
    assert done.stdout == "right/03-every-type.conf: no faults; services: 1, keywords: 11\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_directories_of_the_service_manager_are_taken_unless_others_are_named():
    env = {"STATE_DIRECTORY": "/srv/one:/srv/two", "RUNTIME_DIRECTORY": "/run/one"}
    default = credisd("-nn", "-c", "right/01-nothing.conf", env=env).stdout
    named = credisd("-nn", "-c", "right/02-every-setting-of-the-daemon.conf", env=env).stdout
    assert 'state_dir = "/srv/one";\nruntime_dir = "/run/one";\n' in default
    assert 'state_dir = "/srv/credis";\nruntime_dir = "/run/obs/credis";\n' in named


def test_shipped_configuration_is_right(tmp_path):
    etc = HERE.parents[1] / "etc"
    shutil.copy(etc / "credisd.conf", tmp_path)
    with open(tmp_path / "credisd.conf", "a", encoding="utf-8") as file:
        file.write(f'services_dir = "{etc}/services.d";\n')
    done = credisd("-nn", "-c", tmp_path / "credisd.conf")
    assert (done.returncode, done.stderr) == (0, "")
    types = {"string", "boolean", "integer", "float", "double", "enumerated", "mask", "integer array",
             "float array", "double array", "string array"}
    shown = [line.split('type = "')[1].split('"')[0] for line in done.stdout.splitlines() if "; type = " in line]
    assert set(shown) == types
    assert len(shown) >= 20


def test_fifo_is_refused_without_waiting_for_its_other_end(tmp_path):
    fifo = tmp_path / "fifo.conf"
    os.mkfifo(fifo)
    done = credisd("-n", "-c", fifo)
    assert (done.returncode, done.stderr) == (1, f"{fifo}:1: {fifo}: is not a regular file\n")


def test_file_beyond_the_limit_is_refused_unread(tmp_path):
    huge = tmp_path / "huge.conf"
    with open(huge, "wb") as file:
        file.truncate((64 << 20) + 1)
    done = credisd("-n", "-c", huge)
    assert (done.returncode, done.stderr) == (1, f"{huge}:1: {huge}: is longer than 64 MiB\n")


def test_includes_that_multiply_are_stopped(tmp_path):
    """Ten files a level would be a hundred million at the eighth."""
    for level in range(8):
        (tmp_path / f"{level}.conf").write_text(f'@include "{level + 1}.conf"\n' * 10)
    (tmp_path / "8.conf").write_text("\n")
    done = credisd("-n", "-c", tmp_path / "0.conf")
    assert done.returncode == 1
    assert "too many @include" in done.stderr


def test_lines_stay_right_beyond_sixteen_bits(tmp_path):
    far = tmp_path / "far.conf"
    far.write_text('services_dir = "";\n' + "# a line\n" * 70000 + "colour = 1;\n")
    done = credisd("-n", "-c", far)
    assert done.stderr.startswith(f"{far}:70002: colour: no such setting")


def test_tens_of_thousands_of_keywords_are_read_and_every_fault_found(tmp_path):
    many = tmp_path / "many.conf"
    rows = ",\n".join(f'{{ name = "K{n}"; type = "double"; range = [ 0, {-1 if n % 1000 == 0 else 1} ]; }}'
                      for n in range(50000))
    many.write_text(f'services_dir = "";\nservices = ( {{ name = "many"; keywords = (\n{rows}\n); }} );\n')
    done = credisd("-n", "-c", many)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 50
    assert done.stderr.splitlines()[-1] == f"{many}:49003: K49000: range: the minimum 0 is above the maximum -1"


@pytest.mark.parametrize("args", [["--colour"], ["-c"], ["-x"], ["serve"], ["-n", "more"]], ids=" ".join)
def test_wrong_usage_has_its_own_status(args):
    done = credisd(*args)
    assert done.returncode == 2
    assert done.stdout == "" and "credisd --help" in done.stderr


def test_help_names_options_and_exit_statuses():
    done = credisd("--help")
    assert done.returncode == 0
    for text in ("-c, --config FILE", "-n, --check", "-v, --verbose", "--settings", "  0  ", "  1  ", "  2  ", "  3  "):
        assert text in done.stdout


def test_settings_are_listed_with_what_is_allowed():
    rows = [line.split("\t") for line in credisd("--settings").stdout.splitlines()]
    assert all(len(row) == 3 and all(row) for row in rows)
    names = [row[0] for row in rows]
    assert len(names) == len(set(names))
    assert {"store.url", "log.level", "metrics.listen", "services.name", "keywords.name", "keywords.range"} <= set(names)
