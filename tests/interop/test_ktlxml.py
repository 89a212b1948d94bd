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


def bundle(*keywords):
    return "<bundle><name>dcs</name>" + "".join(keywords) + "</bundle>"


def keyword(name, type_="double", more=""):
    return f"<keyword><name>{name}</name><type>{type_}</type>{more}</keyword>"


def carried_over(tmp_path, text, encoding="utf-8"):
    """The lines of the keywords, as credisd prints them; and what is told."""
    (tmp_path / "b.xml").write_text(text, encoding=encoding)
    done = run(tmp_path / "b.xml")
    assert done.status == 0, done
    lines = in_force(done.out, tmp_path).partition("keywords = (\n")[2].partition("\n\t);")[0].split(",\n")
    return [line.strip() for line in lines], [line.removeprefix("credis: not carried over: ")
                                              for line in done.err.splitlines()]


TYPES = ["integer", "boolean", "enumerated", "mask", "double", "float", "string", "integer array", "float array",
         "double array", "string array"]
ALIASES = {"int": "integer", "int64": "integer", "Integer64": "integer", "bool": "boolean", "enum": "enumerated",
           "DOUBLE": "double", "double_array": "double array", " int64  array\n": "integer array"}


def test_types_are_those_of_ktl_under_all_their_names(tmp_path):
    values = "<values><entry><key>0</key><value>a</value></entry></values>"
    names = {**{name: name for name in TYPES}, **ALIASES}
    lines, notes = carried_over(tmp_path, bundle(*(
        keyword(f"T{n}", name, values if names[name] in ("enumerated", "mask") else "")
        for n, name in enumerate(names)), keyword("BAD", "enumm"), keyword("NONE", "")))
    assert [line.split(";")[:2] for line in lines] == [
        [f'{{ name = "T{n}"', f' type = "{name}"'] for n, name in enumerate(names.values())]
    assert notes == ["BAD: left out, its type is enumm", "NONE: left out, its type is not given"]


@pytest.mark.parametrize("encoding, codec", [("ISO-8859-1", "latin-1"), ("UTF-16", "utf-16"), ("UTF-8", "utf-8-sig")])
def test_encodings_that_a_file_declares_are_read(tmp_path, encoding, codec):
    lines, notes = carried_over(tmp_path, f'<?xml version="1.0" encoding="{encoding}"?>' + bundle(
        keyword("A", "double", "<units>°C</units>")), codec)
    assert (lines, notes) == (['{ name = "A"; type = "double"; units = "°C"; }'], [])


def test_comments_sections_instructions_and_namespaces_are_nothing_special(tmp_path):
    lines, notes = carried_over(tmp_path, """<!-- a --><?p i?><!DOCTYPE k:bundle SYSTEM "http://nowhere/bundle.dtd">
        <k:bundle xmlns:k="x"><k:name>d<!-- b -->cs</k:name><k:keyword><k:name>A<?p i?>Z</k:name>
        <k:type><![CDATA[double]]></k:type><k:help><k:brief><![CDATA[a < b & c]]></k:brief></k:help>
        </k:keyword></k:bundle>""")
    assert (lines, notes) == (['{ name = "AZ"; type = "double"; help = "a < b & c"; }'], [])


def test_nothing_outside_of_the_file_is_read_and_that_is_told(tmp_path):
    (tmp_path / "other.xml").write_text(keyword("OTHER"), encoding="utf-8")
    lines, notes = carried_over(tmp_path, '<!DOCTYPE bundle SYSTEM "other.xml">' + bundle(
        '\n<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="other.xml"/>',
        keyword("A", more="<help>See &other; file</help>")))
    assert lines == ['{ name = "A"; type = "double"; help = "See file"; }']
    assert notes == ["b.xml:2: include other.xml (files that are included are not read)",
                     "b.xml:2: &other; (nothing in the file says what it is)"]


def test_ranges_are_numbers_as_people_write_them(tmp_path):
    lines, notes = carried_over(tmp_path, bundle(*(
        keyword(name, "double", f"<range><minimum>{low}</minimum><maximum>{high}</maximum></range>")
        for name, low, high in (("A", ".5", "+5"), ("B", "-inf", "007"), ("C", "", "1e3"), ("D", "00:00", "24:00")))))
    assert [line.partition("double\"; ")[2] for line in lines] == [
        "range = ( 0.5, 5 ); }", "range = ( null, 7 ); }", "range = ( null, 1000 ); }", "}"]
    assert notes == ["D: range: 00:00 is no number", "D: range: 24:00 is no number"]


def test_odd_settings_are_told_and_the_rest_is_kept(tmp_path):
    lines, notes = carried_over(tmp_path, bundle(
        keyword("A", more='<capability type="write">perhaps</capability>'),
        keyword("B", more='<capability type="write"> No\n</capability><units>deg</units><units>rad</units>'),
        keyword("C", "double array", "<elements><entry><key>2</key><label>y</label></entry>"
                                     "<entry><key>1</key><label>x</label></entry></elements>"),
        keyword("D", "string", "<serverside><initialize><value> two  words\n</value></initialize></serverside>"),
        '\n<keyword name="E"/>'))
    assert [line.partition("; ")[2].partition("; ")[2] for line in lines] == [
        "}", 'units = "rad"; access = "read"; }', 'length = 2; labels = ( "x", "y" ); }', 'initial = "two  words"; }']
    assert notes == ["A: capability write is perhaps, neither true nor false", "B: units deg (is given again)",
                     "b.xml:4: attribute name=E", "b.xml:4: a keyword without a name: left out"]


def test_a_service_that_cannot_be_called_so_can_be_called_otherwise(tmp_path):
    (tmp_path / "b.xml").write_text(bundle(keyword("A.B_1")).replace("dcs", "d.c s"), encoding="utf-8")
    assert "-s gives it another" in run(tmp_path / "b.xml").err
    assert 'name = "dcs";' in in_force(run(tmp_path / "b.xml", "-s", "dcs").out, tmp_path)


def test_ten_megabytes_are_read_at_once(tmp_path):
    text = bundle(*(keyword(f"K{n}", "double", "<help><brief>Azimuth</brief><verbose>" + "x" * 220 + "</verbose></help>")
                    for n in range(30000)), *(keyword(f"BAD{n}", "none") for n in range(10000)))
    assert len(text) > 10_000_000
    (tmp_path / "b.xml").write_text(text, encoding="utf-8")
    done = run(tmp_path / "b.xml")
    assert done.status == 0 and done.out.count("{ name =") == 30000
    assert len(done.err.splitlines()) == 10000


def test_missing_file_and_empty_directory_are_said(tmp_path):
    assert "No such file" in run(tmp_path / "none.xml").err
    assert "has 0 files" in run(tmp_path).err
