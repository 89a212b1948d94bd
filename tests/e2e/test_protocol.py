"""What a dispatcher promises on the wire: each request answered once, none executed twice or late."""

import threading
import time

import pytest
from harness.links import Links
from harness.peer import Peer


@pytest.fixture
def peer(redis, credisd):
    credisd()
    peer = Peer(redis)
    yield peer
    peer.close()


def hash_of(redis, keyword):
    return redis.connection().hgetall(f"credis:{{demo}}:{keyword}")


def test_a_modify_is_answered_done_with_the_stored_form(peer, redis):
    answer = peer.ask("POS", " 4.50 ")
    assert (answer["is"], answer["body"]) == ("done", "4.5")
    stored = hash_of(redis, "POS")
    assert stored == {"value": "4.5", "time": answer["time"], "seq": answer["seq"]}


def test_a_refusal_names_keyword_fault_and_limit(peer, redis):
    before = hash_of(redis, "POS")
    answer = peer.ask("POS", "99")
    assert (answer["is"], answer["code"]) == ("refused", "range")
    assert answer["body"] == "POS: 99 is above the maximum 10"
    assert answer["seq"] == before["seq"]
    assert hash_of(redis, "POS") == before


@pytest.mark.parametrize("keyword, text, code", [
    ("POS", "abc", "type"), ("COUNT", "4.1", "type"), ("COUNT", "101", "range"), ("FILTER", "X", "values"),
    ("OFFSET", "[1]", "length"), ("CODE", "ABC", "pattern"), ("VERSION", "2", "read-only"),
    ("NAME", "x" * 1001, "length"), ("NAME", b"\xff\xfe", "type"), ("LIT", "maybe", "type"),
])
def test_each_kind_of_refusal_has_its_code(peer, keyword, text, code):
    answer = peer.ask(keyword, text)
    assert (answer["is"], answer["code"]) == ("refused", code)
    assert answer["body"].startswith(f"{keyword}: ")


def test_sequences_count_one_by_one(peer):
    numbers = [int(peer.ask("COUNT", str(n))["seq"]) for n in range(5)]
    assert numbers == list(range(numbers[0], numbers[0] + 5))


def test_writes_of_one_keyword_keep_their_order(peer, redis):
    numbers = [peer.send("COUNT", str(n)) for n in range(100)]
    seqs = [int(peer.final(n)["seq"]) for n in numbers]
    assert seqs == sorted(seqs) and len(set(seqs)) == 100
    assert hash_of(redis, "COUNT")["value"] == "99"


def test_a_retransmission_is_answered_again_and_not_executed(peer, redis):
    number = peer.send("COUNT", "1")
    first = peer.final(number)
    peer.ask("COUNT", "2")
    peer.send("COUNT", "1", number=number)
    assert peer.final(number, count=2) == first
    assert hash_of(redis, "COUNT")["value"] == "2"


def test_a_retransmission_out_of_order_is_executed_if_it_was_never_seen(peer, redis):
    first = peer.next_id
    peer.next_id += 1
    peer.ask("COUNT", "2")
    peer.send("COUNT", "1", number=first)
    assert peer.final(first)["is"] == "done"
    assert hash_of(redis, "COUNT")["value"] == "1"


def test_a_retransmission_from_before_memory_reaches_is_answered_unknown(peer, redis):
    peer.next_id = 100000
    peer.ask("COUNT", "2")
    peer.send("COUNT", "1", number=7)
    assert peer.final(7)["is"] == "unknown"
    assert hash_of(redis, "COUNT")["value"] == "2"


def test_past_its_deadline_a_request_is_answered_expired(peer, redis):
    answer = peer.ask("POS", "5", expires=-1.5)
    assert answer["is"] == "expired"
    assert answer["body"].startswith("POS: not executed")
    assert hash_of(redis, "POS")["value"] == "3"


def test_what_was_sent_before_the_dispatcher_took_over_is_answered_unknown(peer, redis):
    assert peer.ask("POS", "5", sent=time.time() - 3600)["is"] == "unknown"
    assert hash_of(redis, "POS")["value"] == "3"


def test_if_seq_writes_only_at_that_sequence(peer, redis):
    seq = int(peer.ask("POS", "5")["seq"])
    assert peer.ask("POS", "6", if_seq=seq)["is"] == "done"
    late = peer.ask("POS", "7", if_seq=seq)
    assert (late["is"], late["code"], int(late["seq"])) == ("refused", "conflict", seq + 1)
    assert hash_of(redis, "POS")["value"] == "6"


def test_if_seq_counts_no_write_that_failed(peer, redis):
    seq = int(peer.ask("POS", "5")["seq"])
    redis.connection().config_set("maxmemory", 1)
    assert peer.ask("POS", "6")["is"] == "failed"
    redis.connection().config_set("maxmemory", 0)
    assert peer.ask("POS", "7", if_seq=seq)["is"] == "done"


def test_a_set_is_written_as_a_whole(peer, redis):
    numbers = peer.send_set([("POS", "1"), ("count", "2"), ("FILTER", "r")])
    assert [peer.final(n)["body"] for n in numbers] == ["1", "2", "R"]
    assert [hash_of(redis, k)["value"] for k in ("POS", "COUNT", "FILTER")] == ["1", "2", "R"]


def test_a_set_with_one_refused_is_not_written_at_all(peer, redis):
    before = [hash_of(redis, k) for k in ("POS", "COUNT", "FILTER")]
    numbers = peer.send_set([("POS", "1"), ("COUNT", "1000"), ("FILTER", "R")])
    answers = [peer.final(n) for n in numbers]
    assert [a["is"] for a in answers] == ["refused"] * 3
    assert [a["code"] for a in answers] == ["conflict", "range", "conflict"]
    assert "1000 is above the maximum 100" in answers[0]["body"]
    assert [hash_of(redis, k) for k in ("POS", "COUNT", "FILTER")] == before


def test_a_set_that_did_not_come_whole_is_not_written(peer, redis):
    numbers = peer.send_set([("POS", "1"), ("COUNT", "2")], of=3)
    assert {peer.final(n)["is"] for n in numbers} == {"refused"}
    assert hash_of(redis, "POS")["value"] == "3"


def test_independent_writes_in_one_payload_do_not_care_for_each_other(peer, redis):
    numbers = peer.send_set([("POS", "1"), ("NOPE", "2"), ("FILTER", "R")], atomic=False)
    answers = [peer.final(n) for n in numbers]
    assert [a["is"] for a in answers] == ["done", "refused", "done"]
    assert answers[1]["code"] == "unknown-keyword"


def test_a_read_is_answered_with_value_and_sequence(peer, redis):
    peer.ask("POS", "7.5")
    answer = peer.ask("POS", verb="read")
    assert (answer["is"], answer["body"], answer["seq"]) == ("done", "7.5", hash_of(redis, "POS")["seq"])


def test_a_write_only_keyword_is_not_read(peer):
    assert peer.ask("SECRET", "x")["is"] == "done"
    answer = peer.ask("SECRET", verb="read")
    assert answer["is"] == "refused" and answer["body"] == "SECRET: may only be written"


def test_answers_of_one_turn_travel_together(peer, redis):
    with redis.connection(decode_responses=False).pipeline(transaction=False) as pipe:
        numbers = []
        for n in range(200):
            number, header = peer.header()
            numbers.append(number)
            pipe.publish(peer.channel("COUNT"), header + str(n % 100).encode())
        pipe.execute()
    assert {peer.final(n)["is"] for n in numbers} == {"done"}
    assert all(len(peer.answers[n]) == 1 for n in numbers)


WRONG_BYTES = [
    b"@\n", b"@id=1", b"@id=x to=00\n1", b"@id=1 to=XYZ\n1", b"@id=1 id=2\n1", b"@ id=1 =\n1",
    b"@id=99999999999999999999999 \n", b"@len=5\nab", b"@len=1\nab", b"@expires=soon\n1", b"\xff\xfe\x00", b"",
    b"@" + b"x" * 10000 + b"\n1", b"@" + b"a=b " * 100000 + b"\n", b"@id=1 to=" + b"0" * 33 + b"\n1",
]


@pytest.mark.parametrize("number", range(len(WRONG_BYTES)))
def test_wrong_bytes_are_counted_and_the_next_request_is_served(peer, redis, wait_for, number):
    payload = WRONG_BYTES[number]
    statistics = "credis:{demo}:statistics"
    peer.connection.publish(peer.channel("COUNT"), payload)
    assert peer.ask("COUNT", "5")["is"] == "done"
    wait_for(lambda: int(redis.connection().hget(statistics, "faults") or 0) == 1, what="the fault is counted")
    assert hash_of(redis, "DISPERROR")["value"].startswith(("malformed request: header: ", "refused: COUNT: "))


def test_a_refusal_that_nobody_hears_is_a_fault_and_told(peer, redis, wait_for):
    peer.connection.publish(peer.channel("POS"), b"999")
    wait_for(lambda: hash_of(redis, "DISPERROR")["value"] == "refused: POS: 999 is above the maximum 10")
    assert peer.ask("POS", "998")["is"] == "refused"
    wait_for(lambda: redis.connection().hget("credis:{demo}:statistics", "refused") == "2")
    assert redis.connection().hget("credis:{demo}:statistics", "faults") == "1"
    assert "999" in hash_of(redis, "DISPERROR")["value"]


def test_faults_by_the_thousand_are_counted_and_some_are_told(credisd, redis, wait_for):
    daemon = credisd()
    with redis.connection().pipeline(transaction=False) as pipe:
        for _ in range(5000):
            pipe.publish("credis:{demo}:POS:modify", "999")
        pipe.execute()
    wait_for(lambda: redis.connection().hget("credis:{demo}:statistics", "faults") == "5000")
    assert daemon.log().count(" fault demo: ") <= 1000


def test_a_malformed_request_that_can_be_answered_is_answered(peer):
    number, _ = peer.header()
    peer.connection.publish(peer.channel("POS"), f"@id={number} to={peer.name} expires=soon\n4".encode())
    answer = peer.final(number)
    assert (answer["is"], answer["code"]) == ("refused", "malformed")


def test_ten_megabytes_are_refused_and_do_not_stay(peer):
    assert peer.ask("NAME", "x" * 10_000_000)["code"] == "length"
    assert peer.ask("NAME", "fine")["is"] == "done"


def test_a_bare_value_changes_the_keyword_and_is_not_answered(peer, redis, wait_for):
    redis.connection().publish("credis:{demo}:POS:modify", "2.25")
    wait_for(lambda: hash_of(redis, "POS")["value"] == "2.25")
    peer.barrier()
    assert list(peer.answers) == [peer.next_id - 1]


def test_a_wrong_type_under_the_key_is_written_over(peer, redis):
    connection = redis.connection()
    seq = int(hash_of(redis, "POS")["seq"])
    connection.delete("credis:{demo}:POS")
    connection.rpush("credis:{demo}:POS", "not", "ours")
    answer = peer.ask("POS", "5")
    assert answer["is"] == "done" and int(answer["seq"]) > seq
    assert hash_of(redis, "POS")["value"] == "5"


def test_a_write_over_a_wrong_type_goes_over_no_later_one(redis, credisd, wait_for):
    links = Links(f"store={redis.directory}/link={redis.socket}")
    credisd(url=f"unix://{redis.directory}/link")
    peer, connection = Peer(redis), redis.connection()
    beat = connection.hget("credis:{demo}:statistics", "beat")
    wait_for(lambda: connection.hget("credis:{demo}:statistics", "beat") != beat, what="it has just looked by itself")
    links.tell("store", "upto", "WRONGTYPE")
    connection.pipeline().delete("credis:{demo}:POS").rpush("credis:{demo}:POS", "not", "ours").execute()
    first, second = peer.send_set([("POS", "1"), ("POS", "2")], atomic=False)
    wait_for(lambda: connection.type("credis:{demo}:POS") == "hash")
    third = peer.send("POS", "3")
    wait_for(lambda: hash_of(redis, "POS")["value"] == "3")
    links.tell("store", "pass")
    assert [peer.final(number)["is"] for number in (first, second, third)] == ["done", "failed", "done"]
    assert "later value" in peer.final(second)["body"]
    assert int(peer.final(first)["seq"]) < int(peer.final(third)["seq"])
    peer.barrier()
    assert hash_of(redis, "POS")["value"] == "3"
    peer.close()


def test_what_meddlers_write_is_put_right(peer, redis, wait_for):
    redis.connection().hset("credis:{demo}:POS", "value", "nonsense")
    wait_for(lambda: hash_of(redis, "POS")["value"] == "3", 3)
    redis.connection().delete("credis:{demo}:FILTER")
    wait_for(lambda: hash_of(redis, "FILTER").get("value") == "open", 3)


def test_everything_is_registered_again_after_flushall(peer, redis, wait_for):
    peer.ask("POS", "8")
    connection = redis.connection()
    connection.flushall()
    wait_for(lambda: hash_of(redis, "POS").get("value") == "8", 2.5, "the value is back")
    wait_for(lambda: connection.hlen("credis:{demo}:keywords") == 18, 1, "descriptions are back")
    wait_for(lambda: connection.sismember("credis:services", "demo"), 1, "the service is listed")
    assert peer.ask("POS", "9")["is"] == "done"


def test_out_of_memory_is_answered_for_what_it_is(peer, redis):
    connection = redis.connection()
    connection.config_set("maxmemory", "1")
    try:
        answer = peer.ask("POS", "5")
    finally:
        connection.config_set("maxmemory", "0")
    assert (answer["is"], answer["code"]) == ("failed", "store")
    assert "memory" in answer["body"]
    assert hash_of(redis, "POS")["value"] == "3"
    assert peer.ask("POS", "6")["is"] == "done"


def test_a_set_that_memory_was_not_enough_for_says_so_of_each(peer, redis):
    connection = redis.connection()
    connection.config_set("maxmemory", "1")
    try:
        answers = [peer.final(number) for number in peer.send_set([("POS", "5"), ("COUNT", "2")])]
    finally:
        connection.config_set("maxmemory", "0")
    assert [(answer["is"], answer["code"]) for answer in answers] == [("failed", "store")] * 2
    assert all("memory" in answer["body"] for answer in answers), answers
    assert hash_of(redis, "POS")["value"] == "3"
    assert peer.ask("POS", "6")["is"] == "done"


def test_a_read_only_store_is_answered_for_what_it_is(peer, redis):
    connection = redis.connection()
    connection.config_set("min-replicas-to-write", "1")
    try:
        answer = peer.ask("POS", "5")
    finally:
        connection.config_set("min-replicas-to-write", "0")
    assert (answer["is"], answer["code"]) == ("failed", "store")


def test_requests_wait_while_the_store_blinks(peer, redis, credisd):
    """The command connection alone is lost: the request is executed, or answered, all the same."""
    connection = redis.connection()
    for client in connection.client_list():
        if client["name"] == "credisd" and client["sub"] == "0":
            connection.client_kill_filter(_id=client["id"])
    answer = peer.ask("POS", "5")
    assert answer["is"] in ("done", "failed")
    assert hash_of(redis, "POS")["value"] == ("5" if answer["is"] == "done" else "3")


def test_momentary_keywords_always_read_false(redis, credisd):
    credisd(services="""services = ( { name = "demo"; keywords = (
        { name = "PARK"; type = "boolean"; command = true; help = "Momentary"; } ); } );""")
    peer = Peer(redis)
    before = int(hash_of(redis, "PARK")["seq"])
    assert peer.ask("PARK", "false")["body"] == "false"
    assert int(hash_of(redis, "PARK")["seq"]) == before
    assert peer.ask("PARK", "true")["body"] == "false"
    assert int(hash_of(redis, "PARK")["seq"]) == before + 1
    peer.close()


def test_force_false_does_not_write_the_present_value(redis, credisd):
    credisd(services="""services = ( { name = "demo"; keywords = (
        { name = "N"; type = "integer"; force = false; initial = "1"; help = "n"; } ); } );""")
    peer = Peer(redis)
    seq = hash_of(redis, "N")["seq"]
    assert (peer.ask("N", "1")["is"], hash_of(redis, "N")["seq"]) == ("done", seq)
    assert int(peer.ask("N", "2")["seq"]) == int(seq) + 1
    peer.close()


def test_heartbeats_count_once_a_period(redis, credisd, wait_for):
    credisd(services="""services = ( { name = "demo"; keywords = (
        { name = "BEAT"; type = "integer"; heartbeat = true; period = "50 milliseconds"; help = "b"; } ); } );""")
    first = int(hash_of(redis, "BEAT")["value"])
    wait_for(lambda: int(hash_of(redis, "BEAT")["value"]) >= first + 3, 5)
    own = int(hash_of(redis, "DISPBEAT")["value"])
    wait_for(lambda: int(hash_of(redis, "DISPBEAT")["value"]) > own, 5)


def test_the_sequence_never_goes_back_over_what_lay_under_the_key(redis, credisd):
    credisd()
    numbers, key = [], "credis:{demo}:COUNT"

    def watch(monitor):
        for each in monitor.listen():
            words = each["command"].split()
            if words[:2] == ["HSET", key]:
                numbers.append(int(words[words.index("seq") + 1]))
            if words[:2] == ["GET", "enough"]:
                return

    with redis.connection().monitor() as monitor:
        watcher = threading.Thread(target=watch, args=(monitor,))
        watcher.start()
        for n in range(200):
            with redis.connection().pipeline(transaction=False) as hand:
                if n % 4 == 0:
                    hand.delete(key).rpush(key, "junk")
                for _ in range(20):
                    hand.publish(f"{key}:modify", "5")
                hand.execute()
        peer = Peer(redis)
        peer.ask("COUNT", "6")
        redis.connection().get("enough")
        watcher.join(20)
    assert numbers == sorted(numbers) and len(numbers) > 4000
    peer.close()
