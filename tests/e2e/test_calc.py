"""Calculated keywords: made from others, of any service, once for each change and in order."""

import re
import urllib.request

import pytest

from harness.redis_server import free_port
from harness.waiting import wait_for

SERVICES = """services = ( {
    name = "demo";
    keywords = (
        { name = "EL"; type = "double"; initial = 30; alarm = { high = 89; }; },
        { name = "Z"; type = "double"; calc = "90 - $EL"; access = "read"; },
        { name = "AIRMASS"; type = "double"; calc = "1 / cos($demo.Z * PI / 180)"; access = "read"; alarm = { high = 3; }; },
        { name = "LOW"; type = "boolean"; calc = "$EL < 20"; access = "read"; },
        { name = "LAMP"; type = "enumerated"; values = ( "off", "on" ); },
        { name = "NAME"; type = "string"; calc = "$LAMP"; access = "read"; },
        { name = "WHOLE"; type = "integer"; calc = "$EL / 4"; access = "read"; }
    );
}, {
    name = "dome";
    keywords = ( { name = "SHUT"; type = "boolean"; calc = "$demo.LOW or $demo.LAMP == on"; access = "read"; } );
} );
"""


def stored(redis, keyword, service="demo"):
    return redis.connection().hgetall("credis:{%s}:%s" % (service, keyword))


def becomes(redis, keyword, value, service="demo"):
    wait_for(lambda: stored(redis, keyword, service).get("value") == value, what=f"{keyword} is {value}")


@pytest.fixture
def demo(credisd):
    return credisd(services=SERVICES)


def test_values_are_calculated_when_what_they_are_made_from_changes(demo, redis, cli):
    becomes(redis, "Z", "60")
    wait_for(lambda: abs(float(stored(redis, "AIRMASS")["value"]) - 2) < 1e-9)
    cli("modify", "demo.EL=90")
    becomes(redis, "Z", "0")
    becomes(redis, "AIRMASS", "1")
    assert cli("modify", "demo.Z=1").status == 1


def test_types_meet(demo, redis, cli):
    cli("modify", "demo.LAMP=on", "demo.EL=10")
    becomes(redis, "LOW", "true")
    becomes(redis, "SHUT", "true", "dome")
    becomes(redis, "NAME", "on")
    wait_for(lambda: stored(redis, "WHOLE").get("severity") == "invalid")
    assert "2.5" in stored(redis, "WHOLE")["reason"]
    cli("modify", "demo.EL=40")
    becomes(redis, "WHOLE", "10")
    wait_for(lambda: "severity" not in stored(redis, "WHOLE"))
    becomes(redis, "LOW", "false")


def test_a_result_that_is_none_is_invalid_and_says_why(demo, redis, cli):
    becomes(redis, "Z", "60")
    wait_for(lambda: abs(float(stored(redis, "AIRMASS")["value"]) - 2) < 1e-9)
    cli("modify", "demo.EL=0")
    wait_for(lambda: float(stored(redis, "AIRMASS")["value"]) > 1e15)
    assert stored(redis, "AIRMASS")["severity"] == "minor"


def test_what_follows_from_an_invalid_value_is_invalid(credisd, redis):
    credisd(services="""services = ( { name = "demo"; keywords = (
        { name = "T"; type = "double"; driver = "d"; },
        { name = "F"; type = "double"; calc = "$T * 1.8 + 32"; access = "read"; },
        { name = "G"; type = "double"; calc = "$F + 1"; access = "read"; } );
        drivers = ( { name = "d"; command = [ "/bin/false" ]; } ); } );""")
    wait_for(lambda: stored(redis, "F").get("severity") == "invalid")
    wait_for(lambda: "T has no valid value (driver d " in stored(redis, "F")["reason"])
    wait_for(lambda: stored(redis, "G").get("reason", "").startswith("F has no valid value (T has"))


def test_one_change_computes_exactly_the_dependents_once_each(credisd, redis, cli):
    chains, depth = 200, 50
    rows = [f'{{ name = "IN{c}"; type = "integer"; }}' for c in range(chains)]
    for c in range(chains):
        rows.append(f'{{ name = "C{c}_0"; type = "integer"; calc = "$IN{c} + 1"; access = "read"; }}')
        # each also looks at the input itself: a naive order would compute it twice
        rows += [f'{{ name = "C{c}_{d}"; type = "integer"; calc = "$C{c}_{d - 1} + 1 + 0 * $IN{c}"; access = "read"; }}'
                 for d in range(depth - 1, 0, -1)]
    port = free_port()
    credisd(f'metrics = {{ listen = "127.0.0.1:{port}"; }};',
            services="services = ( { name = \"demo\"; keywords = (" + ",".join(rows) + "); } );")

    def computed():
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        return int(float(re.search(r"^\w*calculations_total (\S+)", page, re.M)[1]))

    for c in range(chains):
        becomes(redis, f"C{c}_{depth - 1}", str(depth))
    before = computed()
    cli("modify", "demo.IN3=100")
    becomes(redis, f"C3_{depth - 1}", str(100 + depth))
    assert computed() - before == depth
    assert stored(redis, "C4_7")["value"] == "8"


def test_a_chain_may_be_longer_than_the_stack_is_deep(credisd, redis, cli):
    length = 8000
    rows = [f'{{ name = "C{n}"; type = "integer"; calc = "$C{n - 1} + 1"; access = "read"; }}'
            for n in range(length, 0, -1)]
    credisd(services="services = ( { name = \"demo\"; keywords = (" + ",".join(rows) +
            ', { name = "C0"; type = "integer"; } ); } );',
            under=("/bin/sh", "-c", 'ulimit -s 128 && exec "$@"', "sh"))
    becomes(redis, f"C{length}", str(length))
    cli("modify", "demo.C0=5")
    becomes(redis, f"C{length}", str(length + 5))


def test_a_reload_follows_other_expressions(demo, redis, cli):
    becomes(redis, "Z", "60")
    demo.write_services(SERVICES.replace("90 - $EL", "91 - $EL"))
    demo.reload()
    becomes(redis, "Z", "61")
    cli("modify", "demo.EL=31")
    becomes(redis, "Z", "60")


HERE = """services = ( { name = "here"; keywords = (
    { name = "SHUT"; type = "boolean"; calc = "$there.WIND > 10 or $there.STATE == storm"; access = "read"; } ); } );"""
THERE = """services = ( { name = "there"; keywords = (
    { name = "WIND"; type = "double"; initial = 3; },
    { name = "STATE"; type = "enumerated"; values = ( "calm", "storm" ); } ); } );"""


def test_keywords_of_another_dispatcher_are_followed(credisd, redis, cli):
    def shut(**wanted):
        wait_for(lambda: {**stored(redis, "SHUT", "here"), **wanted} == stored(redis, "SHUT", "here"), what=wanted)

    credisd(services=HERE)
    wait_for(lambda: "there" in stored(redis, "SHUT", "here").get("reason", ""))
    assert stored(redis, "SHUT", "here")["severity"] == "invalid"
    there = credisd(services=THERE)
    wait_for(lambda: "severity" not in stored(redis, "SHUT", "here"))
    cli("modify", "there.WIND=11")
    shut(value="true")
    cli("modify", "there.WIND=1")
    shut(value="false")
    cli("modify", "there.STATE=storm")
    shut(value="true")
    cli("modify", "there.STATE=calm")
    there.write_services(THERE.replace('"WIND"', '"GUST"'))
    there.reload()
    shut(severity="invalid")
    there.write_services(THERE)
    there.reload()
    wait_for(lambda: "severity" not in stored(redis, "SHUT", "here"))


def test_what_another_dispatcher_describes_anew_is_read_anew(credisd, redis, cli):
    credisd(services=HERE)
    there = credisd(services=THERE)
    wait_for(lambda: stored(redis, "SHUT", "here").get("value") == "false"
             and "severity" not in stored(redis, "SHUT", "here"))
    there.write_services(THERE.replace('"calm", "storm"', '"storm", "calm"'))
    there.reload()
    cli("modify", "there.STATE=storm")
    becomes(redis, "SHUT", "true", "here")


def test_what_nobody_serves_is_no_valid_value(credisd, redis, cli):
    credisd(services=HERE)
    there = credisd(services=THERE)
    wait_for(lambda: "severity" not in stored(redis, "SHUT", "here"))
    there.kill()
    wait_for(lambda: stored(redis, "SHUT", "here").get("severity") == "invalid")
    assert "nobody serves it" in stored(redis, "SHUT", "here")["reason"]
    credisd(services=THERE)
    wait_for(lambda: "severity" not in stored(redis, "SHUT", "here"))
