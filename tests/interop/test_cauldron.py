"""Clients of Cauldron's Redis backend, unchanged, at a service with layout = "cauldron"."""

import os
import signal
import threading
import time

import pytest

from cauldron import PREFIX, Client, Refused, Watcher

ROUNDS = int(os.environ.get("CREDIS_ROUNDS", "200"))

KEYWORDS = """
        { name = "POS"; type = "double"; range = [ 0.0, 1e20 ]; finite = false; initial = "3"; },
        { name = "COUNT"; type = "integer"; initial = "0"; },
        { name = "GAIN"; type = "float"; initial = "1.5"; },
        { name = "NAME"; type = "string"; max_length = 100; initial = "nobody"; },
        { name = "CODE"; type = "string"; pattern = "^[a-z]+$"; initial = "abc"; },
        { name = "LIT"; type = "boolean"; initial = "false"; },
        { name = "FILTER"; type = "enumerated"; values = ( "open", "U", { key = 7; label = "R"; } ); },
        { name = "LAMPS"; type = "mask"; values = ( "neon", "argon", "flat" ); },
        { name = "OFFSET"; type = "double array"; length = [ 2, 2 ]; initial = "[0, 0]"; },
        { name = "ONCE"; type = "integer"; force = false; initial = "7"; },
        { name = "GO"; type = "boolean"; command = true; },
        { name = "VERSION"; type = "string"; access = "read"; initial = "1"; }"""
NAMES = ["CODE", "COUNT", "FILTER", "GAIN", "GO", "LAMPS", "LIT", "NAME", "OFFSET", "ONCE", "POS", "VERSION"]


def services(keywords=KEYWORDS, settings='layout = "cauldron";'):
    return f'services = ( {{ name = "demo"; {settings} keywords = ( {keywords} ); }} );'


@pytest.fixture
def served(credisd):
    """served(keywords, settings): a credisd whose keys are all there."""
    def start(*args, **more):
        return credisd(services=services(*args), **more)
    return start


def registry(client):
    return client.redis.smembers(f"{client.prefix}.SERVICES_REGISTRY")


def statuses(client, names):
    return {client.redis.get(client.key(name, ":status")) for name in names}


def test_keys_are_there_before_the_service_is_announced_and_nothing_else(served, client, wait_for):
    served()
    wait_for(lambda: registry(client) == {"demo"})
    assert client.keywords() == NAMES
    assert statuses(client, NAMES) == {"ready"}
    assert {name: client.redis.get(client.key(name)) for name in NAMES} == {
        "POS": "3.0", "COUNT": "0", "GAIN": "1.5", "NAME": "nobody", "CODE": "abc", "LIT": "0", "FILTER": "0",
        "LAMPS": "0", "OFFSET": "[0, 0]", "ONCE": "7", "GO": "0", "VERSION": "1"}
    assert client.has_keyword("POS") and not client.has_keyword("DISPSTATE")
    assert sorted(client.redis.keys("Cauldron*")) == sorted(
        [f"{PREFIX}.SERVICES_REGISTRY", *(client.key(name, part) for name in NAMES for part in ("", ":status"))])


def test_notifications_are_added_to_what_the_server_has(redis_server, credisd, wait_for):
    server = redis_server("--notify-keyspace-events", "Elg")
    credisd(services=services(), url=server.url)
    with server.connection() as connection:
        wait_for(lambda: set("Elgh$K") <= set(connection.config_get("notify-keyspace-events")["notify-keyspace-events"]))


TAKEN = [
    ("LIT", "1", "1"), ("LIT", "true", "1"), ("LIT", "0", "0"), ("LIT", "off", "0"),
    ("FILTER", "U", "1"), ("FILTER", "r", "7"), ("FILTER", "7", "7"), ("FILTER", "1", "1"),
    ("COUNT", "4.1", "4"), ("COUNT", "-4.9", "-4"), ("COUNT", "1e3", "1000"),
    ("COUNT", "2147483647", "2147483647"), ("COUNT", "-2147483648", "-2147483648"),
    ("POS", "1", "1.0"), ("POS", "1e16", "1e+16"), ("POS", "0.1", "0.1"), ("POS", "1e-5", "1e-05"),
    ("GAIN", "0.1", "0.1"), ("NAME", " two  words ", " two  words "), ("NAME", "", ""), ("NAME", "é\n", "é\n"),
    ("LAMPS", "5", "5"), ("LAMPS", "neon, flat", "5"), ("OFFSET", "[1, 2.5]", "[1, 2.5]"), ("GO", "1", "0")]


def test_values_of_every_type_are_stored_as_clients_expect_them(served, client):
    served()
    for keyword, text, stored in TAKEN:
        client.modify(keyword, text)
        assert (keyword, text, client.read(keyword)) == (keyword, text, stored)


REFUSED = [
    ("LIT", "perhaps", "perhaps"), ("FILTER", "2", "2"), ("FILTER", "", "open"), ("COUNT", "2147483648", "32 bits"),
    ("COUNT", "four", "four"), ("COUNT", "nan", "nan"), ("POS", "-1", "minimum"), ("POS", "x", "x"),
    ("GAIN", "1e39", "1e39"), ("NAME", "x" * 101, "101"), ("CODE", "ABC", "ABC"), ("LAMPS", "8", "8"),
    ("OFFSET", "[1]", "OFFSET"), ("VERSION", "2", "read")]


def test_refusals_say_why_and_leave_the_value(served, client):
    served()
    for keyword, text, part in REFUSED:
        before = client.read(keyword)
        with pytest.raises(Refused, match=part) as refused:
            client.modify(keyword, text)
        assert str(refused.value).startswith(keyword + ": ")
        assert client.read(keyword) == before


def test_what_differs_changes_in_one_command(served, client, redis):
    served()
    with redis.connection().monitor() as monitor:
        for text, outcome in (("5", "ready"), ("-5", "error"), ("6", "ready")):
            client.redis.set(client.key("POS", ":status"), "modify")
            client.redis.publish(client.key("POS"), text)
            client.wait_status("POS", outcome)
        seen = []
        for command in monitor.listen():
            words = command["command"]
            if words.startswith("MSET"):
                seen.append([word.removeprefix(client.key("POS")) for word in words.split(" ")])
                if " 6.0 " in words:
                    break
    assert [seen[0][1:], seen[-1][1:]] == [["", "5.0", ":status", "ready"], ["", "6.0", ":status", "ready"]]
    (refusal,) = [words for words in seen if "error" in words]
    assert refusal[1] == ":error" and refusal[-2:] == [":status", "error"]


def test_unchanged_writes_are_answered_like_any_other(served, client):
    served()
    for keyword, text in (("POS", "3"), ("ONCE", "7"), ("NAME", "nobody"), ("GO", "0")):
        for _ in range(3):
            client.modify(keyword, text)
        client.redis.set(client.key(keyword, ":status"), "modify")
        with client.redis.pubsub() as events:
            events.psubscribe(f"__keyspace@*__:{client.key(keyword, ':status')}")
            events.get_message(timeout=5)
            client.redis.publish(client.key(keyword), text)
            assert events.get_message(timeout=5)["data"] == "set"
        assert client.redis.get(client.key(keyword, ":status")) == "ready"


def test_fresh_watchers_all_see_every_change(served, client, redis, wait_for):
    served()
    watchers = [Watcher(redis.connection(), "COUNT") for _ in range(20)]
    for n in range(1, 51):
        client.modify("COUNT", str(n))
        wait_for(lambda: all(watcher.seen[-1:] == [str(n)] for watcher in watchers))
    for watcher in watchers:
        watcher.close()
        assert list(dict.fromkeys(watcher.seen)) == [str(n) for n in range(1, 51)]


def test_native_and_cauldron_clients_see_each_others_changes(served, client, redis, cli, wait_for):
    served()
    watcher = Watcher(redis.connection(), "FILTER")
    assert cli("modify", "demo.FILTER=U").status == 0
    wait_for(lambda: watcher.seen == ["1"])
    client.modify("FILTER", "7")
    assert cli("show", "demo.FILTER").value == "R"
    monitor = cli.start("monitor", "demo.POS")
    monitor.wait_line("demo.POS 3")
    client.modify("POS", "8")
    monitor.wait_line("demo.POS 8")
    watcher.close()


def test_reader_beside_a_failing_writer_never_waits_for_ever(served, client, redis):
    """The reader takes some errors away, as the original's does; nothing hangs, and no write looks done."""
    served()
    stop, stolen, reads = threading.Event(), [], []

    def read():
        with redis.connection() as connection:
            reader = Client(connection)
            while not stop.is_set():
                status = reader.wait_status("POS", "ready", "error")
                reads.append(connection.get(reader.key("POS")))
                if status == "error" and len(stolen) < ROUNDS // 10:
                    connection.set(reader.key("POS", ":status"), "ready")
                    stolen.append(status)

    thread = threading.Thread(target=read)
    thread.start()
    told = 0
    try:
        for _ in range(ROUNDS):
            try:
                client.modify("POS", "-1")
            except Refused as refused:
                assert "minimum" in str(refused)
                told += 1
    finally:
        stop.set()
        thread.join(20)
    assert set(reads) == {"3.0"}
    assert told >= ROUNDS - len(stolen)
    assert client.read("POS") == "3.0"


def test_status_is_never_taken_for_the_dispatchers_own(served, client, cli):
    served()
    for word in ("init", "modify", "error", "ready", "", "nonsense"):
        client.redis.set(client.key("POS", ":status"), word)
        assert cli("modify", "demo.POS=5").status == 0
        client.redis.set(client.key("POS", ":status"), word)
        client.redis.publish(client.key("POS"), "6")
        client.wait_status("POS", "ready")
        assert client.read("POS") == "6.0"


def test_write_that_never_came_is_an_error_and_then_over(served, client, redis):
    """The error is taken away only if it still is one: a client may have begun a write meanwhile."""
    served()
    client.redis.set(client.key("POS", ":status"), "modify")
    assert client.wait_status("POS", "ready", "error") == "error"
    assert "not arrived" in client.redis.get(client.key("POS", ":error"))
    with redis.connection().monitor() as monitor:
        client.wait_status("POS", "ready")
        client.redis.echo("enough")
        seen = []
        for command in monitor.listen():
            if command["command"] == "ECHO enough":
                break
            if command["command"].split(" ")[0].upper() in ("SET", "MSET") and client.key("POS") in command["command"]:
                seen.append((command["client_type"], command["command"].split(" ")[-1]))
    assert seen == [("lua", "ready")]


def test_flushed_store_is_healed_within_two_seconds(served, client, wait_for):
    served()
    client.modify("POS", "9")
    client.redis.flushall()
    began = time.monotonic()
    wait_for(lambda: registry(client) == {"demo"} and client.keywords() == NAMES and statuses(client, NAMES) == {"ready"})
    assert time.monotonic() - began < 2 * float(os.environ.get("CREDIS_SLOW", "1"))
    assert client.read("POS") == "9.0"


def test_foreign_hands_in_the_keys_are_healed(served, client, wait_for):
    served()
    client.redis.set(client.key("POS"), "rubbish")
    client.redis.delete(client.key("COUNT"))
    client.redis.delete(client.key("NAME"))
    client.redis.rpush(client.key("NAME"), "x")
    client.redis.delete(f"{PREFIX}.SERVICES_REGISTRY")
    client.redis.set(f"{PREFIX}.SERVICES_REGISTRY", "x")
    wait_for(lambda: client.redis.type(f"{PREFIX}.SERVICES_REGISTRY") == "set" and registry(client) == {"demo"})
    wait_for(lambda: client.redis.type(client.key("NAME")) == "string")
    assert [client.read(name) for name in ("POS", "COUNT", "NAME")] == ["3.0", "0", "nobody"]


def test_clean_stop_takes_the_name_away_and_a_killed_dispatchers_is_taken_over(served, client, wait_for):
    daemon = served()
    wait_for(lambda: registry(client) == {"demo"})
    client.modify("POS", "4")
    daemon.process.kill()
    assert registry(client) == {"demo"}
    client.redis.set(client.key("POS", ":status"), "init")
    daemon.start()
    wait_for(lambda: statuses(client, NAMES) == {"ready"})
    client.modify("POS", "5")
    daemon.stop()
    assert registry(client) == set()
    assert client.redis.get(client.key("POS")) == "5.0"


def test_of_two_dispatchers_one_serves_and_the_other_takes_over(served, credisd, client, wait_for):
    first = served()
    second = credisd(services=services(), ready=False)
    second.wait_status("standing by")
    for n in range(20):
        client.modify("COUNT", str(n))
    first.stop()
    second.wait_ready()
    wait_for(lambda: registry(client) == {"demo"})
    client.modify("COUNT", "99")
    assert client.read("COUNT") == "99"


def test_prefix_is_an_instruments_own(credisd, redis, wait_for):
    credisd(services=services(settings='layout = "cauldron"; prefix = "kpf.common";'))
    with redis.connection() as connection:
        client = Client(connection, prefix="kpf.common")
        wait_for(lambda: registry(client) == {"demo"})
        client.modify("POS", "5")
        assert client.read("POS") == "5.0"
        assert connection.keys("Cauldron*") == []


def test_reload_removes_what_is_no_more_and_adds_what_is_new(served, client, wait_for):
    daemon = served()
    daemon.write_services(services('{ name = "POS"; type = "double"; }, { name = "NEW"; type = "integer"; }'))
    daemon.process.send(signal.SIGHUP)
    wait_for(lambda: client.keywords() == ["NEW", "POS"])
    client.modify("NEW", "3")
    assert client.redis.exists(client.key("COUNT", ":status")) == 0
    daemon.write_services(services('{ name = "POS"; type = "double"; }', ""))
    daemon.process.send(signal.SIGHUP)
    wait_for(lambda: client.redis.keys("Cauldron*") == [])


def test_reload_adds_the_layout_and_moves_it_to_another_prefix(served, client, cli, wait_for):
    daemon = served(KEYWORDS, "")
    assert cli("modify", "demo.POS=5").status == 0
    assert client.redis.keys("Cauldron*") == []
    daemon.write_services(services())
    daemon.reload()
    wait_for(lambda: registry(client) == {"demo"})
    assert client.keywords() == NAMES and client.read("POS") == "5.0"
    client.modify("POS", "6")
    daemon.write_services(services(settings='layout = "cauldron"; prefix = "kpf.common";'))
    daemon.reload()
    moved = Client(client.redis, prefix="kpf.common")
    wait_for(lambda: registry(moved) == {"demo"})
    wait_for(lambda: client.redis.keys("Cauldron*") == [])
    moved.modify("POS", "7")
    assert cli("show", "demo.POS").value == "7"
    assert client.redis.publish(client.key("POS"), "8") == 0


SLOW = """#!/bin/sh
printf x >> {dir}/begun
while [ ! -e {dir}/go ]; do sleep 0.02; done
rm {dir}/go
[ "$1" != 13 ] || {{ echo "13 is unlucky" >&2; exit 1; }}
"""


def test_status_is_modify_while_a_command_works_then_ready_or_error(served, client, cli, tmp_path, wait_for):
    script = tmp_path / "slow"
    script.write_text(SLOW.format(dir=tmp_path))
    script.chmod(0o755)
    served(f'{{ name = "POS"; type = "integer"; write = ( "{script}", "%v" ); }}')
    client.wait_status("POS", "ready")
    with client.redis.pubsub() as events:
        events.psubscribe(f"__keyspace@*__:{client.key('POS', ':status')}")
        for text, outcome in (("5", "ready"), ("13", "error")):
            (tmp_path / "begun").unlink(missing_ok=True)
            client.redis.publish(client.key("POS"), text)
            client.wait_status("POS", "modify")
            wait_for((tmp_path / "begun").exists)
            assert client.redis.get(client.key("POS", ":status")) == "modify"
            (tmp_path / "go").touch()
            assert client.wait_status("POS", "ready", "error") == outcome
            client.redis.set(client.key("POS", ":status"), "ready")
    assert "13 is unlucky" in client.redis.get(client.key("POS", ":error"))
    assert client.read("POS") == "5"
    assert cli("show", "demo.POS").value == "5"
