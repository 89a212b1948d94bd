"""Writes that count only when replicas have them."""

import time

from harness.daemon import DEMO
from harness.peer import Peer


def with_durability(redis, durability):
    return f'store = {{ url = "{redis.url}"; durability = "{durability}"; }};'


def test_without_replicas_a_write_is_not_done(redis, credisd):
    credisd(config_text=with_durability(redis, "replicas:1"), services=DEMO)
    peer = Peer(redis)
    answer = peer.ask("POS", "5")
    assert (answer["is"], answer["code"]) == ("failed", "store")
    assert answer["body"] == "POS: written, but 0 replicas have it, of 1 that must"
    peer.close()


def test_missing_replicas_do_not_cost_the_connection(redis, credisd):
    config = with_durability(redis, "replicas:1").replace("; };", '; command_timeout = "500 milliseconds"; };')
    daemon = credisd(config_text=config, services=DEMO)
    peer = Peer(redis)
    answer = peer.ask("POS", "5")
    assert answer["body"] == "POS: written, but 0 replicas have it, of 1 that must"
    assert "-link" not in daemon.log()
    peer.close()


def test_with_a_replica_a_write_is_done_when_the_replica_has_it(redis_server, credisd, wait_for):
    primary = redis_server(tcp=True)
    replica = redis_server("--replicaof", "127.0.0.1", primary.port, "--repl-diskless-sync-delay", "0")
    wait_for(lambda: replica.connection().info("replication")["master_link_status"] == "up",
             what="the replica follows")
    credisd(url=primary.url, config_text=with_durability(primary, "replicas:1"))
    peer = Peer(primary)
    numbers = [peer.send("COUNT", str(n)) for n in range(20)]
    assert {peer.final(n)["is"] for n in numbers} == {"done"}
    assert replica.connection().hget("credis:{demo}:COUNT", "value") == "19"
    peer.close()


def test_a_write_that_waits_for_its_replicas_is_not_taken_back(redis_server, credisd, wait_for):
    primary = redis_server(tcp=True)
    replica = redis_server("--replicaof", "127.0.0.1", primary.port, "--repl-diskless-sync-delay", "0")
    wait_for(lambda: replica.connection().info("replication")["master_link_status"] == "up",
             what="the replica follows")
    credisd(url=primary.url, config_text=with_durability(primary, "replicas:1"))
    peer = Peer(primary)
    answers = [peer.ask("COUNT", "0")]
    # The store is looked over each second: in the midst of writes.
    until = time.monotonic() + 4
    while time.monotonic() < until:
        numbers = [peer.send("COUNT", str(n)) for n in range(20)]
        answers += [peer.final(number) for number in numbers]
    assert {answer["is"] for answer in answers} == {"done"}
    seqs = [int(answer["seq"]) for answer in answers]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    peer.close()
