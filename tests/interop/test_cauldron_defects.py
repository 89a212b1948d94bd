"""What Cauldron's own dispatcher gets wrong, each held against ours with clients of its kind; and what the shared
status of a keyword makes easy to get wrong."""

import os
import signal
import socket
import time

import pytest

from cauldron import PREFIX, Client, Refused
from harness.peer import Peer
from harness.waiting import wait_for

SLOWNESS = float(os.environ.get("CREDIS_SLOW", "1"))
SERVICE = """services = ( {{ name = "demo"; layout = "cauldron"; keywords = (
    {{ name = "POS"; type = "double"; range = [ 0.0, 100.0 ]; initial = "3"; {pos} }},
    {{ name = "COUNT"; type = "integer"; initial = "0"; }},
    {{ name = "NAME"; type = "string"; max_length = 1000; initial = "nobody"; }} ); }} );"""
# Works until told to go on; refuses 13.
SLOW = """#!/bin/sh
echo "$1" >> {dir}/begun
while [ ! -e {dir}/go.$1 ]; do sleep 0.02; done
rm {dir}/go.$1
[ "$1" != 13 ] || {{ echo "13 is unlucky" >&2; exit 1; }}
"""


class Slow:
    """What a keyword's command is at."""

    def __init__(self, directory):
        self.directory = directory
        script = directory / "slow"
        script.write_text(SLOW.format(dir=directory))
        script.chmod(0o755)
        self.setting = f'write = ( "{script}", "%v" );'

    def wait_begun(self, *values):
        begun = self.directory / "begun"
        wait_for(lambda: begun.exists() and begun.read_text().split() == list(values), what=f"{values} are begun")

    def let_go(self, value):
        (self.directory / f"go.{value}").touch()


@pytest.fixture
def served(credisd, client, wait_for):
    def start(pos="", **more):
        daemon = credisd(services=SERVICE.format(pos=pos), **more)
        wait_for(lambda: client.redis.sismember(f"{PREFIX}.SERVICES_REGISTRY", "demo"))
        return daemon
    return start


def publish(client, keyword, text):
    """What modify() does before it waits."""
    client.redis.set(client.key(keyword, ":status"), "modify")
    return client.redis.publish(client.key(keyword), text)


def status(client, keyword):
    return client.redis.get(client.key(keyword, ":status"))


def told(monitor, client, keyword, end):
    """The commands that credisd wrote to a keyword, until one of them has 'end' in it."""
    seen = []
    for command in monitor.listen():
        words = command["command"].replace(client.key(keyword), "P")
        if words.startswith("MSET P"):
            seen.append(words.removeprefix("MSET "))
            if end in words:
                return seen


def test_writing_the_present_value_does_not_hang(served, client):
    served()
    for _ in range(3):
        client.modify("POS", "3")
        client.modify("NAME", "nobody")
    assert client.read("POS") == "3.0"


def test_a_reader_does_not_take_a_writers_error_away(served, client, redis):
    """As long as it reads as Cauldron's clients do: it writes nothing, and waits."""
    served()
    with redis.connection() as connection:
        reader = Client(connection)
        for _ in range(100):
            assert reader.read("POS") == "3.0"
            with pytest.raises(Refused, match="maximum"):
                client.modify("POS", "101")
            assert reader.read("POS") == "3.0"


def test_a_refusal_between_writes_is_told_after_those_before_it(served, client, redis):
    """Or their ready would be taken for its answer."""
    served()
    for _ in range(20):
        with redis.connection().monitor() as monitor:
            pipe = client.redis.pipeline(transaction=False)
            for n in range(50):
                pipe.publish(client.key("POS"), str(n))
            pipe.publish(client.key("POS"), "101")
            pipe.execute()
            seen = told(monitor, client, "POS", "P:status error")
        assert "is above the maximum" in seen[-1]
        assert status(client, "POS") == "error"
        client.redis.set(client.key("POS", ":status"), "ready")
        client.modify("POS", "3")


def test_writes_after_a_refusal_do_not_hold_it_back(served, client, redis):
    served()
    with redis.connection().monitor() as monitor:
        pipe = client.redis.pipeline(transaction=False)
        for n in range(2000):
            pipe.publish(client.key("POS"), "101" if n % 10 == 9 else str(n % 100))
        pipe.execute()
        client.redis.publish(client.key("POS"), "55.5")
        seen = told(monitor, client, "POS", "P 55.5")
    refused = [n for n, words in enumerate(seen) if "P:status error" in words]
    assert len(refused) > 1 and refused[0] < len(seen) // 2


def test_a_refused_write_does_not_look_done_while_another_is_with_its_source(served, client, redis, cli, tmp_path):
    slow = Slow(tmp_path)
    served(slow.setting)
    with redis.connection().monitor() as monitor:
        publish(client, "POS", "5")
        slow.wait_begun("5")
        publish(client, "POS", "13")        # waits its turn, and will be refused
        publish(client, "POS", "101")       # refused at once; what is with the source goes on
        slow.let_go("5")
        slow.wait_begun("5", "13")
        assert status(client, "POS") == "modify"
        slow.let_go("13")
        assert client.wait_status("POS", "ready", "error") == "error"
        seen = told(monitor, client, "POS", "P:status error")
    assert seen[:2] == ["P:status modify"] * 2
    assert len(seen) == 3 and seen[2].startswith("P 5.0 P:error ") and "13 is unlucky" in seen[2]
    client.redis.set(client.key("POS", ":status"), "ready")
    assert client.read("POS") == "5.0"
    assert cli("show", "demo.POS").value == "5"


def test_clients_that_never_stop_writing_do_not_stop_the_others(served, client, tmp_path):
    """Each time there is another write waiting when one is done."""
    slow = Slow(tmp_path)
    served(slow.setting)
    with client.redis.pubsub() as events:
        events.psubscribe(f"__keyspace@*__:{client.key('POS')}")
        assert events.get_message(timeout=20)["type"] == "psubscribe"
        client.redis.publish(client.key("POS"), "1")
        for n in range(1, 6):
            slow.wait_begun(*map(str, range(1, n + 1)))
            client.redis.publish(client.key("POS"), str(n + 1))
            slow.let_go(str(n))
        slow.wait_begun(*map(str, range(1, 7)))
        for _ in range(2):                  # of 2, with that of 1; of 4, with that of 3
            assert events.get_message(timeout=20)["data"] == "set"
        assert client.redis.get(client.key("POS")) == "4.0"
        slow.let_go("6")
        client.wait_status("POS", "ready")
    assert client.read("POS") == "6.0"


def test_nobody_listening_can_be_noticed(served, client):
    daemon = served()
    assert publish(client, "POS", "4") == 1
    client.wait_status("POS", "ready")
    daemon.stop()
    assert client.redis.publish(client.key("POS"), "5") == 0
    assert not client.redis.exists(f"{PREFIX}.SERVICES_REGISTRY")


def test_a_stale_entry_of_a_killed_dispatcher_does_not_block_the_next(served, client):
    daemon = served()
    publish(client, "POS", "4")
    daemon.kill()
    client.redis.set(client.key("POS", ":status"), "modify")
    assert client.redis.sismember(f"{PREFIX}.SERVICES_REGISTRY", "demo")
    daemon.start(ready=False)
    daemon.wait_ready(6)
    client.wait_status("POS", "ready")
    client.modify("POS", "5")


def test_two_dispatchers_started_together_do_not_both_run(credisd, client, redis, wait_for):
    first = credisd(services=SERVICE.format(pos=""), ready=False)
    second = credisd(services=SERVICE.format(pos=""), ready=False)
    wait_for(lambda: "+served" in first.log() + second.log(), what="one of them serves")
    wait_for(lambda: "standby" in first.log() + second.log(), what="the other stands by")
    assert client.redis.publish(client.key("COUNT"), "0") == 1
    client.wait_status("COUNT", "ready")
    with redis.connection().monitor() as monitor:
        for n in range(1, 51):
            client.modify("COUNT", str(n))
        assert [words.split(" ")[1] for words in told(monitor, client, "COUNT", "P 50 ")] == \
            [str(n) for n in range(1, 51)]


def test_a_backlog_does_not_stall_a_wait_nor_make_a_write_look_lost(served, client, redis):
    """As many as there may be requests under way: beyond that a write is refused as busy."""
    daemon = served()
    count = 60000
    command = client.redis.connection_pool.get_connection("PUBLISH").pack_command("PUBLISH", client.key("COUNT"), "7")[0]
    with socket.socket(socket.AF_UNIX) as flood:
        flood.connect(redis.socket)
        flood.settimeout(60)
        daemon.send(signal.SIGSTOP)
        for _ in range(0, count, 1000):
            flood.sendall(command * 1000)
        answers = 0
        while answers < count:
            answers += flood.recv(1 << 20).count(b":")
    client.limit = 60
    began = time.monotonic()
    publish(client, "POS", "5")
    daemon.send(signal.SIGCONT)
    assert client.wait_status("POS", "ready", "error") == "ready"
    assert time.monotonic() - began < 20 * SLOWNESS
    assert client.read("POS") == "5.0"


def test_a_flood_of_refused_writes_does_not_grow_the_daemon(served, client):
    daemon = served()
    pipe = client.redis.pipeline(transaction=False)
    for n in range(20000):
        pipe.publish(client.key("POS"), "x" * 2000)
        pipe.publish(client.key("NAME"), "y" * 900 + str(n))
        if n % 1000 == 999:
            pipe.execute()
    client.limit = 60
    client.modify("COUNT", "5")
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    assert peak < 200 * 1024


def test_bytes_that_are_no_text_are_refused_with_a_reason(served, client):
    served()
    for keyword in ("POS", "COUNT", "NAME"):
        for bad in (b"\xff\xfe", b"5\xc3", b"\x80" * 3000, b"\xed\xa0\x80"):
            with pytest.raises(Refused, match=keyword + ": "):
                client.modify(keyword, bad)
    with pytest.raises(Refused, match="POS: "):
        client.modify("POS", b"5\0")
    with pytest.raises(Refused, match="COUNT: "):
        client.modify("COUNT", b"\0")
    assert [client.read(keyword) for keyword in ("POS", "COUNT", "NAME")] == ["3.0", "0", "nobody"]


def test_a_store_that_takes_no_values_is_an_error(credisd, client, redis):
    """Those of the layout it takes: the client is told. As soon as it takes all, writes succeed."""
    redis.connection().execute_command("ACL", "SETUSER", "clerk", "on", ">pw", "~*", "&*", "+@all")
    credisd(services=SERVICE.format(pos=""), url=redis.url.replace("unix://", "unix://clerk:pw@"))
    redis.connection().execute_command("ACL", "SETUSER", "clerk", "-hset")
    with pytest.raises(Refused, match="POS: not written: .*hset"):
        client.modify("POS", "5")
    assert client.read("POS") == "3.0"
    redis.connection().execute_command("ACL", "SETUSER", "clerk", "+hset")
    client.modify("POS", "5")
    assert client.read("POS") == "5.0"


@pytest.mark.parametrize("fault", ["memory", "replica"])
def test_a_store_that_takes_nothing_leaves_no_write_under_way(served, client, redis, fault):
    """Not even an error can be stored then; once it can, readers do not wait for ever, and nothing looks written."""
    served()
    redis.connection().set(client.key("POS", ":status"), "modify")
    if fault == "memory":
        redis.connection().config_set("maxmemory", "1")
    else:
        redis.connection().replicaof("127.0.0.1", "1")
    with pytest.raises(Exception, match="maxmemory|read only"):
        client.modify("POS", "5")
    client.redis.publish(client.key("POS"), "5")
    if fault == "memory":
        redis.connection().config_set("maxmemory", "0")
    else:
        redis.connection().replicaof("NO", "ONE")
    client.wait_status("POS", "ready")
    client.modify("POS", "6")
    assert client.read("POS") == "6.0"


def test_an_answer_that_the_store_was_away_for_is_told_when_it_is_back(served, client, redis, tmp_path):
    """The source has done it meanwhile."""
    slow = Slow(tmp_path)
    daemon = served(slow.setting)
    publish(client, "POS", "5")
    slow.wait_begun("5")
    for connection in redis.connection().client_list():
        if connection["name"].startswith("credisd"):
            redis.connection().client_kill_filter(_id=connection["id"])
    slow.let_go("5")
    assert client.wait_status("POS", "ready", "error") in ("ready", "error")
    client.redis.set(client.key("POS", ":status"), "ready")
    wait_for(lambda: client.redis.get(client.key("POS")) == "5.0", what=lambda: daemon.log())


def test_sets_alarms_and_calculations_are_seen(credisd, client, redis, cli, wait_for):
    credisd(services="""services = ( { name = "demo"; layout = "cauldron"; keywords = (
        { name = "EL"; type = "double"; initial = 30; alarm = { high = 80; }; },
        { name = "AZ"; type = "double"; initial = 0; range = [ 0.0, 360.0 ]; },
        { name = "Z"; type = "double"; calc = "90 - $EL"; access = "read"; } ); } );""")
    wait_for(lambda: client.redis.get(client.key("Z")) == "60.0")
    client.modify("EL", "85")
    wait_for(lambda: client.read("Z") == "5.0")
    wait_for(lambda: cli("show", "--json", "demo.EL").json["severity"] == "minor")
    assert client.read("EL") == "85.0"
    peer = Peer(redis)
    peer.final(peer.send_set([("EL", "20"), ("AZ", "400")])[0])
    assert (client.read("EL"), client.read("AZ")) == ("85.0", "0.0")
    numbers = peer.send_set([("EL", "20"), ("AZ", "40")])
    assert [peer.final(n)["is"] for n in numbers] == ["done", "done"]
    wait_for(lambda: [client.read(name) for name in ("EL", "AZ", "Z")] == ["20.0", "40.0", "70.0"])
    with pytest.raises(Refused, match="Z: may only be read"):
        client.modify("Z", "1")
    peer.close()
