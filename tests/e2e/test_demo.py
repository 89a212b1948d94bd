"""The demo does what it says: what `make run` prints to be typed next works as printed."""

import re
import shlex
import subprocess

from harness.process import Process, environment
from harness.waiting import BUILD, LIMIT, ROOT, wait_for


def test_what_make_run_prints_works_as_printed(tmp_path):
    demo = Process([ROOT / "etc/demo", BUILD.name, tmp_path / "run"], tmp_path / "log")
    try:
        wait_for(lambda: "Ctrl-C stops it" in demo.log() or not demo.is_running(), what=demo.log)
        printed = demo.log()
        lines = re.findall(r"^    (\S.*)$", printed, re.M)
        assert [line.split()[1] for line in lines[1:]] == ["list", "show", "modify", "wait", "modify", "monitor",
                                                            "monitor"], printed
        url = re.fullmatch(r"export CREDIS_URL=(unix://\S+)", lines[0]).group(1)

        def run(line, limit=LIMIT):
            return subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=limit, cwd=ROOT,
                                  env=environment(CREDIS_URL=url))

        listed = run(lines[1])
        assert listed.returncode == 0 and "telescope" in listed.stdout and "weather" in listed.stdout, listed
        assert re.match(r"AZ = ", run(lines[2]).stdout)
        assert run(lines[3]).returncode == 0
        assert run(f"{BUILD.name}/credis show --terse telescope.AZ").stdout == "60.000\n"
        assert run(lines[4]).returncode == 0
        assert run(lines[5]).returncode == 0
        watched = run(f"{lines[6]} -n 6")
        assert watched.returncode == 0 and len(re.findall(r"telescope\.AZ [\d.]+ deg", watched.stdout)) >= 3, watched
        with subprocess.Popen([ROOT / "etc/demo", BUILD.name, tmp_path / "run"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment()) as second:
            assert second.wait(LIMIT) == 3
            said = second.stdout.read()
        assert "is in use by another credisd" in said and "serves the demo" not in said
        watched = run(f"{lines[7]} -n 30")
        assert watched.returncode == 0 and "weather.TEMPERATURE" in watched.stdout, watched
    finally:
        demo.stop()
