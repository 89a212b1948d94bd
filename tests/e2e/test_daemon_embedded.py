"""The store that credisd runs itself: started, kept running, ended, and never shared by mistake."""

import os
import re
import shutil
import signal
import stat
import subprocess

import pytest
import redis as redis_py

from harness.daemon import DEMO, Credisd
from harness.process import environment
from harness.waiting import BUILD, LIMIT, wait_for


@pytest.fixture
def embedded():
    """embedded(): a credisd with a store of its own; embedded(like=daemon) shares the other's directories."""
    daemons = []

    def start(config_text="", services=DEMO, like=None, ready=True, **settings):
        daemon = Credisd("embedded", config_text, services, **settings)
        if like is not None:
            shutil.rmtree(daemon.directory)
            os.mkdir(daemon.directory)
            daemon.config = like.config
        daemon.start(ready=False)
        daemons.append(daemon)
        if ready:
            daemon.wait_status("ready: ")
        return daemon

    yield start
    for daemon in reversed(daemons):
        daemon.close()


def socket_of(daemon):
    return os.path.join(daemon.runtime_dir, "redis.sock")


def connection(daemon):
    return redis_py.Redis(unix_socket_path=socket_of(daemon), decode_responses=True)


def server_pid(daemon):
    with connection(daemon) as redis:
        return redis.info("server")["process_id"]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def links_of(pid):
    """Its descriptors and what they are; some come and go."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[fd] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass
    return found


def position(daemon):
    try:
        with connection(daemon) as redis:
            return redis.hget("credis:{demo}:POS", "value")
    except redis_py.exceptions.RedisError:
        return None


def test_store_is_private_and_appends_to_a_file(embedded):
    daemon = embedded()
    with connection(daemon) as redis:
        config = redis.config_get("*")
    assert (config["port"], config["appendonly"], config["appendfsync"], config["save"]) == ("0", "yes", "everysec", "")
    assert stat.S_IMODE(os.stat(socket_of(daemon)).st_mode) == 0o660
    assert stat.S_IMODE(os.stat(os.path.join(daemon.state_dir, "redis")).st_mode) == 0o750


def test_missing_directories_are_made(embedded):
    daemon = embedded()
    daemon.stop()
    shutil.rmtree(daemon.state_dir)
    shutil.rmtree(daemon.runtime_dir)
    daemon.start(ready=False)
    daemon.wait_status("ready: ")
    assert os.path.isdir(os.path.join(daemon.state_dir, "redis"))


def test_server_ends_with_credisd_and_values_survive(embedded):
    daemon = embedded()
    with connection(daemon) as redis:
        redis.publish("credis:{demo}:POS:modify", "4.5")
    wait_for(lambda: position(daemon) == "4.5")
    pid = server_pid(daemon)
    daemon.stop()
    assert not is_alive(pid)
    daemon.start(ready=False)
    daemon.wait_status("ready: ")
    assert position(daemon) == "4.5"


def test_server_that_dies_is_started_again(embedded):
    daemon = embedded()
    with connection(daemon) as redis:
        redis.publish("credis:{demo}:POS:modify", "5.5")
    wait_for(lambda: position(daemon) == "5.5")
    for number, told in ((signal.SIGKILL, "signal 9"), (signal.SIGTERM, "status 0")):
        mark, pid = daemon.mark(), server_pid(daemon)
        os.kill(pid, number)
        daemon.wait_log(f"-store redis-server ended with {told}", after=mark)
        daemon.wait_log("+store", after=mark)
        daemon.wait_log("+ready", after=mark)
        assert "WARNING" not in daemon.log().partition("-store")[2].partition("\n")[0]
        assert position(daemon) == "5.5"
        assert server_pid(daemon) != pid


def test_server_has_no_descriptor_of_ours(embedded):
    """0 is the lock on the directory, 1 and 2 are the log; what it opens itself is its own."""
    daemon = embedded('metrics = { listen = "127.0.0.1:0"; };')
    pid = server_pid(daemon)
    links = links_of(pid)
    assert links["0"] == os.path.join(daemon.state_dir, "redis", "lock")
    assert links["1"] == links["2"] and links["1"].startswith("pipe:")
    ours = set(links_of(daemon.pid).values())
    shared = {link for fd, link in links.items() if link in ours and fd not in "012"}
    assert not {link for link in shared if link.startswith(("socket:", "pipe:"))}
    with open(f"/proc/{pid}/environ", "rb") as file:
        assert b"NOTIFY_SOCKET" not in file.read()


def test_interrupt_of_the_terminal_reaches_credisd_only(embedded):
    daemon = embedded()
    assert os.getpgid(server_pid(daemon)) == server_pid(daemon)


def test_directory_in_use_is_refused_and_names_the_owner(embedded):
    first = embedded()
    second = embedded(like=first, ready=False)
    assert second.wait() == 3
    assert (f"-start the embedded store: {first.state_dir}/redis is in use by another credisd (pid {first.pid})"
            in second.log())
    assert position(first) is not None


def test_killed_credisd_leaves_nothing_that_blocks_its_restart(embedded):
    daemon = embedded()
    pid = server_pid(daemon)
    daemon.kill()
    wait_for(lambda: not is_alive(pid))
    daemon.start(ready=False)
    daemon.wait_status("ready: ")


def test_server_that_a_killed_credisd_left_stopped_is_ended_first(embedded):
    daemon = embedded()
    pid = server_pid(daemon)
    os.kill(pid, signal.SIGSTOP)
    daemon.kill()
    daemon.start(ready=False)
    daemon.wait_status("ready: ")
    assert not is_alive(pid)
    assert server_pid(daemon) != pid


def test_server_that_does_not_end_is_killed_in_the_end(embedded):
    daemon = embedded()
    pid = server_pid(daemon)
    os.kill(pid, signal.SIGSTOP)
    daemon.stop()
    assert not is_alive(pid)


def test_socket_in_use_by_another_server_is_left_alone(embedded, redis_server):
    other = redis_server()
    daemon = embedded(f'runtime_dir = "{other.directory}";', ready=False)
    assert daemon.wait() == 3
    assert f"-start the embedded store: {other.socket} is in use by another server" in daemon.log()
    assert other.answers()


def test_missing_redis_server_is_a_sentence_and_status_3():
    config = Credisd("embedded", "", DEMO)
    try:
        done = subprocess.run([BUILD / "credisd", "-c", config.config], capture_output=True, text=True,
                              env=environment(PATH="/nowhere"), timeout=LIMIT)
    finally:
        shutil.rmtree(config.directory)
    assert done.returncode == 3
    assert done.stderr.endswith("error -start the embedded store: redis-server is not installed\n")


def test_server_that_cannot_start_is_told_why_and_tried_again(embedded):
    """Its append-only file is spoiled; credisd is up, says so, and goes on by itself once that is mended."""
    daemon = embedded()
    daemon.stop()
    files = os.path.join(daemon.state_dir, "redis", "appendonlydir")
    spoiled = os.path.join(files, next(name for name in os.listdir(files) if name.endswith(".manifest")))
    with open(spoiled, encoding="utf-8") as file:
        text = file.read()
    with open(spoiled, "w", encoding="utf-8") as file:
        file.write("file nonsense\n")
    daemon.start(ready=False)
    daemon.wait_log("-store redis-server ended with status 1: ")
    daemon.wait_status("redis-server ended with status 1: ")
    daemon.wait_ready()
    with open(spoiled, "w", encoding="utf-8") as file:
        file.write(text)
    daemon.wait_status("ready: ")


def test_reload_leaves_the_server_alone(embedded):
    daemon = embedded()
    pid = server_pid(daemon)
    daemon.reload()
    assert server_pid(daemon) == pid
    assert not re.search(r"-store", daemon.log())
