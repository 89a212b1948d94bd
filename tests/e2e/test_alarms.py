"""Alarms: severity and reason go with the value, in the store and wherever it is shown."""

import pytest

from harness.waiting import wait_for

SERVICES = """services = ( {
    name = "demo";
    keywords = (
        { name = "AZ"; type = "double"; alarm = { lolo = 1; low = 5; high = 355; hihi = 358; hysteresis = 0.5; }; initial = 180; },
        { name = "STATE"; type = "enumerated"; values = ( "fine", "fault" ); alarm = { fault = "major"; }; },
        { name = "LAMPS"; type = "mask"; values = ( "neon", "hot" ); alarm = { hot = "minor"; }; },
        { name = "PLAIN"; type = "double"; }
    );
} );
"""


def stored(redis, keyword="AZ"):
    return redis.connection().hgetall("credis:{demo}:" + keyword)


@pytest.fixture
def demo(credisd):
    return credisd(services=SERVICES)


def test_severity_lies_beside_the_value_while_there_is_one(demo, redis, cli):
    assert set(stored(redis)) == {"value", "time", "seq"}
    cli("modify", "demo.AZ=355.2")
    now = stored(redis)
    assert (now["value"], now["severity"], now["reason"]) == ("355.2", "minor", "355.2 is above high 355")
    cli("modify", "demo.AZ=359")
    assert stored(redis)["severity"] == "major"
    cli("modify", "demo.AZ=354.5")
    assert stored(redis)["reason"] == "354.5 is not back below high 355 by more than 0.5"
    cli("modify", "demo.AZ=354.4")
    assert set(stored(redis)) == {"value", "time", "seq"} and stored(redis)["seq"] == "5"


def test_labels_and_bits_have_severities(demo, redis, cli):
    cli("modify", "demo.STATE=fault", "demo.LAMPS=neon,hot")
    assert stored(redis, "STATE")["reason"] == "it is fault"
    assert stored(redis, "LAMPS")["severity"] == "minor"


def test_severity_is_shown_and_monitored(demo, cli):
    cli("modify", "demo.AZ=0.5")
    shown = cli("show", "--json", "demo.AZ").json
    assert (shown["severity"], shown["reason"]) == ("major", "0.5 is below lolo 1")
    monitor = cli.start("monitor", "demo.AZ")
    assert "[major" in monitor.read_line()
    cli("modify", "demo.AZ=3")
    assert "[minor" in monitor.read_line()
    cli("modify", "demo.AZ=90")
    assert "[" not in monitor.read_line()


def test_severity_is_listed_where_something_is_not_fine(demo, cli):
    cli("modify", "demo.AZ=90")
    assert "SEVERITY" not in cli("list", "demo").lines[0]
    cli("modify", "demo.AZ=356")
    listed = cli("list", "demo").lines
    column = listed[0].index("SEVERITY")
    severities = {line.split()[0]: line[column:].split()[0] for line in listed[1:]}
    assert severities.pop("AZ") == "minor" and set(severities.values()) == {"-"}
    rows = {row["keyword"]: row.get("severity") for row in cli("--json", "list", "demo").objects}
    assert rows.pop("AZ") == "minor" and set(rows.values()) == {None}


def test_the_answer_of_a_write_has_its_severity(demo, cli):
    assert cli("modify", "--json", "demo.AZ=0.5").json["severity"] == "major"
    assert cli("modify", "--notify", "-s", "demo", "AZ=3").lines[-1] == "AZ = 3 [minor] (done)"
    assert cli("modify", "--json", "demo.AZ=90").json["severity"] == "none"
    answers = cli("modify", "--json", "--atomic", "demo.AZ=0.5", "demo.STATE=fine").objects
    assert [answer["severity"] for answer in answers] == ["major", "none"]
    fresh = cli("show", "--refresh", "--json", "demo.AZ").json
    assert (fresh["severity"], fresh["reason"]) == ("major", "0.5 is below lolo 1")


def test_a_set_takes_severities_and_leaves_none(demo, redis, cli):
    cli("modify", "demo.AZ=0", "demo.STATE=fault")
    assert cli("modify", "--atomic", "demo.AZ=90", "demo.STATE=fine", "demo.LAMPS=hot").status == 0
    assert "severity" not in stored(redis) and "severity" not in stored(redis, "STATE")
    assert stored(redis, "LAMPS")["severity"] == "minor"


def test_a_severity_somebody_changed_is_put_right(demo, redis, cli):
    cli("modify", "demo.AZ=0")
    redis.connection().hdel("credis:{demo}:AZ", "severity", "reason")
    wait_for(lambda: stored(redis).get("severity") == "major")
    redis.connection().hset("credis:{demo}:PLAIN", "severity", "minor")
    wait_for(lambda: "severity" not in stored(redis, "PLAIN"))


def test_a_severity_outlives_the_dispatcher_and_follows_its_limits(demo, redis, cli):
    cli("modify", "demo.AZ=356")
    demo.write_services(SERVICES.replace("high = 355", "high = 357"))
    demo.reload()
    wait_for(lambda: "severity" not in stored(redis))
    demo.write_services(SERVICES.replace("high = 355", "high = 350"))
    demo.reload()
    wait_for(lambda: stored(redis).get("reason") == "356 is above high 350")


def test_another_type_under_the_key_costs_no_severity(demo, redis, cli):
    cli("modify", "demo.AZ=0")
    connection = redis.connection()
    connection.delete("credis:{demo}:AZ")
    connection.set("credis:{demo}:AZ", "x")
    assert cli("modify", "demo.AZ=90").status == 0
    assert set(stored(redis)) == {"value", "time", "seq"}
    connection.delete("credis:{demo}:AZ")
    connection.set("credis:{demo}:AZ", "x")
    assert cli("modify", "demo.AZ=0.25").status == 0
    assert stored(redis)["severity"] == "major"


def test_alarms_lists_what_is_not_fine_most_severe_first(demo, cli):
    assert cli("alarms").out == ""
    cli("modify", "demo.AZ=356", "demo.STATE=fault", "demo.LAMPS=hot")
    listed = cli("alarms")
    assert listed.status == 0
    assert [line.split()[:3] for line in listed.lines] == [
        ["SEVERITY", "KEYWORD", "VALUE"], ["major", "demo.STATE", "fault"],
        ["minor", "demo.AZ", "356"], ["minor", "demo.LAMPS", "hot"]]
    assert "356 is above high 355" in listed.lines[2]
    first = cli("alarms", "--json").objects[0]
    assert (first["name"], first["severity"], first["reason"]) == ("demo.STATE", "major", "it is fault")
    assert [row["keyword"] for row in cli("alarms", "--json", "-s", "demo", "L*").objects] == ["LAMPS"]
    assert cli("alarms", "-s", "demo", "PLAIN").out == ""
    assert cli("alarms", "demo.NOSUCH").status == 5


def test_a_periodic_source_that_is_late_makes_its_value_stale(credisd, redis, cli):
    """The driver gives one value and falls silent; then it speaks again."""
    driver = ('import sys, json, time\n'
              'print(json.dumps({"keyword": "T", "value": 1}), flush=True)\n'
              'for line in sys.stdin:\n'
              '    asked = json.loads(line)\n'
              '    if asked["op"] == "stop": break\n'
              '    if asked["op"] == "write": print(json.dumps({"id": asked["id"]}), flush=True)\n'
              '    if asked["op"] == "write": print(json.dumps({"keyword": "T", "value": 1}), flush=True)\n')
    code = driver.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    credisd(services=f"""services = ( {{ name = "demo";
        drivers = ( {{ name = "d"; command = [ "/usr/bin/python3", "-c", "{code}" ]; }} );
        keywords = ( {{ name = "T"; type = "double"; driver = "d"; period = "200 milliseconds"; timeout = "1 minute"; deadband = 1.0; }} );
    }} );""")
    wait_for(lambda: "stale" in stored(redis, "T").get("reason", ""))
    assert stored(redis, "T")["reason"] == "stale: no value came for more than 1200 milliseconds"
    assert stored(redis, "T")["severity"] == "invalid"
    assert cli("alarms", "--json").json["keyword"] == "T"
    assert cli("modify", "demo.T=1").status == 0
    wait_for(lambda: "severity" not in stored(redis, "T"))
