"""The server must tell of changes (notify-keyspace-events): credisd sees to it, or says that it cannot, and
monitors end up right after a while when nobody was told."""

import pytest

SETTING = "notify-keyspace-events"


@pytest.fixture
def store(redis):
    return redis.connection()


@pytest.fixture
def no_config(redis, store):
    """The URL of one who may do all but CONFIG."""
    store.execute_command("ACL", "SETUSER", "clerk", "on", ">pw", "~*", "&*", "+@all", "-config")
    return redis.url.replace("unix://", "unix://clerk:pw@")


def own(store, keyword):
    return store.hget(f"credis:{{demo}}:{keyword}", "value")


def test_monitors_catch_up_after_the_setting_was_lost(credisd, store, cli, wait_for):
    daemon = credisd()
    monitor = cli.start("monitor", "demo.COUNT")
    monitor.wait_line("demo.COUNT")
    for n in range(10, 15):
        store.config_set(SETTING, "")
        assert cli("modify", f"demo.COUNT={n}").status == 0
        monitor.wait_line(f"demo.COUNT {n}")
    assert set("Kh") <= set(store.config_get(SETTING)[SETTING])
    assert f"warning +events {SETTING} is now 'Kh', was ''" in daemon.log()


def test_without_config_nothing_is_wrong_where_events_come(credisd, store, no_config, wait_for):
    store.config_set(SETTING, "Kh")
    credisd(url=no_config)
    beats = set()

    def several():
        beats.add(store.hget("credis:{demo}:statistics", "beat"))
        return len(beats) > 6

    wait_for(several)
    assert own(store, "DISPSTATE") == "ready" and own(store, "DISPERROR") == ""


def test_without_config_missing_events_are_a_fault_until_they_come(credisd, store, no_config, cli, wait_for):
    credisd(url=no_config)
    monitor = cli.start("monitor", "demo.COUNT")
    monitor.wait_line("demo.COUNT")
    wait_for(lambda: own(store, "DISPSTATE") == "degraded")
    assert own(store, "DISPERROR").startswith(f"set {SETTING} to at least Kh on the store, or clients are told of no change")
    assert cli("modify", "demo.COUNT=9").status == 0
    store.config_set(SETTING, "Kg")
    store.config_set(SETTING, "Kh")
    monitor.wait_line("demo.COUNT 9")
    wait_for(lambda: own(store, "DISPSTATE") == "ready")
