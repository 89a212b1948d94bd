"""A service with the layout of Cauldron through what happens to services: many keywords, drivers, reloads in the
middle of a write, another server, another dispatcher."""

import pathlib

import pytest

import cauldron
from cauldron import PREFIX, Client, Refused

DRIVER = pathlib.Path(cauldron.__file__).parents[1] / "e2e/harness/driver.py"
MANY = 1300                             # more than are looked at in one go
LAYOUT = 'layout = "cauldron";'


def service(keywords, name="demo", settings=LAYOUT):
    return f'{{ name = "{name}"; {settings} keywords = ( {keywords} ); }}'


def services(*texts):
    return "services = ( " + ", ".join(texts) + " );"


def integer(name, more=""):
    return f'{{ name = "{name}"; type = "integer"; {more} }}'


def running(client):
    return client.redis.smembers(f"{client.prefix}.SERVICES_REGISTRY")


def test_all_of_many_keys_are_there_when_the_service_is_announced(credisd, client, wait_for):
    credisd(services=services(service(", ".join(integer(f"K{n}") for n in range(MANY)))), ready=False)
    count = wait_for(lambda: running(client) and client.redis.keys(f"{PREFIX}.demo.*"))
    assert len(count) == 2 * MANY
    client.redis.flushall()
    wait_for(lambda: len(client.redis.keys(f"{PREFIX}.demo.*")) == 2 * MANY and running(client) == {"demo"})
    client.redis.set(client.key(f"K{MANY - 1}"), "foreign")
    wait_for(lambda: client.redis.get(client.key(f"K{MANY - 1}")) == "0")


@pytest.mark.parametrize("how", ["well", "refusing"])
def test_drivers_serve_these_clients(credisd, client, cli, tmp_path, wait_for, how):
    text = service(f'''{{ name = "X"; type = "double"; driver = "box"; }},
        {{ name = "E"; type = "enumerated"; values = ( "zero", "one" ); driver = "box"; }}''',
                   settings=LAYOUT + f'drivers = ( {{ name = "box"; command = [ "{DRIVER}", "{tmp_path}", "{how}" ]; }} );')
    credisd(services=services(text))
    wait_for(lambda: client.redis.get(client.key("X")) == "1.0" and client.redis.get(client.key("E")) == "1")
    if how == "refusing":
        for _ in range(3):
            with pytest.raises(Refused, match="X: limit switch"):
                client.modify("X", "5")
        assert client.read("X") == "1.0"
        return
    for text, stored in (("5", "5.0"), ("5", "5.0"), ("6.5", "6.5")):
        client.modify("X", text)
        assert client.read("X") == stored
    client.modify("E", "0")
    assert (client.read("E"), cli("show", "demo.E").value) == ("0", "zero")


SLOW = """#!/bin/sh
echo x >> {dir}/begun
while [ ! -e {dir}/go ]; do sleep 0.02; done
"""


@pytest.mark.parametrize("after", [
    service("@", settings=""), service("@", settings=LAYOUT + 'prefix = "kpf";'), service(integer("OTHER")),
    service(integer("POS") + ", " + integer("OTHER"))], ids=["no layout", "another prefix", "no keyword", "no command"])
def test_a_reload_in_the_middle_of_a_write_ends_it(credisd, client, cli, tmp_path, wait_for, after):
    script = tmp_path / "slow"
    script.write_text(SLOW.format(dir=tmp_path))
    script.chmod(0o755)
    slow = integer("POS", f'write = ( "{script}", "%v" );')
    daemon = credisd(services=services(service(slow)))
    wait_for(lambda: running(client) == {"demo"})
    client.redis.publish(client.key("POS"), "5")
    client.redis.publish(client.key("POS"), "6")
    wait_for((tmp_path / "begun").exists)
    daemon.write_services(services(after.replace("@", slow + ", " + integer("OTHER"))))
    daemon.reload()
    (tmp_path / "go").touch()
    assert cli("modify", "demo.OTHER=1").status == 0
    now = Client(client.redis, prefix="kpf") if "kpf" in after else client
    if LAYOUT not in after:
        wait_for(lambda: client.redis.keys(f"{PREFIX}*") == [])
        wait_for(lambda: cli("show", "demo.POS").value == "6")
        return
    wait_for(lambda: running(now) == {"demo"})
    now.modify("OTHER", "2")
    if '"POS"' not in after and "@" not in after:
        wait_for(lambda: now.keywords() == ["OTHER"] and not now.redis.exists(now.key("POS", ":status")))
        return
    assert now.wait_status("POS", "ready", "error") in ("ready", "error")
    now.wait_status("POS", "ready")
    now.modify("POS", "7")
    assert now.read("POS") == "7"


def test_a_service_that_goes_takes_only_its_own_along(credisd, client, wait_for):
    daemon = credisd(services=services(service(integer("A"), "demo"), service(integer("A"), "demo2")))
    other = Client(client.redis, "demo2")
    wait_for(lambda: running(client) == {"demo", "demo2"})
    other.modify("A", "4")
    daemon.write_services(services(service(integer("A"), "demo2")))
    daemon.reload()
    wait_for(lambda: running(client) == {"demo2"} and client.redis.keys(f"{PREFIX}.demo.*") == [])
    assert other.read("A") == "4"
    other.modify("A", "5")


def test_a_server_that_comes_back_empty_is_filled_and_set_up_again(credisd, client, redis, wait_for):
    credisd(services=services(service(integer("A") + ", " + integer("B"))))
    wait_for(lambda: running(client) == {"demo"})
    client.modify("A", "4")
    redis.restart()
    with redis.connection() as connection:
        fresh = Client(connection)
        wait_for(lambda: running(fresh) == {"demo"})
        flags = connection.config_get("notify-keyspace-events")["notify-keyspace-events"]
        assert "K" in flags and ("$" in flags or "A" in flags)
        assert [fresh.read("A"), fresh.read("B")] == ["4", "0"]
        fresh.modify("B", "5")
        assert fresh.read("B") == "5"


def test_who_takes_over_from_a_killed_dispatcher_ends_its_writes(credisd, client, tmp_path, wait_for):
    script = tmp_path / "slow"
    script.write_text(SLOW.format(dir=tmp_path))
    script.chmod(0o755)
    text = services(service(integer("POS", f'write = ( "{script}", "%v" );') + ", " + integer("A")))
    first = credisd(services=text)
    second = credisd(services=text, ready=False)
    second.wait_status("standing by")
    client.modify("A", "4")
    client.redis.publish(client.key("POS"), "5")
    client.wait_status("POS", "modify")
    first.kill()
    (tmp_path / "go").touch()
    second.wait_ready()
    client.wait_status("POS", "ready")
    assert running(client) == {"demo"}
    assert client.read("A") == "4"
    client.modify("POS", "6")
    assert client.read("POS") == "6"
