"""The store fails in every way it can: each is answered for what it is, and nothing acknowledged is lost."""

import os

from harness.daemon import DEMO
from harness.peer import Peer


def stored(redis, keyword):
    return redis.connection().hget(f"credis:{{demo}}:{keyword}", "value")


def memory_kib(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))


def test_every_acknowledged_write_is_there_after_a_kill(redis_server, credisd, wait_for):
    """kill -9 of the dispatcher in the middle of a flood; the store appends each write before it answers."""
    count = int(os.environ.get("CREDIS_KILL_WRITES", "20000"))
    redis = redis_server("--appendonly", "yes", "--appendfsync", "always")
    services = """services = ( { name = "demo"; keywords = ( %s ); } );""" % ", ".join(
        f'{{ name = "N{n}"; type = "integer"; help = "n"; }}' for n in range(20))
    daemon = credisd(url=redis.url, services=services)
    peer = Peer(redis)
    sent = {}

    def killed_in_the_middle():
        peer.pump()
        if len(peer.answers) > count // 2 and daemon.is_running():
            daemon.kill()
        return not daemon.is_running()

    with redis.connection(decode_responses=False).pipeline(transaction=False) as pipe:
        for n in range(count):
            number, header = peer.header()
            sent[number] = (f"N{n % 20}", n)
            pipe.publish(peer.channel(f"N{n % 20}"), header + str(n).encode())
            if n % 1000 == 999:
                pipe.execute()
                killed_in_the_middle()
    wait_for(killed_in_the_middle)  # a slow one answers behind
    peer.pump()
    newest = {}
    for number in peer.answers:
        assert peer.finals(number)[0]["is"] == "done"
        keyword, value = sent[number]
        newest[keyword] = max(newest.get(keyword, -1), value)
    redis.kill()
    redis.start()
    for keyword, value in newest.items():
        assert int(stored(redis, keyword)) >= value
    peer.close()


def test_a_flood_while_the_store_stands_still_does_not_grow_the_daemon(redis, credisd, wait_for):
    """Bounded memory, and served again within two seconds of the store's return."""
    count = int(os.environ.get("CREDIS_FLOOD", "200000"))
    daemon = credisd()
    peer = Peer(redis)
    peer.ask("POS", "1")
    packed = redis.connection(decode_responses=False).connection_pool.get_connection("PUBLISH")
    command = packed.pack_command("PUBLISH", "credis:{demo}:COUNT:modify", "7")[0]
    packed._sock.setblocking(False)
    redis.pause()
    waiting = command * count
    try:
        waiting = waiting[packed._sock.send(waiting):]
    except BlockingIOError:
        pass
    redis.resume()
    packed._sock.settimeout(60)
    answers = 0
    while waiting or answers < count:
        if waiting:
            waiting = waiting[packed._sock.send(waiting[:1 << 20]):]
        answers += packed._sock.recv(1 << 20).count(b":")
    # What is held back fills the queue: until it has been worked off, busy is the right answer.
    wait_for(lambda: peer.ask("POS", "2", expires=20)["is"] == "done", what="served again")
    assert memory_kib(daemon.pid, "VmHWM") < 200 * 1024
    peer.close()


def test_a_store_that_cannot_save_is_answered_for_what_it_is(redis, credisd, wait_for):
    """As with a full disk: the server takes no more writes until it could save."""
    credisd()
    os.mkdir(os.path.join(redis.directory, "dump.rdb"))
    redis.connection().config_set("save", "1 1")
    peer = Peer(redis)
    peer.ask("COUNT", "1")
    wait_for(lambda: redis.connection().info("persistence")["rdb_last_bgsave_status"] != "ok",
             what="the server failed to save")
    answer = peer.ask("COUNT", "2")
    assert (answer["is"], answer["code"]) == ("failed", "store")
    assert "save" in answer["body"] or "disk" in answer["body"]
    redis.connection().config_set("save", "")
    redis.connection().config_set("stop-writes-on-bgsave-error", "no")
    assert peer.ask("COUNT", "3")["is"] == "done"
    peer.close()


ALARMED = """services = ( { name = "demo"; keywords = (
    { name = "A"; type = "integer"; alarm = { high = 10; }; }, { name = "B"; type = "integer"; } ); } );"""


def test_a_store_out_of_memory_is_answered_for_what_it_is(redis, credisd, cli, wait_for):
    """Also where the write is a transaction: a severity is taken away."""
    credisd(services=ALARMED)
    assert cli("modify", "demo.A=20").status == 0
    redis.connection().config_set("maxmemory", "1mb")
    wait_for(lambda: is_full(redis), what="the server is out of memory")
    for keyword in ("A", "B", "A"):
        done = cli("modify", f"demo.{keyword}=3")
        assert (done.status, done.error) == (
            1, f"demo.{keyword}: not written: the store is out of memory (maxmemory)")
    redis.connection().config_set("maxmemory", "0")
    assert cli("modify", "demo.A=3").status == 0
    reading = cli("show", "--json", "demo.A").json
    assert (reading["value"], reading["severity"]) == (3, "none")


def is_full(redis):
    try:
        return not redis.connection().set("probe", "x")
    except Exception as fault:
        return "OOM" in str(fault)


def test_a_script_that_does_not_end_makes_requests_fail_in_time(redis, credisd, wait_for):
    credisd()
    peer = Peer(redis)
    connection = redis.connection()
    connection.config_set("busy-reply-threshold", "100")
    busy = redis.connection()
    pipe = busy.connection_pool.get_connection("EVAL")
    pipe.send_command("EVAL", "while true do end", 0)
    wait_for(lambda: is_busy(redis), what="the script is busy")
    redis.connection().script_kill()
    wait_for(lambda: not is_busy(redis), what="the script is gone")
    assert peer.ask("POS", "5")["is"] == "done"
    peer.close()


def is_busy(redis):
    try:
        redis.connection().ping()
    except Exception as fault:
        return "BUSY" in str(fault)
    return False


def test_a_user_without_rights_is_told_what_lacks(redis, credisd, cli):
    connection = redis.connection()
    connection.execute_command("ACL", "SETUSER", "clerk", "on", ">pw", "~*", "&*", "+@all", "-hset")
    url = redis.url.replace("unix://", "unix://clerk:pw@")
    daemon = credisd(url=url, services=DEMO, ready=False)
    daemon.wait_log("hset")
    connection.execute_command("ACL", "SETUSER", "clerk", "+hset")
    daemon.wait_log("+served")


def test_a_wrong_password_is_said_and_a_right_one_heals(redis_server, credisd, wait_for):
    redis = redis_server(password="secret")
    daemon = credisd(url=redis.url.replace("secret", "wrong"), ready=False)
    daemon.wait_log("password")
    redis.connection().config_set("requirepass", "wrong")
    daemon.wait_log("+served")


def test_a_server_that_turns_connections_away_is_said(redis, credisd, cli, wait_for):
    credisd()
    connection = redis.connection()
    connection.config_set("maxclients", "1")
    result = cli("show", "demo.POS", "-t", "3s")
    assert result.status == 4
    assert "clients" in result.error
    connection.config_set("maxclients", "1000")
    assert cli("show", "demo.POS").status == 0


def test_a_store_that_stands_still_makes_requests_fail_in_time(redis, credisd, cli):
    credisd()
    redis.pause()
    try:
        result = cli("modify", "demo.POS=5", "-t", "1s", limit=30)
    finally:
        redis.resume()
    assert result.status in (3, 4)
    assert cli("modify", "demo.POS=6", "-t", "20s").status == 0
