"""History: past values in a stream beside the value."""

import pytest

from harness.waiting import wait_for

STREAM = "credis:{demo}:POS:history"
SERVICES = """services = ( {
    name = "demo";
    keywords = (
        { name = "POS"; type = "double"; history = 1000; alarm = { high = 5; }; },
        { name = "FEW"; type = "integer"; history = 10; },
        { name = "PLAIN"; type = "double"; }
    );
} );
"""


def past(redis, key=STREAM):
    return [fields for _, fields in redis.connection().xrange(key)]


@pytest.fixture
def demo(credisd):
    return credisd(services=SERVICES)


def test_each_value_is_kept_with_its_time_and_severity(demo, redis, cli):
    cli("modify", "demo.POS=1.5", "demo.PLAIN=1")
    cli("modify", "demo.POS=7")
    assert past(redis) == [{"value": "0"}, {"value": "1.5"}, {"value": "7", "severity": "minor"}]
    entries = redis.connection().xrange(STREAM)
    milliseconds, rest = entries[-1][0].split("-")
    time = redis.connection().hget("credis:{demo}:POS", "time")
    assert time == f"{int(milliseconds) // 1000}.{int(milliseconds) % 1000:03}{int(rest):03}"
    assert not redis.connection().exists("credis:{demo}:PLAIN:history")


def test_a_history_is_capped(demo, redis, cli):
    for n in range(30):
        cli("modify", *[f"demo.FEW={10 * n + m}" for m in range(10)])
    assert 10 <= redis.connection().xlen("credis:{demo}:FEW:history") < 200


def test_a_set_is_kept_value_by_value(demo, redis, cli):
    cli("modify", "--atomic", "demo.POS=2", "demo.FEW=7")
    assert past(redis)[-1] == {"value": "2"}
    assert past(redis, "credis:{demo}:FEW:history")[-1] == {"value": "7"}


def test_another_type_where_the_history_belongs_fails_no_write_and_makes_way(demo, redis, cli):
    connection = redis.connection()
    connection.delete(STREAM)
    connection.set(STREAM, "x")
    assert cli("modify", "demo.POS=2").status == 0
    demo.wait_log("another type lay where its history belongs")
    wait_for(lambda: connection.type(STREAM) == "none")
    cli("modify", "demo.POS=3")
    assert past(redis) == [{"value": "3"}]


def test_a_stream_that_is_ahead_of_the_clock_is_gone_on_with(demo, redis, cli):
    redis.connection().xadd(STREAM, {"value": "9"}, id="99999999999999-5")
    assert cli("modify", "demo.POS=2").status == 0
    demo.wait_log("a value is not kept")
    wait_for(lambda: cli("modify", "demo.POS=3").status == 0 and past(redis)[-1] == {"value": "3"})


def test_a_keyword_taken_away_takes_its_history_along(demo, redis, cli):
    cli("modify", "demo.FEW=1")
    demo.write_services(SERVICES.replace('{ name = "FEW"; type = "integer"; history = 10; },', ""))
    demo.reload()
    wait_for(lambda: not redis.connection().exists("credis:{demo}:FEW:history"))


def test_a_value_that_was_there_is_not_kept_twice_and_its_severity_is_news(credisd, redis, cli):
    services = SERVICES.replace("history = 1000;", 'history = 1000; driver = "d";').replace(
        'name = "demo";', 'name = "demo"; drivers = ( { name = "d"; command = [ "/bin/false" ]; } );')
    connection = redis.connection()
    connection.hset("credis:{demo}:POS", mapping={"value": "3", "time": "1700000000.000007", "seq": 41})
    connection.xadd(STREAM, {"value": "3"}, id="1700000000000-7")
    demo = credisd(services=services)
    wait_for(lambda: past(redis)[-1] == {"value": "3", "severity": "invalid"})
    after = connection.hgetall("credis:{demo}:POS")
    assert after["severity"] == "invalid" and int(after["seq"]) > 41
    demo.stop()
    assert "is not kept" not in demo.log()
