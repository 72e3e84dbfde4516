"""When a person is told what, by the pure rules alone."""

import json
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import pytest
from appliance_mail.options import Security
from appliance_notify.memory import FILE, MOST_NOTES, Memory, load, save
from appliance_notify.notes import LONGEST, Kind, Note, merged
from appliance_notify.options import Clips, EmailOptions, NtfyOptions, Rules, WebhookOptions
from appliance_notify.rules import (
    Debounced,
    Recorded,
    begun,
    hear_clip,
    silence_due,
    summary,
    summary_due,
    summed_up,
    tell_faults,
    tell_silence,
)
from attrs import evolve

from appliance.config.options import Seconds, TimeOfDay
from appliance.plugin import ClockSource, ClockStamp, FaultReport, Verdict
from appliance.testing.clock import ManualClock
from appliance.testing.services import finished

DAY = 86_400.0


def clip(name: str, seconds: float = 3.0, verdict: Verdict = Verdict.OK) -> Recorded:
    return evolve(Recorded.of(finished(name, seconds=seconds).clip), verdict=verdict)


def now(day: int = 1, hour: int = 12, minute: int = 0, *, offset: int = 0, source: str = "ntp") -> ClockStamp:
    """That local time in January 2027."""
    wall = datetime(2027, 1, day, hour, minute, tzinfo=UTC).timestamp() - offset
    return evolve(ManualClock().stamp(), wall_ns=round(wall * 1e9), utc_offset=offset, source=ClockSource(source))


def test_a_clip_is_told_once_with_its_link_and_what_is_odd_about_it() -> None:
    rules = Rules(clips=Clips.WORDS, link="https://box.example/clips/{id}")
    memory = hear_clip(Memory(), rules, clip("hello", 65), now())
    memory = hear_clip(memory, rules, clip("hello", 65), now())
    memory = hear_clip(memory, rules, clip("quiet", 5, Verdict.SILENT), now())
    memory = hear_clip(memory, rules, clip("cough", 0.2, Verdict.TOO_SHORT), now())
    assert [note.text for note in memory.notes] == ["hello, 1:05", "quiet, 5.0 s (it is silent)"]
    assert memory.notes[0].link == "https://box.example/clips/id-hello"


def test_nothing_is_told_of_clips_where_nobody_wants_it() -> None:
    memory = hear_clip(Memory(silent=True), Rules(), clip("hello"), now())
    assert memory.notes == () and not memory.silent and memory.recorded == now().wall_ns / 1e9


def test_a_fault_is_told_once_it_lasts_and_its_end_once_that_lasts() -> None:
    debounced = Debounced(Seconds(60))
    assert debounced.look(["a"], [], 0) == ([], []) and debounced.due(0) == 60
    assert debounced.look(["a"], [], 59) == ([], [])
    assert debounced.look([], [], 59.5) == ([], []) and debounced.due(59.5) == inf, "over before it was told"
    assert debounced.look(["a"], [], 60) == ([], [])
    assert debounced.look(["a"], [], 120) == (["a"], [])
    assert debounced.look([], ["a"], 130) == ([], [])
    assert debounced.look(["a"], ["a"], 140) == ([], []), "it came back before its end was told"
    assert debounced.look([], ["a"], 150) == ([], [])
    assert debounced.look([], ["a"], 210) == ([], ["a"])


def test_a_fault_that_is_over_before_anybody_was_told_becomes_one_line() -> None:
    faults = {"delivery:cloud": FaultReport(name="delivery:cloud", message="cloud is away", urgent=True)}
    memory = tell_faults(Memory(), faults, ["delivery:cloud"], [], now(hour=10))
    assert memory.told == {"delivery:cloud": "cloud is away"} and memory.notes[0].urgent
    waiting = tell_faults(memory, {}, [], ["delivery:cloud"], now(hour=11))
    assert [(note.kind, note.text) for note in waiting.notes] == [
        (Kind.OVER, "was wrong (since Fri 10:00), and is over: cloud is away")
    ]
    told = tell_faults(memory.without(memory.notes), {}, [], ["delivery:cloud"], now(hour=11))
    assert [note.text for note in told.notes] == ["over: cloud is away"] and told.told == {}


def test_silence_is_told_once_and_again_after_the_next_clip() -> None:
    rules = Rules(silence=Seconds(3 * DAY))
    memory = tell_silence(Memory(), rules, now(1))
    assert memory.notes == () and silence_due(memory, rules, now(1)) == 3 * DAY
    assert tell_silence(memory, rules, now(3, 23)).notes == ()
    memory = tell_silence(memory, rules, now(4))
    assert [note.text.split(".")[0] for note in memory.notes] == ["nobody has recorded for 3 days"]
    assert tell_silence(memory, rules, now(9)).notes == memory.notes
    memory = hear_clip(memory, rules, clip("hello"), now(10))
    assert len(tell_silence(memory, rules, now(13)).notes) == 2


def test_nobody_is_called_silent_by_a_clock_that_nobody_set() -> None:
    rules = Rules(silence=Seconds(3 * DAY), daily=TimeOfDay("20:00"))
    memory = tell_silence(Memory(recorded=now(1).wall_ns / 1e9), rules, now(9, source="none"))
    assert memory.notes == ()
    assert silence_due(memory, rules, now(9, source="none")) == inf
    assert summary_due(memory, rules, now(9, source="none")) == inf
    jumped = tell_silence(Memory(recorded=now(20).wall_ns / 1e9), rules, now(9))
    assert jumped.recorded == now(9).wall_ns / 1e9, "a clip of the future is a clock that was wrong"


@pytest.mark.parametrize("offset", [0, 3600, -5 * 3600, 20_700])
def test_a_summary_is_due_once_a_day_at_its_local_time(offset: int) -> None:
    rules = Rules(daily=TimeOfDay("20:00"))
    assert summary_due(Memory(), rules, now(1, 19, 30, offset=offset)) == 1800
    assert summary_due(Memory(), rules, now(1, 20, 0, offset=offset)) == 0
    memory = summed_up(Memory(), now(1, 20, 0, offset=offset))
    assert memory.summed_up == "2027-01-01"
    assert summary_due(memory, rules, now(1, 20, 0, offset=offset)) == DAY
    assert summary_due(memory, rules, now(2, 21, 0, offset=offset)) == 0, "later, where the box was off"
    assert summary_due(begun(Memory(), rules, now(1, 21)), rules, now(1, 21)) == 23 * 3600, "not at the first start"


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ([], "No new recording."),
        ([{}], "1 new recording, kept on the box alone."),
        ([{"a": "delivered", "b": "delivered"}] * 12, "12 new recordings, all in 2 places."),
        ([{"a": "delivered"}, {"a": "delivered", "b": "delivered"}], "2 new recordings, all in 1 place."),
        ([{"a": "delivered"}], "1 new recording, in 1 place."),
        ([{"a": "delivered"}, {"a": "parked"}], "2 new recordings, 1 of them has not arrived everywhere yet."),
        ([{"a": "pending"}, {"a": "parked"}], "2 new recordings, 2 of them have not arrived everywhere yet."),
        ([{"a": "sending"}], "1 new recording, it has not arrived everywhere yet."),
        ([{}, {"a": "delivered"}], "2 new recordings, 1 of them in no other place."),
    ],
)
def test_the_summary_says_what_is_new_and_where_it_is(clips: list[dict[str, str]], words: str) -> None:
    assert summary(clips, 31 * 3600 + 5, "nothing is wrong") == f"{words} Room for 31 hours. Nothing is wrong."


def test_the_summary_says_when_there_is_no_room() -> None:
    assert summary([], 0, "the card is full") == "No new recording. No room for more. The card is full."


def note(kind: Kind, text: str, at: float | None = None) -> Note:
    return Note(kind, text, at=at, urgent=kind is Kind.FAULT)


def test_what_waits_is_put_together() -> None:
    one = merged("box", [note(Kind.CLIP, "hello, 3.0 s")], 0, "1")
    assert (one.title, one.text, one.urgent) == ("box: new recording", "hello, 3.0 s", False)
    at = now(1, 9, 5).wall_ns / 1e9
    both = merged("box", [note(Kind.CLIP, "hello", at), note(Kind.FAULT, "no microphone")], 0, "1")
    assert (both.title, both.text, both.urgent) == (
        "box: something is wrong",
        "Fri 09:05 hello\nno microphone",
        True,
    )
    assert merged("box", [note(Kind.CLIP, str(n)) for n in range(4)], 0, "1").title == "box: 4 new recordings"
    many = merged("box", [note(Kind.FAULT, "broken"), *(note(Kind.CLIP, str(n)) for n in range(40))], 0, "1")
    assert many.text == "broken\nand 40 new recordings"
    lost = merged("box", [note(Kind.DAILY, "12 new")], 7, "1")
    assert lost.text == "12 new\nand 7 more" and lost.title == "box: 8 things to tell"
    assert len(merged("box", [note(Kind.DAILY, "x" * 9999)], 0, "1").text) == LONGEST


def test_only_so_much_waits_and_clips_go_first() -> None:
    memory = Memory().with_note(note(Kind.FAULT, "broken"))
    for number in range(MOST_NOTES + 5):
        memory = memory.with_note(note(Kind.CLIP, str(number)))
    assert len(memory.notes) == MOST_NOTES and memory.lost == 6
    assert [each.text for each in memory.notes[:2]] == ["broken", "6"]
    assert memory.without(memory.notes).lost == 0


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    memory = tell_faults(Memory(), {"x": FaultReport(message="ä")}, ["x"], [], now())
    memory = summed_up(hear_clip(memory, Rules(clips=Clips.WORDS), clip("hello"), now()), now())
    save(tmp_path, memory)
    assert load(tmp_path) == memory


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'"x"', b'{"notes": [1]}', b"\xff", b"null"])
def test_a_file_that_nobody_understands_is_no_end(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert load(tmp_path) == Memory()


def test_what_a_newer_release_adds_is_no_damage(tmp_path: Path) -> None:
    save(tmp_path, Memory().with_note(note(Kind.DAILY, "12 new")))
    kept = json.loads((tmp_path / FILE).read_text())
    kept["notes"][0]["colour"], kept["more"] = "red", 1
    (tmp_path / FILE).write_text(json.dumps(kept))
    assert [each.text for each in load(tmp_path).notes] == ["12 new"]


def test_a_kind_of_a_newer_release_is_told_and_kept(tmp_path: Path) -> None:
    save(tmp_path, evolve(Memory(told={"storage": "full"}), notes=(note(Kind.DAILY, "12 new"),)))
    kept = json.loads((tmp_path / FILE).read_text())
    kept["notes"][0]["kind"] = "moon_phase"
    (tmp_path / FILE).write_text(json.dumps(kept))
    memory = load(tmp_path)
    assert memory.told == {"storage": "full"} and merged("box", memory.notes, 0, "1").title == "box: moon phase"
    assert "2 things to tell" in merged("box", (*memory.notes, note(Kind.DAILY, "x")), 0, "1").title
    save(tmp_path, memory)
    assert load(tmp_path) == memory and json.loads((tmp_path / FILE).read_text())["notes"] == kept["notes"]


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(ValueError, match="names no topic"):
        NtfyOptions(url="https://ntfy.sh")
    with pytest.raises(ValueError, match="not encrypted"):
        NtfyOptions(url="http://example.org/topic")
    with pytest.raises(ValueError, match=r"found \{titel\}"):
        WebhookOptions(url="https://example.org/", template="{titel}")
    with pytest.raises(ValueError, match=r"found \{text\}"):
        Rules(link="https://example.org/{text}")
    with pytest.raises(ValueError, match="allow_plain"):
        EmailOptions(host="mail.example.org", sender="a@b.example", to=("c@d.example",), security=Security.NONE)


def test_a_message_is_as_long_as_the_narrowest_way_takes_and_counts_what_it_leaves_out() -> None:
    """Discord takes 2000 characters, ntfy 4096 bytes."""
    assert 1790 < len(merged("box", [note(Kind.DAILY, "语" * 2000)], 0, "1").text.encode()) <= 1800
    notes = [note(Kind.CLIP, f"clip-{number} {'x' * 150}") for number in range(12)]
    notes.insert(3, note(Kind.FAULT, f"microphone away {'y' * 300}"))
    text = merged("box", notes, 0, "1").text
    *lines, last = text.splitlines()
    assert len(text.encode()) <= 1800 and any("microphone away" in line for line in lines)
    assert not any(line.endswith("...") for line in lines) and "clip-11" in lines[-1]
    assert last == f"and {12 - (len(lines) - 1)} new recordings"
