"""credis import-ktlxml: KTL's XML bundles become a file that credisd takes, and what is lost is told."""

import subprocess

import pytest

from harness.command import Credis
from harness.waiting import BUILD

BUNDLE = """<?xml version="1.0" encoding="UTF-8"?>
<bundle>
  <name>dcs</name>
  <keyword>
    <name>AZ</name> <type>double</type> <units>deg</units>
    <help> <brief>Azimuth</brief> <verbose>North is 0,
        east is "90" &amp; so on.</verbose> </help>
    <range> <minimum>0</minimum> <maximum>360.5</maximum> </range>
    <serverside> <initialize> <value>12.5</value> </initialize> <oddity>x</oddity> </serverside>
    <format>%8.3f</format>
  </keyword>
  <keyword>
    <name>FILTER</name> <type>enumerated</type>
    <values> <entry> <key>0</key> <value>open</value> </entry> <entry> <key>7</key> <value>R</value> </entry> </values>
    <capability type="write">false</capability>
    <capability type="broadcast">false</capability>
  </keyword>
  <keyword> <name>CMD</name> <type>string</type> <capability><read>false</read></capability> </keyword>
  <keyword> <name>LAMPS</name> <type>mask</type>
    <values> <entry> <key>0</key> <value>neon</value> </entry> <entry> <key>3</key> <value>flat</value> </entry> </values>
  </keyword>
  <keyword> <name>OFFSET</name> <type>double_array</type>
    <elements> <entry> <label>RA</label> </entry> <entry> <label>DEC</label> </entry> </elements> </keyword>
  <keyword> <name>LOW</name> <type>integer</type> <range> <minimum>-5</minimum> </range>
    <serverside> <initialize> <value>-9</value> </initialize> </serverside> </keyword>
  <keyword> <name>MIXED</name> <type>keyword/mixed</type> </keyword>
  <keyword> <name>AZ</name> <type>integer</type> </keyword>
  <keyword> <name>DISPSTATE</name> <type>string</type> </keyword>
</bundle>
"""

NOTES = ["AZ: serverside/oddity x", "FILTER: capability broadcast false",
         "LOW: initial: -9 is", "MIXED: left out, its type is keyword/mixed", "AZ: left out: the service", "DISPSTATE: left out"]


def run(path, *words):
    return Credis("unix:///nowhere/redis.sock")("import-ktlxml", *words, str(path))


def in_force(text, directory):
    """What credisd makes of it: -n has nothing to say, -nn prints it."""
    conf = directory / "out.conf"
    conf.write_text("services_dir = \"\";\n" + text, encoding="utf-8")
    checked = subprocess.run([BUILD / "credisd", "-n", "-c", conf], capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")
    return subprocess.run([BUILD / "credisd", "-nn", "-c", conf], capture_output=True, text=True, timeout=60).stdout


def test_bundle_becomes_a_file_that_credisd_takes(tmp_path):
    (tmp_path / "b.xml").write_text(BUNDLE, encoding="utf-8")
    done = run(tmp_path / "b.xml")
    assert done.status == 0, done
    printed = in_force(done.out, tmp_path)
    assert 'name = "dcs";' in printed
    assert printed.partition("keywords = (\n")[2].partition("\n\t);")[0].split(",\n") == [
        '\t\t{ name = "AZ"; type = "double"; help = "Azimuth: North is 0, east is \\"90\\" & so on."; units = "deg"; '
        'format = "%8.3f"; range = ( 0, 360.5 ); initial = 12.5; }',
        '\t\t{ name = "FILTER"; type = "enumerated"; values = ( ( 0, "open" ), ( 7, "R" ) ); access = "read"; }',
        '\t\t{ name = "CMD"; type = "string"; access = "write"; }',
        '\t\t{ name = "LAMPS"; type = "mask"; values = ( ( 0, "neon" ), ( 3, "flat" ) ); }',
        '\t\t{ name = "OFFSET"; type = "double array"; length = 2; labels = ( "RA", "DEC" ); }',
        '\t\t{ name = "LOW"; type = "integer"; range = ( -5, null ); }']


def test_what_is_lost_is_told_in_comments_and_on_stderr(tmp_path):
    (tmp_path / "b.xml").write_text(BUNDLE, encoding="utf-8")
    done = run(tmp_path / "b.xml")
    for note in NOTES:
        assert f"#\t{note}" in done.out
        assert f"not carried over: {note}" in done.err
    assert len(done.err.splitlines()) == len(NOTES), done


def test_directory_is_one_service_of_all_its_bundles(tmp_path):
    where = tmp_path / "hiccd"
    where.mkdir()
    for name in ("B", "A"):
        (where / f"{name}.xml").write_text(
            f"<bundle><keyword><name>{name}</name><type>boolean</type></keyword></bundle>", encoding="utf-8")
    printed = in_force(run(where).out, tmp_path)
    assert 'name = "hiccd";' in printed
    assert printed.index('name = "A"') < printed.index('name = "B"')
    assert 'name = "other";' in in_force(run(where, "-s", "other").out, tmp_path)


KEYWORD = "<keyword><name>A</name><type>integer</type></keyword>"


@pytest.mark.parametrize("text, fault", [
    ("<bundle>" + KEYWORD, "line 1: "),
    ("", "line 1: "),
    ("<bundle/>", "no keyword in it"),
    ('<!DOCTYPE b [ <!ENTITY a "aaaa"> ]><b>&a;</b>', "entities"),
    ('<!DOCTYPE b [ <!ENTITY a SYSTEM "/etc/passwd"> ]><b>&a;</b>', "entities"),
    ("<a>" * 40, "32 deep"),
    ("<bundle><keyword><help>" + "x" * 70000 + "</help></keyword></bundle>", "65536 bytes"),
    ("<bundle><" + "x" * 600 + "/></bundle>", "too long"),
    ("<bundle>" + KEYWORD + " " * (17 << 20) + "</bundle>", ""),
    ("\xff\xfe", "line 1"),
], ids=range(10))
def test_file_that_is_none_is_refused_whole(tmp_path, text, fault):
    (tmp_path / "b.xml").write_text(text, encoding="latin-1")
    done = run(tmp_path / "b.xml")
    assert (done.status, done.out) == (2, "")
    assert fault in done.err and "b.xml" in done.err


def test_missing_file_and_empty_directory_are_said(tmp_path):
    assert "No such file" in run(tmp_path / "none.xml").err
    assert "has 0 files" in run(tmp_path).err
