"""Each promise that is broken by hand, and the checker's word on it; and a good story, of which it says nothing."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]

from audit import Audit, commands, token  # noqa: E402
from checker import Case, check  # noqa: E402
from faults import KINDS, schedule  # noqa: E402
from records import Records  # noqa: E402

FIRST, SECOND, THIRD = "100000001", "100000002", "200000001"
NEVER = 10**15


def hset(keyword, value, seq, time="1.000000"):
    return [w.encode() for w in ("HSET", "credis:{storm}:" + keyword, "value", value, "time", time, "seq", str(seq))]


def words(text):
    return [w.encode() for w in text.split()]


def lease(name):
    return [b"SET", b"credis:{storm}:dispatcher", b'{"id":"%s"}' % name.encode(), b"PXAT", b"1"]


class Story:
    """A campaign told by hand: what the store did, what the clients put down."""

    def __init__(self):
        self.store = [lease("a"), hset("I0", "0", 1)]
        self.lines = []
        self.snapshot = {}
        self.calm = set()
        self.stalls = []

    def ask(self, time, number, keyword="I0", kind="modify", group=0, if_seq=-1, expires=NEVER, length=9, word="ask"):
        self.lines.append(f"{word} {time} {number} {keyword} {kind} {group} {if_seq} {expires} {length}")
        return self

    def end(self, time, number, code="done", seq=0, value="-", length=9):
        self.lines.append(f"end {time} {number} {code} {seq} {value} {length}")
        return self

    def done(self, time, number, seq, keyword="I0", **more):
        """Asked, written, answered."""
        self.ask(time, number, keyword, **more)
        self.store.append(hset(keyword, number, seq))
        return self.end(time + 10, number, "done", seq, number)

    def note(self, line):
        self.lines.append(line)
        return self

    def did(self, *command):
        self.store += command
        return self

    def verdict(self):
        records = Records()
        for line in self.lines:
            records.take(line)
        case = Case(records, Audit(self.store), self.snapshot, self.calm, self.stalls)
        return {rule for rule, _ in check(case)}


def test_a_good_story_has_no_violation():
    story = Story().done(10, FIRST, 2).done(30, SECOND, 3)
    story.ask(50, THIRD).end(60, THIRD, "busy")
    story.note("watch 5 300000001 I*").note(f"value 12 300000001 I0 2 {FIRST} 9").note(f"value 40 300000001 I0 3 {SECOND} 9")
    story.note("look 70 300000002 I0 0").note(f"saw 71 300000002 done 3 {SECOND} 9")
    story.snapshot = {"I0": (3, SECOND)}
    assert story.verdict() == set()


@pytest.mark.parametrize("ends", [[], ["done", "done"]])
def test_a_request_needs_exactly_one_outcome(ends):
    story = Story().did(hset("I0", FIRST, 2)).ask(10, FIRST)
    for code in ends:
        story.end(20, FIRST, code, 2, FIRST)
    assert story.verdict() == {"answered once"}


def test_accepted_may_not_follow_the_outcome():
    assert Story().done(10, FIRST, 2).note(f"accepted 99 {FIRST}").verdict() == {"answered once"}


def test_an_outcome_after_what_was_not_taken_is_one_too_many():
    story = Story().ask(10, FIRST).note(f"untaken 10 {FIRST} busy").end(20, FIRST, "busy")
    assert story.verdict() == {"answered once"}


def test_a_peer_of_the_wire_may_hear_the_same_answer_twice_but_not_two_answers():
    story = Story().done(10, FIRST, 2, word="wire").end(30, FIRST, "done", 2, FIRST).end(40, FIRST, "unknown")
    assert story.verdict() == set()
    assert story.end(50, FIRST, "failed").verdict() == {"answered once"}


def test_an_outcome_long_after_the_deadline_is_late():
    assert Story().ask(10, FIRST, expires=1000).end(3_000_000, FIRST, "deadline").verdict() == {"in time"}


def test_a_client_that_was_not_let_run_is_not_late():
    story = Story().ask(10, FIRST, expires=1000).end(3_000_000, FIRST, "deadline")
    story.stalls = [(900, 2_900_000)]
    assert story.verdict() == set()


def test_done_without_a_write_is_a_lie():
    assert "done is done" in Story().ask(10, FIRST).end(20, FIRST, "done", 2, FIRST).verdict()


def test_done_under_another_number_than_was_written_is_a_lie():
    story = Story().did(hset("I0", FIRST, 2)).ask(10, FIRST).end(20, FIRST, "done", 3, FIRST)
    assert story.verdict() == {"done is done"}


def test_a_write_of_another_length_than_was_asked_is_found():
    story = Story().did(hset("S0", f"s{FIRST}.x", 2)).ask(10, FIRST, "S0", length=30).end(20, FIRST, "deadline")
    assert story.verdict() == {"done is done"}


@pytest.mark.parametrize("code", ["range", "conflict", "busy", "expired", "unserved", "unreachable"])
def test_what_was_refused_may_not_be_written(code):
    story = Story().did(hset("I0", FIRST, 2)).ask(10, FIRST).end(20, FIRST, code)
    assert story.verdict() == {"refused is not done"}


@pytest.mark.parametrize("code", ["store", "unknown", "deadline", "lost"])
def test_what_was_left_open_may_be_written_or_not(code):
    assert Story().did(hset("I0", FIRST, 2)).ask(10, FIRST).end(20, FIRST, code).verdict() == set()
    assert Story().ask(10, FIRST).end(20, FIRST, code).verdict() == set()


def test_a_value_out_of_range_may_not_be_written():
    story = Story().did(hset("I0", str(int(FIRST) + 10**12), 2)).ask(10, FIRST, kind="wrong").end(20, FIRST, "deadline")
    assert story.verdict() == {"refused is not done"}


def test_a_request_written_twice_is_found():
    story = Story().ask(10, FIRST).end(20, FIRST, "deadline").did(hset("I0", FIRST, 2), hset("I0", FIRST, 3))
    assert story.verdict() == {"history"}


def test_a_request_written_twice_with_another_between_is_found():
    assert Story().done(10, FIRST, 2).done(30, SECOND, 3).did(hset("I0", FIRST, 4)).verdict() == {"history"}


def test_a_failed_write_may_be_undone_to_heal():
    story = Story().done(10, FIRST, 2).ask(30, SECOND).end(40, SECOND, "store")
    assert story.did(hset("I0", SECOND, 3), hset("I0", FIRST, 4)).verdict() == set()


def test_numbers_may_not_go_back():
    assert Story().done(10, FIRST, 5).done(30, SECOND, 4).verdict() == {"history"}
    assert Story().done(10, FIRST, 5).done(30, SECOND, 5).verdict() == {"history"}


def test_a_flushed_store_is_filled_from_memory():
    story = Story().done(10, FIRST, 2).did(words("FLUSHALL"), lease("a"), hset("I0", FIRST, 2))
    assert story.verdict() == set()


def test_what_was_done_may_not_be_lost_in_a_flush_while_its_dispatcher_lives():
    story = Story().done(10, FIRST, 2).did(words("FLUSHALL"), lease("a"), hset("I0", "0", 3))
    assert story.verdict() == {"history"}


def test_what_was_done_may_be_lost_in_a_flush_with_its_dispatcher_but_not_in_a_calm_one():
    story = Story().done(10, FIRST, 2).did(words("FLUSHALL"), lease("b"), hset("I0", "0", 1))
    assert story.verdict() == set()
    story.calm = {0}
    assert story.verdict() == {"history"}


def test_what_was_done_may_not_be_undone_at_a_take_over():
    assert Story().done(10, FIRST, 2).did(lease("b"), hset("I0", "0", 3)).verdict() == {"history"}


def test_what_is_asked_after_another_was_done_comes_after_it():
    story = Story().did(hset("I0", SECOND, 2)).done(10, FIRST, 3).ask(50, SECOND).end(60, SECOND, "done", 2, SECOND)
    assert story.verdict() == {"order"}


def test_a_reading_may_not_be_older_than_what_was_done():
    story = Story().done(10, FIRST, 2).done(30, SECOND, 3).note("look 60 300000001 I0 0")
    assert story.note(f"saw 61 300000001 done 2 {FIRST} 9").verdict() == {"order"}


def test_a_reading_of_what_never_was_is_found():
    assert Story().note("look 60 300000001 I0 0").note("saw 61 300000001 done 7 5 1").verdict() == {"order"}


def two_of_a_set(story):
    story.ask(10, FIRST, "I0", group=FIRST).ask(10, SECOND, "I1", group=FIRST)
    return story.end(20, FIRST, "deadline").end(20, SECOND, "deadline")


def test_a_set_is_written_whole():
    story = Story().did(words("MULTI"), hset("I0", FIRST, 2), hset("I1", SECOND, 2), words("EXEC"))
    assert two_of_a_set(story).verdict() == set()


def test_a_part_of_a_set_is_found():
    assert two_of_a_set(Story().did(words("MULTI"), hset("I0", FIRST, 2), words("EXEC"))).verdict() == {"sets"}


def test_a_set_in_pieces_is_found():
    assert two_of_a_set(Story().did(hset("I0", FIRST, 2), hset("I1", SECOND, 2))).verdict() == {"sets"}


def test_a_write_of_a_set_that_had_to_make_way_for_itself_comes_alone():
    story = Story().did(hset("I1", "0", 1), words("MULTI"), hset("I0", FIRST, 2), words("EXEC"))
    story.did(words("MULTI"), words("DEL credis:{storm}:I1"), hset("I1", SECOND, 2), words("EXEC"))
    assert two_of_a_set(story).verdict() == set()


def test_if_seq_is_kept_to():
    assert Story().done(10, FIRST, 2, if_seq=1).verdict() == set()
    assert Story().done(10, FIRST, 2, if_seq=7).verdict() == {"if-seq"}
    assert Story().did(words("FLUSHALL")).done(10, FIRST, 2, if_seq=1).verdict() == set()


def test_a_write_after_its_deadline_is_late():
    story = Story().ask(10, FIRST, expires=5_000_000).did(hset("I0", FIRST, 2, "5.200000")).end(20, FIRST, "deadline")
    assert story.verdict() == {"never late"}


def watched(story, *shown):
    story.note("watch 5 300000001 I*")
    for time, (seq, value) in enumerate(shown, 100):
        story.note(f"value {time} 300000001 I0 {seq} {value} 9")
    return story


def test_a_monitor_may_not_go_back():
    story = Story().done(10, FIRST, 2).done(30, SECOND, 3)
    assert watched(story, (3, SECOND), (2, FIRST)).verdict() == {"monitors"}


def test_a_monitor_may_not_show_what_never_was():
    assert watched(Story(), (9, FIRST)).verdict() == {"monitors"}


@pytest.mark.parametrize("shown", [[], [(2, FIRST)]])
def test_a_monitor_ends_up_right(shown):
    story = watched(Story().done(10, FIRST, 2).done(30, SECOND, 3), *shown)
    story.snapshot = {"I0": (3, SECOND)}
    assert story.verdict() == {"monitors"}


def test_a_monitor_that_was_freed_need_not_end_up_right():
    story = watched(Story().done(10, FIRST, 2).done(30, SECOND, 3), (2, FIRST)).note("unwatch 200 300000001")
    story.snapshot = {"I0": (3, SECOND)}
    assert story.verdict() == set()


def test_what_was_flushed_is_stored_again():
    assert Story().done(10, FIRST, 2).did(words("FLUSHALL")).verdict() == {"healed"}


def test_the_store_holds_what_its_history_ends_with():
    story = Story().done(10, FIRST, 2)
    story.snapshot = {"I0": (1, "0")}
    assert story.verdict() == {"healed"}


def test_a_witness_that_cannot_be_understood_is_no_good_witness():
    assert Story().note("gibberish").verdict() == {"records"}
    records = Records()
    records.take("bye 5")
    assert [rule for rule, _ in check(Case(records, Audit([]), clients=2))] == ["records"]


def test_tokens_name_the_request_or_the_value():
    assert [token(v) for v in (b"s100000001.xx", b"100000001", b"init", b"s100000001.xy")] == [FIRST, FIRST, "init", "garbled"]


def test_a_torn_tail_ends_the_history(tmp_path):
    whole = b"#TS:1\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
    for torn in (b"*2\r\n$3\r\nDE", b"*2\r\n$3", b"*2\r\n$3\r\nDEL\r\n"):
        (tmp_path / "aof").write_bytes(whole + torn)
        assert list(commands(tmp_path / "aof")) == [[b"DEL", b"a"]]


def test_a_seed_is_a_schedule():
    assert [str(f) for f in schedule(7, 60, KINDS)] == [str(f) for f in schedule(7, 60, KINDS)]
    assert [str(f) for f in schedule(7, 60, KINDS)] != [str(f) for f in schedule(8, 60, KINDS)]
    assert all(f.start + f.length < 60 for f in schedule(7, 60, KINDS))
