"""Values on the channel of a service: sent when many listen, never instead of the truth in the hash."""

import itertools

import pytest
from harness.peer import Peer, parse_answers
from harness.waiting import LIMIT

CHANNEL = "credis:{demo}:values"
MANY = 4


@pytest.fixture
def listeners(redis):
    """listeners(n): so many subscribers; messages of the first come from its get()."""
    opened = []

    def start(count):
        for _ in range(count):
            opened.append(redis.connection(decode_responses=False).pubsub())
            opened[-1].subscribe(CHANNEL)
            assert opened[-1].get_message(timeout=LIMIT)["type"] == "subscribe"
        return opened[-count]

    yield start
    for one in opened:
        one.close()


def published(redis):
    return redis.connection().info("commandstats").get("cmdstat_publish", {"calls": 0})["calls"]


def write_until(peer, flows):
    """Writes other values until flows() is true; what was written last."""
    for n in itertools.count():
        peer.ask("COUNT", str(n % 100))
        if found := flows():
            return found
        assert n < 20000, "no value came by itself"


def test_few_listeners_get_nothing_and_cost_nothing(credisd, redis, listeners):
    credisd()
    peer, listener = Peer(redis), listeners(MANY - 1)
    seen = redis.connection().info("commandstats").get("cmdstat_pubsub|numsub", {"calls": 0})["calls"]
    while redis.connection().info("commandstats").get("cmdstat_pubsub|numsub", {"calls": 0})["calls"] < seen + 2:
        peer.ask("COUNT", "5")  # they have been counted by now
    before = published(redis)
    peer.ask("COUNT", "6")
    assert published(redis) == before + 2  # the request and its answer
    assert listener.get_message(timeout=0.05) is None


def test_many_listeners_get_value_time_and_sequence_as_stored(credisd, redis, listeners):
    credisd()
    peer, listener = Peer(redis), listeners(MANY)
    message = write_until(peer, lambda: listener.get_message(timeout=0.01))
    values = parse_answers(message["data"])
    stored = redis.connection().hgetall("credis:{demo}:COUNT")
    while values[-1]["seq"] != stored["seq"]:
        values = parse_answers(listener.get_message(timeout=LIMIT)["data"])
    assert (values[-1]["key"], values[-1]["body"], values[-1]["time"]) == ("COUNT", stored["value"], stored["time"])


def test_what_may_not_be_read_is_never_sent(credisd, redis, listeners):
    credisd()
    peer, listener = Peer(redis), listeners(MANY)
    write_until(peer, lambda: listener.get_message(timeout=0.01))
    assert peer.ask("SECRET", "hush")["is"] == "done"
    last = peer.ask("COUNT", "99")
    while True:
        values = parse_answers(listener.get_message(timeout=LIMIT)["data"])
        assert all(value["key"] != "SECRET" for value in values)
        if values[-1]["seq"] == last["seq"]:
            break


def test_monitors_take_what_comes_by_itself_and_end_up_right(credisd, redis, cli, listeners):
    credisd()
    peer, listener = Peer(redis), listeners(MANY)
    monitor = cli.start("monitor", "demo.COUNT")
    monitor.read_line()
    write_until(peer, lambda: listener.get_message(timeout=0.01))
    last = peer.ask("COUNT", "-1")
    monitor.wait_line("demo.COUNT -1")
    connection = redis.connection()

    def fetches():
        return connection.info("commandstats")["cmdstat_hmget"]["calls"]

    before = fetches()
    for n in range(50):
        last = peer.ask("COUNT", str(n - 100))
        monitor.wait_line(f"demo.COUNT {n - 100}")
    assert fetches() - before < 50, "each was fetched, too"

    # A write past the dispatcher has no value that comes by itself.
    connection.hset("credis:{demo}:COUNT", mapping={"value": "77", "seq": int(last["seq"]) + 100})
    monitor.wait_line("demo.COUNT 77")


def test_what_the_dispatcher_itself_sets_comes_too(credisd, redis, listeners):
    credisd(services="""services = ( { name = "demo"; keywords = (
        { name = "BEAT"; type = "integer"; heartbeat = true; period = "50 milliseconds"; } ); } );""")
    listener = listeners(MANY)
    value = parse_answers(listener.get_message(timeout=LIMIT)["data"])[0]
    assert value["key"] == "BEAT" and int(value["body"]) > 0


def test_nothing_is_announced_that_was_not_stored(credisd, redis, listeners):
    credisd()
    peer, listener = Peer(redis), listeners(MANY)
    write_until(peer, lambda: listener.get_message(timeout=0.01))
    connection = redis.connection()
    first = int(peer.ask("COUNT", "100")["seq"])
    connection.delete("credis:{demo}:COUNT")
    connection.set("credis:{demo}:COUNT", "no hash")
    over = peer.ask("COUNT", "55")  # refused, and written over it with another number
    last = peer.ask("COUNT", "56")
    assert (over["is"], last["is"]) == ("done", "done")
    seen = []
    while not seen or seen[-1]["seq"] != last["seq"]:
        seen += parse_answers(listener.get_message(timeout=LIMIT)["data"])
    true = {str(first): "100", over["seq"]: "55", last["seq"]: "56"}
    assert [one for one in seen if int(one["seq"]) >= first and true.get(one["seq"]) != one["body"]] == []


def test_a_set_comes_in_one_message(credisd, redis, listeners):
    credisd()
    peer, listener = Peer(redis), listeners(MANY)
    write_until(peer, lambda: listener.get_message(timeout=0.01))
    numbers = peer.send_set([("POS", "1"), ("COUNT", "2")], of=2)
    assert [peer.final(number)["is"] for number in numbers] == ["done", "done"]
    while True:
        values = parse_answers(listener.get_message(timeout=LIMIT)["data"])
        if values[0]["key"] == "POS":
            break
    assert [(one["key"], one["body"]) for one in values] == [("POS", "1"), ("COUNT", "2")]


def test_an_old_value_is_not_shown(credisd, redis, cli):
    credisd()
    monitor = cli.start("monitor", "demo.COUNT")
    monitor.read_line()
    last = Peer(redis).ask("COUNT", "42")
    monitor.wait_line("demo.COUNT 42")
    old = f"@seq={int(last['seq']) - 1} time=1.000000 key=COUNT len=1\n7"
    assert redis.connection().publish(CHANNEL, old) == 1
    newer = f"@seq={int(last['seq']) + 1} time={float(last['time']) + 1:.6f} key=COUNT len=1\n8"
    redis.connection().publish(CHANNEL, "no message at all")
    redis.connection().publish(CHANNEL, newer)
    assert monitor.read_line().endswith("demo.COUNT 8")
