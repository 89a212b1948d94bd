"""The manual says what the programs do: verbs, options, settings, exit statuses, functions."""

import json
import re
import subprocess

import pytest

from harness.waiting import BUILD, ROOT, SANITIZER
from test_tree import declared_functions

MAN = ROOT / "man"
PAGES = sorted(MAN.glob("*.[1-8]"))


def source(page):
    return (MAN / page).read_text()


def section(page, name):
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", source(page), re.M | re.S).group(1)


def program(name, *words):
    done = subprocess.run([BUILD / name, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def options_of_help(text):
    """Long names, with the letter where there is one: {("--url", "-u"), …}."""
    return {(long, letter or None) for letter, long in re.findall(r"^ +(-\w)?,? +(--[\w-]+)", text, re.M)}


def options_of_manual(text):
    found = set()
    for line in re.findall(r"^\.It ((?:Fl .*))$", text, re.M):
        flags = re.findall(r"Fl (-?[\w-]+)", line)
        long = next(flag for flag in flags if flag.startswith("-"))
        letter = next((flag for flag in flags if not flag.startswith("-")), None)
        found.add(("-" + long, letter and "-" + letter))
    return found


def verbs_of_help():
    text = program("credis", "--help")
    verbs = re.search(r"^verbs:\n((?:  .*\n)+)", text, re.M).group(1)
    return re.findall(r"^  ([\w-]+)", verbs, re.M)


def verbs_of_manual():
    """Each verb with its part of the page."""
    parts = re.split(r"^\.It Cm ", section("credis.1", "VERBS"), flags=re.M)[1:]
    return {part.split()[0]: part for part in parts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mandoc_finds_nothing_to_say(page):
    done = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, timeout=60)
    # Which pages are installed here says nothing about ours.
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if "referenced manual not found" not in line and "outdated mandoc.db" not in line]
    assert said == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_references_between_our_pages_exist(page):
    for name, number in re.findall(r"^\.Xr (\S*credis\S*) (\d)", page.read_text(), re.M):
        assert (MAN / f"{name}.{number}").exists(), f"{name}({number})"


def test_credis_1_has_the_verbs_of_the_program():
    assert list(verbs_of_manual()) == verbs_of_help()


@pytest.mark.parametrize("verb", list(verbs_of_manual()))
def test_credis_1_has_the_options_of_each_verb(verb):
    own = program("credis", verb, "--help").partition("options of every verb:")[0]
    assert options_of_manual(verbs_of_manual()[verb]) == options_of_help(own)


def test_credis_1_has_the_options_of_every_verb():
    everyone = program("credis", "list", "--help").partition("options of every verb:")[2]
    assert options_of_manual(section("credis.1", "DESCRIPTION")) == options_of_help(everyone)


def statuses(page):
    return re.findall(r"^\.It (\d)\n(.*)", section(page, "EXIT STATUS"), re.M)


def test_credis_1_has_the_exit_statuses_of_the_program():
    text = program("credis", "--help")
    block = re.search(r"^exit status:\n((?:  .*\n)+)", text, re.M).group(1)
    assert statuses("credis.1") == re.findall(r"^  (\d)  (.*)", block, re.M)


def test_credisd_8_has_the_options_of_the_program():
    told = options_of_help(program("credisd", "--help"))
    assert options_of_manual(section("credisd.8", "DESCRIPTION")) == told


def test_credisd_8_has_the_exit_statuses_of_the_program():
    text = program("credisd", "--help")
    told = re.findall(r"^  (\d)  (.*)", text.partition("Exit status:")[2], re.M)
    assert statuses("credisd.8") == told


def settings_of_program():
    rows = [line.split("\t") for line in program("credisd", "--settings").splitlines()]
    assert all(len(row) == 3 and all(row) for row in rows), rows
    return [row[0] for row in rows]


def settings_of_manual():
    """group.setting for everything that is described."""
    found = set()
    for name, prefix in (("THE MAIN FILE", ""), ("SERVICES", "services."), ("DRIVERS", "drivers."),
                         ("KEYWORDS", "keywords.")):
        text = section("credisd.conf.5", name).partition(".Ss")[0]
        group = None
        for line in text.splitlines():
            if line.startswith(".Bl"):
                group = [] if group is None else group + [last]
            elif line.startswith(".El"):
                group.pop() if group else None
            elif match := re.match(r"\.It Cm (.*)", line):
                for last in match.group(1).replace(",", " ").split():
                    found.add(prefix + ".".join([*group, last]))
    return found


def test_credisd_conf_5_has_the_settings_of_the_program():
    assert settings_of_manual() == set(settings_of_program())


def configurations():
    """Those that the documents show: the page's example, and the README's, as one file each."""
    page = re.search(r"^\.Bd -literal\n(.*?)^\.Ed", section("credisd.conf.5", "EXAMPLES"), re.M | re.S).group(1)
    readme = (ROOT / "README.md").read_text().partition("## Configuration")[2]
    return {"credisd.conf.5": page.replace("\\e", "\\"),
            "README.md": re.search(r"((?:    .*\n|\n)+)", readme).group(1)}


@pytest.mark.parametrize("document", ["credisd.conf.5", "README.md"])
def test_configurations_in_the_documents_have_no_fault(document, tmp_path):
    file = tmp_path / "credisd.conf"
    file.write_text(configurations()[document] + "\nservices_dir = \"\";\n")
    done = subprocess.run([BUILD / "credisd", "-n", "-c", file], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_public_function_is_named_in_libcredis_3():
    named = set(re.findall(r"^\..*?\bFn (credis_\w+)", source("libcredis.3"), re.M))
    assert named == declared_functions()



def test_protocol_names_every_code_of_an_answer():
    text = section("credis-protocol.7", "MESSAGES")
    for word in ("type", "range", "values", "length", "pattern", "read-only", "write-only", "conflict", "busy",
                 "unknown-keyword", "malformed", "driver", "timeout", "store"):
        assert re.search(rf"\b{word}\b", text), word


def example(page="libcredis.3"):
    text = re.search(r"^\.Bd -literal\n(.*?)^\.Ed", section(page, "EXAMPLES"), re.M | re.S).group(1)
    return text.replace("\\e", "\\").replace("\\(aq", "'")


def compiled(text, directory):
    """The program that a document shows, compiled as its readers would."""
    program = directory / "example"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libevent"], capture_output=True, text=True,
                           check=True).stdout.split()
    done = subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-xc", "-", "-o", program, f"-I{ROOT}/include",
                           *([f"-fsanitize={SANITIZER}"] if SANITIZER else []),
                           f"-L{BUILD}", "-lcredis", "-Xlinker", "-rpath", "-Xlinker", BUILD, *flags],
                          input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return program


def test_example_of_the_readme_compiles_and_says_when_there_is_no_store(tmp_path):
    text = (ROOT / "README.md").read_text().partition("## The library on one screen")[2]
    text = re.search(r"((?:    .*\n|\n)+?)    cc program", text).group(1)
    text = text.replace("redis://localhost", "redis://127.0.0.1:1")
    done = subprocess.run([compiled(text, tmp_path)], capture_output=True, text=True, timeout=60)
    assert "redis://127.0.0.1:1" in done.stderr


def test_example_of_libcredis_3_compiles_and_does_what_it_says(tmp_path, credisd, cli, redis):
    program = compiled(example(), tmp_path)
    credisd()
    words = [program, redis.url, "demo.POS", "7.25"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout.readline() == "demo.POS = 7.25\n"
            assert cli("modify", "demo.POS=8").status == 0
            assert started.stdout.readline() == "demo.POS = 8\n"
        finally:
            started.terminate()
    refused = subprocess.run([*words[:3], "99"], capture_output=True, text=True, timeout=60)
    assert (refused.returncode, refused.stderr) == (1, "demo.POS: 99 is above the maximum 10\n")


def test_example_of_libcredis_dispatcher_3_is_the_file_beside_it():
    assert example("libcredis_dispatcher.3") == (MAN / "example_thermostat.c").read_text()


def test_example_of_libcredis_dispatcher_3_heats_a_room(tmp_path, cli, redis, wait_for):
    program = compiled(example("libcredis_dispatcher.3"), tmp_path)
    with subprocess.Popen([program, redis.url]) as started:
        try:
            wait_for(lambda: cli("show", "heater.DISPSTATE", "room.DISPSTATE").out.count("ready") == 2, what="it is ready")
            assert cli("modify", "heater.TARGET=21.5").status == 0
            assert cli("show", "heater.TARGET").value == "21.5"
            refused = cli("modify", "heater.TARGET=29")
            assert (refused.status, refused.error) == (1, "heater.TARGET: 29 degrees would be a sauna")
            wait_for(lambda: 18 < float(cli("show", "room.TEMPERATURE").value) <= 21.5, what="it is warmer")
        finally:
            started.terminate()


def test_example_of_libcredis_store_3_is_the_file_beside_it():
    assert example("libcredis_store.3") == (MAN / "example_store.c").read_text()


def test_example_of_libcredis_store_3_counts(tmp_path, redis):
    program = compiled(example("libcredis_store.3"), tmp_path)
    for count in ("1\n", "2\n"):
        done = subprocess.run([program, redis.url, "visits"], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, count, "")


def test_example_of_libcredis_serial_3_is_the_file_beside_it():
    assert example("libcredis_serial.3") == (MAN / "example_serial.c").read_text()


def test_example_of_libcredis_serial_3_stores_what_python_would(tmp_path):
    program = compiled(example("libcredis_serial.3"), tmp_path)
    value = {"é": [1, 2.0, None]}
    done = subprocess.run([program, "python", json.dumps(value, ensure_ascii=False, separators=(",", ":"))],
                          capture_output=True, text=True, timeout=60)
    written = json.dumps(value)
    assert (done.returncode, done.stdout) == (0, f"{len(written)} bytes, read back as {written}\n"), done.stderr


def test_example_of_credis_driver_7_passes_the_check_that_the_page_names(tmp_path):
    (tmp_path / "level").write_text(example("credis-driver.7"))
    (tmp_path / "level").chmod(0o755)
    words = re.search(r"^\.Dl credis (driver-check .*)", section("credis-driver.7", "EXAMPLES"), re.M).group(1).split()
    done = subprocess.run([BUILD / "credis", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "write of LEVEL: done" in done.stdout, done


def test_example_of_credis_driver_7_keeps_a_level(tmp_path, credisd, cli):
    (tmp_path / "level").write_text(example("credis-driver.7"))
    (tmp_path / "level").chmod(0o755)
    credisd(services=f"""services = ( {{ name = "tank"; drivers = ( {{ name = "d"; command = [ "{tmp_path}/level" ]; }} );
        keywords = ( {{ name = "LEVEL"; type = "double"; driver = "d"; }} ); }} );""")
    assert cli("modify", "tank.LEVEL=2.5").status == 0
    assert cli("show", "--refresh", "--terse", "tank.LEVEL").value == "2.5"


def operations_of_manual():
    """Each model with the operations that the page lists."""
    parts = re.split(r"^\.Ss ", section("libcredis_model.3", "OPERATIONS"), flags=re.M)[1:]
    return {part.split("\n")[0]: re.findall(r"^\.It Cm (\w+)", part, re.M) for part in parts}


def test_libcredis_model_3_has_the_operations_of_the_program():
    told = operations_of_manual()
    common = told.pop("Any of them")
    for model, names in told.items():
        listed = re.findall(r"^  (\w+) KEY", program("credis", model, "--help"), re.M)
        assert names + common == listed, model
        part = verbs_of_manual()[model].split("Bl -tag")[0]
        assert all(re.search(rf"\b{name}\b", part) for name in names), model


def test_example_of_libcredis_model_3_is_the_file_beside_it():
    assert example("libcredis_model.3") == (MAN / "example_model.c").read_text()


def test_example_of_libcredis_model_3_is_a_queue(tmp_path, redis):
    program = compiled(example("libcredis_model.3"), tmp_path)
    for item, said in (("[1]", ""), ('"b"', ""), (None, "[1]\n"), (None, '"b"\n'), (None, "it is empty\n")):
        words = [program, redis.url, "jobs", *([item] if item else [])]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_example_of_libcredis_cache_3_is_the_file_beside_it():
    assert example("libcredis_cache.3") == (MAN / "example_cache.c").read_text()


def test_example_of_libcredis_cache_3_asks_once_a_key(tmp_path, redis):
    with redis.connection() as connection:
        connection.set("redisDict/k", b"\x91\x01")
    program = compiled(example("libcredis_cache.3"), tmp_path)
    done = subprocess.run([program, redis.url], input="k\nk\nnone\nk\nnone\n", capture_output=True, text=True,
                          timeout=60)
    said = "[1]\n[1]\nthere is none\n[1]\nthere is none\nasked 2 times\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_example_of_libcredis_lock_3_is_the_file_beside_it():
    assert example("libcredis_lock.3") == (MAN / "example_lock.c").read_text()


def test_example_of_libcredis_lock_3_works_alone(tmp_path, redis):
    program = compiled(example("libcredis_lock.3"), tmp_path)
    for holder, status, said in ((None, 0, "at work\n"), ("somebody", 1, "")):
        with redis.connection() as connection:
            if holder is not None:
                connection.set("l", holder)
            done = subprocess.run([program, redis.url, "l"], capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stdout) == (status, said)
            assert connection.get("l") == holder


def test_example_of_libcredis_dict_3_is_the_file_beside_it():
    assert example("libcredis_dict.3") == (MAN / "example_dict.c").read_text()


def test_example_of_libcredis_dict_3_sets_and_gets(tmp_path, redis):
    program = compiled(example("libcredis_dict.3"), tmp_path)
    for words, said in (([], "there is none\n"), (["[1]"], "[1]\n"), ([], "[1]\n")):
        done = subprocess.run([program, redis.url, "k", *words], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
