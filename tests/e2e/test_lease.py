"""One dispatcher a service: the lease, the standby, the take-over."""

import json
import signal
import time

from harness.peer import Peer


def lease(redis):
    text = redis.connection().get("credis:{demo}:dispatcher")
    return json.loads(text) if text else None


def value(redis, keyword):
    return redis.connection().hget(f"credis:{{demo}}:{keyword}", "value")


def test_the_lease_says_who_serves(redis, credisd):
    daemon = credisd()
    held = lease(redis)
    assert held["pid"] == daemon.pid
    assert {"id", "host", "version", "started", "epoch", "connections"} <= set(held)
    assert held["epoch"] == int(redis.connection().hget("credis:{demo}:about", "epoch")) == 1
    assert 0 < redis.connection().pttl("credis:{demo}:dispatcher") <= 3000


def test_a_second_dispatcher_stands_by(redis, credisd, cli, wait_for):
    first = credisd()
    second = credisd(ready=False)
    second.wait_log("standby")
    assert lease(redis)["pid"] == first.pid
    wait_for(lambda: len(cli("--json", "status").objects) == 2, what="status shows both")
    rows = cli("--json", "status").objects
    assert [(row["state"], row["pid"]) for row in rows] == [("ready", first.pid), ("standby", second.pid)]
    peer = Peer(redis)
    number = peer.send("POS", "5")
    assert peer.final(number)["is"] == "done"
    peer.barrier()
    assert len(peer.answers[number]) == 1
    peer.close()


def test_a_lease_written_by_hand_is_respected_although_it_does_not_expire(redis, credisd):
    connection = redis.connection()
    connection.set("credis:{demo}:dispatcher", '{"id": "0", "host": "elsewhere", "pid": 1}')
    daemon = credisd(ready=False)
    daemon.wait_log("standby")
    connection.delete("credis:{demo}:dispatcher")
    daemon.wait_log("+served")
    assert lease(redis)["pid"] == daemon.pid


def test_a_clean_stop_hands_over_at_once(redis, credisd):
    first = credisd()
    second = credisd(ready=False)
    second.wait_log("standby")
    peer = Peer(redis)
    peer.ask("POS", "5")
    first.stop()
    stopped = time.monotonic()
    second.wait_log("+served")
    assert time.monotonic() - stopped < 1.5
    assert value(redis, "POS") == "5"
    assert peer.ask("POS", "6")["is"] == "done"
    peer.close()


def test_a_killed_dispatcher_is_replaced_within_five_seconds(redis, credisd):
    first = credisd()
    second = credisd(ready=False)
    second.wait_log("standby")
    first.kill()
    second.wait_log("+served", 5)
    peer = Peer(redis)
    assert peer.ask("POS", "6")["is"] == "done"
    peer.close()


def test_a_paused_dispatcher_writes_nothing_when_it_wakes(redis, credisd, wait_for):
    first = credisd()
    second = credisd(ready=False)
    second.wait_log("standby")
    first.send(signal.SIGSTOP)
    # Waits in the paused one's socket; the new owner must not be overruled by it.
    redis.connection().publish("credis:{demo}:POS:modify", "9")
    second.wait_log("+served", 8)
    peer = Peer(redis)
    assert peer.ask("POS", "1")["is"] == "done"
    mark = first.mark()
    first.send(signal.SIGCONT)
    first.wait_log("standby", after=mark)
    peer.barrier()
    assert value(redis, "POS") == "1"
    assert lease(redis)["pid"] == second.pid
    peer.close()
