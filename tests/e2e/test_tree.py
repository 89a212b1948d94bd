"""The tree is what it says: rings point inward, headers stand alone, the library exports its own
names and no others, and what is installed is enough to build with."""

import pathlib
import re
import shutil
import subprocess

import pytest

from harness.waiting import BUILD, ROOT, SANITIZER

# What each ring may include of the project, beside itself.
RINGS = {
    "core": {"core", "credis"},
    "redis": {"redis", "core", "credis"},
    "model": {"model", "redis", "core", "credis"},
    "client": {"client", "redis", "core", "credis"},
    "dispatcher": {"dispatcher", "redis", "core", "credis"},
    "daemon": {"daemon", "credis"},
    "cli": {"cli", "credis"},
}
# Which ring may know which of the libraries we stand on.
LIBRARIES = {
    "hiredis": {"redis"},
    "openssl": {"redis"},
    "event2": {"redis", "model", "client", "dispatcher", "daemon", "cli"},
    "libconfig.h": {"daemon", "cli"},
    "jansson.h": {"core", "client", "dispatcher", "daemon", "cli"},
}

PUBLIC = sorted((ROOT / "include/credis").glob("*.h"))
SOURCES = [path for ring in RINGS for path in sorted((ROOT / "src" / ring).glob("*.[ch]"))]
MAKE = ["make", "--no-print-directory", f"B={BUILD.name}", f"SAN={SANITIZER}"]


def run(words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300,
                          cwd=ROOT, **more)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout


def includes(path):
    """(as quoted, the file it finds) for each #include."""
    for mark, name in re.findall(r'^#include ([<"])([^>"]+)[>"]', path.read_text(), re.M):
        yield mark, name


def test_every_ring_has_rooms():
    for ring in RINGS:
        assert any((ROOT / "src" / ring).glob("*.c")), ring


def test_every_directory_of_sources_is_a_ring():
    assert {path.name for path in (ROOT / "src").iterdir() if path.is_dir()} == set(RINGS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_includes_point_inward(path):
    ring = path.parent.name
    for mark, name in includes(path):
        first = name.split("/")[0]
        if mark == '"':
            owner = ring if "/" not in name else first
            assert owner in RINGS[ring] or owner == ring, f"{ring} includes {name}"
        elif first in LIBRARIES:
            assert ring in LIBRARIES[first], f"{ring} includes <{name}>"


def declared_functions():
    """What the public headers promise."""
    text = "\n".join(path.read_text() for path in PUBLIC)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"\b(credis_\w+)\(", text)) - set(re.findall(r"\btypedef[^;]*?\b(credis_\w+)\(", text))


def exported_functions():
    lines = run(["nm", "-D", "--defined-only", BUILD / "libcredis.so"]).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


def test_library_exports_what_the_headers_declare_and_nothing_else():
    sanitizers = re.compile(r"^(__|_fini|_init)")
    exported = {name for name in exported_functions() if not sanitizers.match(name)}
    assert exported == declared_functions()


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.name)
@pytest.mark.parametrize("compiler", [["cc", "-std=c11", "-xc"], ["c++", "-std=c++11", "-xc++"]],
                         ids=["c", "c++"])
def test_public_header_stands_alone(path, compiler):
    run([*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-Iinclude", "-"],
        input=f"#include <credis/{path.name}>\n#include <credis/{path.name}>\n")


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".h"],
                         ids=lambda path: f"{path.parent.name}/{path.name}")
def test_inner_header_stands_alone(path):
    run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-Iinclude", "-Isrc",
         "-xc", "-"], input=f'#include "{path}"\n')


@pytest.mark.parametrize("ring", ["daemon", "cli"])
def test_programs_compile_without_the_inside_of_the_library(ring):
    text = (ROOT / "Makefile").read_text()
    seen = re.search(rf"^SEE_{ring}\s*:?= (.*)$", text, re.M).group(1)
    assert "-Isrc" not in seen and "-Iinclude" in seen


def test_installed_library_builds_and_runs_a_program(tmp_path):
    run([*MAKE, f"DESTDIR={tmp_path}", "PREFIX=/usr", "install"])
    assert not list(tmp_path.rglob("*.a"))
    environment = {"PKG_CONFIG_PATH": f"{tmp_path}/usr/lib/pkgconfig", "PKG_CONFIG_SYSROOT_DIR": str(tmp_path),
                   "PATH": "/usr/bin:/bin"}
    flags = run(["pkg-config", "--cflags", "--libs", "libcredis"], env=environment).split()
    program = tmp_path / "version"
    sanitizer = [f"-fsanitize={SANITIZER}"] if SANITIZER else []
    run(["cc", "-xc", "-", "-o", program, *sanitizer, *flags], input="""
        #include <credis/version.h>
        #include <stdio.h>
        int main(void) { puts(credis_version()); }
    """)
    version = run([program], env={"LD_LIBRARY_PATH": f"{tmp_path}/usr/lib"}).strip()
    assert version == run(["pkg-config", "--modversion", "libcredis"], env=environment).strip()


def test_installing_leaves_configuration_alone_and_uninstalling_leaves_nothing_else(tmp_path):
    make = [*MAKE, f"DESTDIR={tmp_path}", "PREFIX=/opt/credis"]
    run([*make, "install"])
    unit = (tmp_path / "opt/credis/lib/systemd/system/credisd.service").read_text()
    assert "ExecStart=/opt/credis/sbin/credisd" in unit
    config = tmp_path / "etc/credis"
    (driver,) = re.findall(r'command = \[ "(.*?)"', (config / "services.d/telescope.conf").read_text())
    assert driver == "/opt/credis/libexec/credis/mount" and (tmp_path / driver[1:]).stat().st_mode & 0o111
    assert {"credisd.conf", "credis.conf", "services.d"} == {path.name for path in config.iterdir()}
    (config / "credisd.conf").write_text("mine\n")
    shutil.rmtree(config / "services.d")
    (config / "services.d").mkdir()
    run([*make, "install"])
    assert (config / "credisd.conf").read_text() == "mine\n"
    assert not list((config / "services.d").iterdir())
    run([*make, "uninstall"])
    left = {path for path in tmp_path.rglob("*") if not path.is_dir()}
    assert left == {config / "credisd.conf", config / "credis.conf"}


def test_no_document_or_source_speaks_of_places_outside_the_tree():
    words = re.compile(r"\.\./shared|/work/")
    for path in [*ROOT.glob("*.md"), *(ROOT / "man").glob("*"), *SOURCES, *PUBLIC]:
        assert not words.search(path.read_text()), path
