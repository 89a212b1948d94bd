"""What is kept when the service changes hands, the store loses everything, or a connection delivers late."""

import json
import os
import time

import pytest
from harness.links import Links
from harness.peer import Peer

URGENT = 3.5        # seconds: half a lease more than a lease


def value(redis, keyword):
    return redis.connection().hget(f"credis:{{demo}}:{keyword}", "value")


@pytest.fixture
def peer(redis, credisd):
    """A peer of the first of two dispatchers, which are peer.owner and peer.standby."""
    owner = credisd()
    standby = credisd(ready=False)
    standby.wait_log("standby")
    peer = Peer(redis)
    peer.owner, peer.standby = owner, standby
    yield peer
    peer.close()


def test_an_emptied_store_is_filled_by_whoever_served_and_not_by_a_standby(peer, redis, wait_for):
    peer.ask("POS", "7")
    for _ in range(3):
        redis.connection().flushall()
        wait_for(lambda: value(redis, "POS") == "7", 2 * URGENT)
    assert "+lease" not in peer.standby.log()
    assert peer.ask("POS", "8")["is"] == "done"


def test_a_standby_serves_an_emptied_store_if_nobody_else_does(peer, redis):
    peer.ask("POS", "7")
    peer.owner.kill()
    redis.connection().flushall()
    peer.standby.wait_log("+served", 2 * URGENT)
    assert peer.ask("POS", "8")["is"] == "done"


def test_what_was_asked_before_a_take_over_is_unknown_in_an_emptied_store_too(peer, redis):
    number = peer.send("COUNT", "1")
    assert peer.final(number)["is"] == "done"
    sent = time.time() - 0.001
    number = peer.send("COUNT", "2", sent=sent)
    assert peer.final(number)["is"] == "done"
    peer.owner.kill()
    redis.connection().flushall()
    peer.standby.wait_log("+served", 2 * URGENT)
    peer.send("COUNT", "2", number=number, sent=sent)
    assert peer.final(number, count=2)["is"] == "unknown"
    assert value(redis, "COUNT") == "0"


@pytest.fixture
def link(redis):
    """A link to the store that fails on demand."""
    path = os.path.join(redis.directory, "link.sock")
    links = Links(f"link={path}={redis.socket}")
    links.url = f"unix://{path}"
    yield links
    links.close()


def connections(redis):
    """Of whoever serves: the ids of its connections for commands and for requests."""
    return json.loads(redis.connection().get("credis:{demo}:dispatcher"))["connections"]


def freeze_commands(redis, daemon, link):
    """What the daemon tells the store arrives no more, what it hears from it does; returns the stuck connection."""
    commands, requests = connections(redis)
    mark = daemon.mark()
    link.tell("link", "refuse")
    redis.connection().client_kill_filter(_id=requests)
    daemon.wait_log("-link requests", after=mark)
    link.tell("link", "freeze")
    daemon.wait_log("+link requests", after=mark)
    return commands


def test_what_a_stuck_connection_delivers_late_is_not_written(redis, credisd, link, wait_for):
    daemon = credisd(url=link.url)
    peer = Peer(redis)
    peer.ask("POS", "1")
    mark = daemon.mark()
    stuck = freeze_commands(redis, daemon, link)
    wait_for(lambda: redis.connection().publish("credis:{demo}:POS:modify", "5"))
    daemon.wait_log("-link commands", after=mark)
    daemon.wait_log("+served", after=mark)
    assert peer.ask("POS", "2")["is"] == "done"
    link.tell("link", "pass")
    wait_for(lambda: all(int(c["id"]) != stuck for c in redis.connection().client_list()))
    assert value(redis, "POS") == "2"
    peer.close()


def test_what_an_owner_left_on_the_way_is_not_written_even_if_its_lease_is_overwritten(redis, credisd, link, wait_for):
    first = credisd(url=link.url)
    stuck = freeze_commands(redis, first, link)
    wait_for(lambda: redis.connection().publish("credis:{demo}:POS:modify", "5"))
    first.kill()
    redis.connection().set("credis:{demo}:dispatcher", "somebody", px=500)
    credisd()                   # has never seen the lease of the first
    wait_for(lambda: all(int(c["id"]) != stuck for c in redis.connection().client_list()))
    link.tell("link", "pass")
    peer = Peer(redis)
    assert peer.ask("POS", "2")["is"] == "done"
    assert value(redis, "POS") == "2"
    peer.close()


def test_a_lease_that_is_gone_is_taken_once_however_late_the_answer(redis, credisd, link, wait_for):
    daemon = credisd(url=link.url, config_text=f'store = {{ url = "{link.url}"; command_timeout = "30 seconds"; }};')
    link.tell("link", "delay", "0.6")
    redis.connection().delete("credis:{demo}:dispatcher")
    daemon.wait_log("-lease demo: it is gone")
    daemon.wait_log("+lease demo: taken", after=daemon.log().index("-lease demo"))
    link.tell("link", "pass")
    mark = daemon.mark()
    # A few renewals find the text that they look for.
    beat = int(value(redis, "DISPBEAT"))
    wait_for(lambda: int(value(redis, "DISPBEAT")) > beat + 3)
    assert "lease" not in daemon.log()[mark:]


def test_a_request_under_way_outlives_a_reload(redis, credisd, link, wait_for):
    daemon = credisd(url=link.url)
    peer = Peer(redis)
    freeze_commands(redis, daemon, link)
    wait_for(lambda: redis.connection().pubsub_numsub("credis:{demo}:POS:modify")[0][1])
    number = peer.send("POS", "5")
    daemon.reload()
    answer = peer.final(number)
    assert (answer["is"], answer["body"].partition(":")[0]) == ("failed", "POS")
    link.tell("link", "pass")
    peer.close()


def test_what_was_held_back_is_not_executed_by_one_who_became_a_standby(redis, credisd, link, wait_for):
    first = credisd(url=link.url)
    second = credisd(ready=False)
    second.wait_log("standby")
    commands, _ = connections(redis)
    link.tell("link", "refuse")
    redis.connection().client_kill_filter(_id=commands)
    first.wait_log("-served")
    # Only the one that is cut off from the store hears it.
    assert redis.connection().publish("credis:{demo}:POS:modify", "9") == 1
    second.wait_log("+served", 2 * URGENT)
    link.tell("link", "pass")
    first.wait_log("standby")
    # Whoever serves is the only one to hear requests.
    wait_for(lambda: redis.connection().pubsub_numsub("credis:{demo}:POS:modify")[0][1] == 1)
    second.stop()
    mark = first.log().rindex("standby")
    first.wait_log("+served", after=mark)
    peer = Peer(redis)
    peer.barrier()
    assert value(redis, "POS") == "3"
    peer.close()
