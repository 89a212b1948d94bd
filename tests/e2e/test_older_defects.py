"""What older systems get wrong, each held against ours."""

import time

import pytest
from harness.peer import Peer


def stored(redis, keyword, field="value"):
    return redis.connection().hget(f"credis:{{demo}}:{keyword}", field)


def test_writing_the_present_value_does_not_hang(redis, credisd, cli):
    credisd()
    for _ in range(3):
        result = cli("modify", "demo.POS=3", "-t", "5s")
        assert result.status == 0


def test_a_reader_does_not_take_a_writers_error_away(redis, credisd):
    credisd()
    reader, writer = Peer(redis), Peer(redis)
    for _ in range(100):
        asked = reader.send("POS", verb="read")
        refused = writer.send("POS", "99")
        asked_again = reader.send("POS", verb="read")
        assert writer.final(refused)["code"] == "range"
        assert [reader.final(n)["is"] for n in (asked, asked_again)] == ["done", "done"]
    assert all(len(answers) == 1 for peer in (reader, writer) for answers in peer.answers.values())
    reader.close()
    writer.close()


def test_a_refused_write_never_looks_like_success(credisd, cli, redis):
    credisd()
    results = [cli("modify", f"demo.COUNT={value}") for value in (1, 1000, 2, "x", 3)]
    assert [result.status for result in results] == [0, 1, 0, 1, 0]
    assert stored(redis, "COUNT") == "3"


def test_nobody_listening_is_noticed_at_once(credisd, cli):
    daemon = credisd()
    daemon.stop()
    begun = time.monotonic()
    result = cli("modify", "demo.POS=5", "-t", "60s")
    assert (result.status, result.error) == (6, "demo: nobody serves it")
    assert time.monotonic() - begun < 5


def test_a_stale_entry_of_a_killed_dispatcher_does_not_block_the_next(redis, credisd):
    daemon = credisd()
    daemon.kill()
    assert redis.connection().sismember("credis:services", "demo")
    daemon.start(ready=False)
    daemon.wait_ready(6)


def test_two_dispatchers_started_together_do_not_both_run(redis, credisd, wait_for):
    first = credisd(ready=False)
    second = credisd(ready=False)
    wait_for(lambda: "+served" in first.log() + second.log(), what="one of them serves")
    wait_for(lambda: "standby" in first.log() + second.log(), what="the other stands by")
    peer = Peer(redis)
    numbers = [peer.send("COUNT", str(n)) for n in range(50)]
    seqs = [int(peer.final(n)["seq"]) for n in numbers]
    assert seqs == list(range(seqs[0], seqs[0] + 50))
    peer.barrier()
    assert all(len(peer.answers[n]) == 1 for n in numbers)
    peer.close()


def test_a_backlog_nobody_drains_does_not_stall_a_wait(redis, credisd, cli):
    """Its own channel is full of answers that a stopped client does not read."""
    credisd()
    idle = Peer(redis)
    with redis.connection(decode_responses=False).pipeline(transaction=False) as pipe:
        for n in range(20000):
            pipe.publish(idle.channel("COUNT"), idle.header()[1] + str(n % 100).encode())
        pipe.execute()
    begun = time.monotonic()
    assert cli("modify", "demo.POS=5", "-t", "10s").status == 0
    assert cli("wait", "$demo.POS == 5", "-t", "10s").status == 0
    assert time.monotonic() - begun < 5
    idle.close()


@pytest.mark.parametrize("text", ["-100", "100", "0"])
def test_both_ends_of_a_range_are_allowed(credisd, cli, text):
    credisd()
    assert cli("modify", f"demo.COUNT={text}").status == 0
