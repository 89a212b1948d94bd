"""Services of more keywords than go into one portion: all of them are described, stored and listened for, whatever
happens on the way."""

import pytest
from harness.peer import Peer

OWN = {"DISPSTATE", "DISPERROR", "DISPBEAT", "DISPSTART", "DISPHOST"}


def service(names):
    keywords = ", ".join(f'{{ name = "{name}"; type = "integer"; }}' for name in names)
    return f'services = ( {{ name = "many"; keywords = ( {keywords} ); }} );'


def numbered(count):
    return {f"K{n}" for n in range(count)}


def registered(redis):
    return set(redis.connection().hkeys("credis:{many}:keywords"))


def stored(redis, names):
    pipeline = redis.connection().pipeline(transaction=False)
    for name in names:
        pipeline.hget(f"credis:{{many}}:{name}", "value")
    return sum(value is not None for value in pipeline.execute())


def channels(redis):
    return set(redis.connection().pubsub_channels("credis:{many}:*"))


def expected_channels(names):
    return {"credis:{many}:modify"} | {f"credis:{{many}}:{name}:{verb}" for name in names for verb in ("modify", "read")}


def assert_whole(redis, names):
    assert registered(redis) == names
    assert stored(redis, names) == len(names)
    assert channels(redis) == expected_channels(names)


# With the dispatcher's own five: one less, as many, and one more than a portion, and than are under way at a time.
@pytest.mark.parametrize("count", [1, 250, 251, 252, 506, 507, 508, 2042, 2043, 2044, 5000])
def test_service_of_any_size_is_ready_once_it_is_whole(credisd, redis, count):
    credisd(services=service(numbered(count)))
    assert_whole(redis, numbered(count) | OWN)


def test_connections_lost_on_the_way_leave_nothing_out(credisd, redis, wait_for):
    daemon = credisd(services=service(numbered(8000)), ready=False)
    connection = redis.connection()
    for state in ("registering", "subscribing"):
        daemon.wait_log(state)
        connection.client_kill_filter(_type="normal", skipme=True)
        connection.client_kill_filter(_type="pubsub", skipme=True)
    # It may have been ready a moment before the last of them was lost.
    names = numbered(8000) | OWN
    wait_for(lambda: channels(redis) == expected_channels(names))
    daemon.wait_ready()
    assert_whole(redis, names)


def test_store_emptied_on_the_way_is_filled_again(credisd, redis, wait_for):
    daemon = credisd(services=service(numbered(8000)), ready=False)
    daemon.wait_log("registering")
    redis.connection().flushall()
    daemon.wait_ready()
    names = numbered(8000) | OWN
    wait_for(lambda: registered(redis) == names and stored(redis, names) == len(names))
    assert channels(redis) == expected_channels(names)


def test_reload_to_other_keywords_leaves_those_alone(credisd, redis, wait_for):
    daemon = credisd(services=service(numbered(5000)))
    fewer = {f"K{n}" for n in range(0, 10000, 2)}
    daemon.write_services(service(fewer))
    daemon.reload()
    wait_for(lambda: registered(redis) == fewer | OWN and channels(redis) == expected_channels(fewer | OWN))
    assert stored(redis, fewer | OWN) == len(fewer | OWN)


def test_requests_are_answered_while_a_large_service_registers_again(credisd, redis):
    credisd(services=service(numbered(8000)))
    peer = Peer(redis, "many")
    redis.connection().delete("credis:{many}:about")
    for n in range(0, 8000, 400):
        assert peer.ask(f"K{n}", str(n))["is"] == "done"
    peer.close()
