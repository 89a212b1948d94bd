"""Services of more keywords than go into one portion: all of them are described, stored and listened for, whatever
happens on the way."""

import json
import signal

import pytest
from harness.peer import Peer

OWN = {"DISPSTATE", "DISPERROR", "DISPBEAT", "DISPSTART", "DISPHOST"}


def service(names):
    keywords = ", ".join(f'{{ name = "{name}"; type = "integer"; }}' for name in names)
    return f'services = ( {{ name = "many"; keywords = ( {keywords} ); }} );'


SMALL = 'services = ( {{ name = "{0}"; keywords = ( {{ name = "X"; type = "integer"; }} ); }} );'


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


def test_reload_to_far_fewer_keywords_removes_the_others_in_few_commands(credisd, redis, wait_for):
    daemon = credisd(services=service(numbered(5000)))
    connection = redis.connection()
    connection.config_resetstat()
    daemon.write_services(service(numbered(10)))
    daemon.reload()
    names = numbered(10) | OWN
    wait_for(lambda: registered(redis) == names and channels(redis) == expected_channels(names))
    assert stored(redis, numbered(5000)) == 10
    calls = connection.info("commandstats")
    assert all(calls[f"cmdstat_{name}"]["calls"] < 50 for name in ("del", "hdel", "unsubscribe"))


@pytest.mark.parametrize("field", ["x" * 1000, "a\0b", "", "dispatcher", "k1"], ids=["long", "nul", "empty", "lease", "lower"])
def test_description_of_what_cannot_be_a_keyword_is_removed(credisd, redis, wait_for, field):
    credisd(services=SMALL.format("many"))
    lease = redis.connection().get("credis:{many}:dispatcher")
    redis.connection().hset("credis:{many}:keywords", field, "{}")
    wait_for(lambda: registered(redis) == OWN | {"X"})
    assert redis.connection().get("credis:{many}:dispatcher") == lease
    peer = Peer(redis, "many")
    assert peer.ask("X", "5")["is"] == "done"
    peer.close()


def test_requests_are_answered_while_a_large_service_registers_again(credisd, redis):
    credisd(services=service(numbered(8000)))
    peer = Peer(redis, "many")
    redis.connection().delete("credis:{many}:about")
    for n in range(0, 8000, 400):
        assert peer.ask(f"K{n}", str(n))["is"] == "done"
    peer.close()


def test_standby_whose_service_is_taken_away_lets_it_alone(credisd, redis):
    owner = credisd(services=SMALL.format("many"))
    standby = credisd(services=SMALL.format("many"), ready=False)
    standby.wait_log("standby")
    standby.write_services(SMALL.format("other"))
    standby.reload()
    standby.wait_log("+served other")
    assert redis.connection().smembers("credis:services") == {"many", "other"}
    peer = Peer(redis, "many")
    assert peer.ask("X", "5")["is"] == "done"
    peer.close()
    owner.stop()
    standby.stop()
    assert not redis.connection().exists("credis:{many}:dispatcher")
    assert stored(redis, {"X"}) == 1


def test_large_service_is_removed_in_few_commands(credisd, redis, wait_for):
    """A link that fills drops what comes then: thousands of keys go with one command, and few are under way."""
    connection = redis.connection()
    mirrored = service(numbered(5000)).replace("keywords", 'layout = "cauldron"; prefix = "old"; keywords')
    daemon = credisd(services=mirrored)
    wait_for(lambda: connection.sismember("old.SERVICES_REGISTRY", "many"))
    connection.config_resetstat()
    daemon.write_services(SMALL.format("other"))
    daemon.reload()
    daemon.wait_log("stopped many")
    wait_for(lambda: not connection.keys("*many*") and not connection.pubsub_channels("*many*"))
    assert connection.smembers("credis:services") == {"other"} and not connection.exists("old.SERVICES_REGISTRY")
    calls = connection.info("commandstats")
    assert calls["cmdstat_del"]["calls"] < 50 and calls["cmdstat_unsubscribe"]["calls"] < 50


def test_service_that_comes_back_at_once_is_whole(credisd, redis, wait_for):
    daemon = credisd(services=service(numbered(5000)))
    names, mark = numbered(4999) | OWN, daemon.mark()
    daemon.write_services(SMALL.format("other"))
    daemon.reload()
    daemon.write_services(service(numbered(4999)))
    daemon.reload()
    daemon.wait_log("+served many", after=mark)
    assert "stopped many" in daemon.log()
    assert_whole(redis, names)
    wait_for(lambda: redis.connection().smembers("credis:services") == {"many"})


def lose_commands(connection):
    """The connection on which a dispatcher writes; the one on which it listens stays."""
    connection.client_kill_filter(_id=json.loads(connection.get("credis:{many}:dispatcher"))["connections"][0])


def test_keyword_removed_while_the_store_is_away_leaves_no_channel(credisd, redis, wait_for):
    daemon = credisd(services=service({"X", "Y"}))
    connection = redis.connection()
    connection.config_set("maxclients", 1)
    lose_commands(connection)
    daemon.wait_log("-served")
    daemon.write_services(service({"Y"}))
    daemon.send(signal.SIGHUP)
    wait_for(lambda: set(connection.pubsub_channels("credis:{many}:*")) == expected_channels(OWN | {"Y"}))
    connection.config_set("maxclients", 1000)
    daemon.wait_log("+served", after=daemon.log().index("-served"))


def test_new_keyword_is_listened_for_though_the_registration_has_a_fault(credisd, redis, wait_for):
    daemon = credisd(services=service({"X"}))
    redis.connection().acl_setuser("default", enabled=True, commands=["-sadd"])
    daemon.write_services(service({"X", "Y"}))
    daemon.reload()
    wait_for(lambda: channels(redis) == expected_channels(OWN | {"X", "Y"}))
    assert registered(redis) == OWN | {"X", "Y"}


def test_service_removed_while_it_registers_answers_and_leaves_nothing(credisd, redis, wait_for):
    daemon = credisd(services=SMALL.format("many"))
    connection = redis.connection()
    # As long as this is refused it is not registered.
    connection.acl_setuser("default", enabled=True, commands=["-sadd"])
    lose_commands(connection)
    daemon.wait_log("fault many:")
    peer = Peer(redis, "many")
    held = peer.send("X", "5")
    daemon.write_services(SMALL.format("other"))
    daemon.send(signal.SIGHUP)
    assert (peer.final(held)["is"], peer.final(held)["code"]) == ("refused", "unknown-keyword")
    peer.close()
    wait_for(lambda: not channels(redis))
    wait_for(lambda: not connection.keys("credis:{many}:*"))
    assert not connection.sismember("credis:services", "many")
    connection.acl_setuser("default", enabled=True, commands=["+sadd"])
    daemon.wait_ready()


@pytest.mark.parametrize("key", ["credis:services", "credis:{many}:about", "credis:{many}:keywords", "credis:{many}:statistics",
                                 "credis:{many}:dispatcher", "credis:{many}:X"])
@pytest.mark.parametrize("serving", [False, True], ids=["before", "serving"])
def test_junk_under_a_key_of_ours_makes_way(credisd, redis, wait_for, key, serving):
    connection = redis.connection()
    daemon = credisd(services=SMALL.format("many")) if serving else None
    connection.set(key, "junk")
    daemon = daemon or credisd(services=SMALL.format("many"))
    wait_for(lambda: connection.type("credis:services") == "set" and connection.sismember("credis:services", "many")
             and connection.type("credis:{many}:about") == connection.type("credis:{many}:keywords") == "hash"
             and connection.type("credis:{many}:statistics") == connection.type("credis:{many}:X") == "hash"
             and "pid" in (connection.get("credis:{many}:dispatcher") or ""))
    daemon.wait_log("+served many")
    peer = Peer(redis, "many")
    # For a moment the lease may not be ours.
    wait_for(lambda: peer.ask("X", "5")["is"] == "done")
    peer.close()
