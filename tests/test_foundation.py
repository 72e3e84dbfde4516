"""The ground floor: codec, clocks, durable writes, pulses, words for events, exit codes."""

import os
import re
import socket
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import codec, durable, errors, events, sdnotify
from appliance.clock import SystemClock, clock_source
from appliance.describe import DESCRIBED, describe, describe_plain
from appliance.faults import DEFECT
from appliance.models import (
    AudioFormat,
    Clip,
    ClockSource,
    ClockStamp,
    Gap,
    GapCause,
    Levels,
    Mark,
    Pause,
    SampleFormat,
    Verdict,
)
from appliance.phrases import counted, duration, size
from appliance.testing.clock import ManualClock
from appliance.values import Message
from appliance.vitals import Vitals

numbers = st.integers(0, 2**53)
levels = st.builds(Levels, *[st.floats(-144, 0)] * 2, *[st.floats(0, 1)] * 2)
clips = st.builds(
    Clip,
    id=st.text(min_size=1),
    name=st.text(min_size=1),
    device=st.text(),
    format=st.builds(AudioFormat, st.integers(1, 10**6), st.integers(1, 32), st.sampled_from(SampleFormat)),
    frames=numbers,
    size=numbers,
    started=st.builds(
        ClockStamp, numbers, numbers, st.text(), st.sampled_from(ClockSource), st.integers(-50000, 50000)
    ),
    levels=levels,
    verdict=st.sampled_from(Verdict),
    gaps=st.lists(st.builds(Gap, numbers, numbers, numbers, st.sampled_from(GapCause), st.booleans())).map(tuple),
    marks=st.lists(st.builds(Mark, numbers)).map(tuple),
    pauses=st.lists(st.builds(Pause, numbers, st.floats(0, 1e6))).map(tuple),
    drift_ppm=st.none() | st.floats(-1000, 1000),
    recovered=st.booleans(),
    continues=st.none() | st.text(),
)


@pytest.mark.slow
@given(clips)
def test_a_clip_comes_back_from_json_as_it_was(clip: Clip) -> None:
    assert codec.from_json(codec.to_json(clip), Clip) == clip


json_values = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@pytest.mark.slow
@given(json_values)
def test_anything_else_is_a_value_error(plain: object) -> None:
    with pytest.raises(ValueError):
        codec.from_plain(plain, Clip)


def test_an_unknown_key_of_a_newer_release_is_ignored() -> None:
    assert codec.from_plain({"offset": 5, "colour": "red"}, Mark) == Mark(5)


def test_every_event_has_words() -> None:
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)}
    assert kinds - {events.Event} == DESCRIBED


OF_THE_CODE = re.compile(r"[A-Z]\w*\(|\b[A-Z][a-z]+[A-Z]\w*|\b[A-Z]\w+\.[A-Z]|<\w|\bNone\b")
"""A class, a member of one, or what Python shows of a value."""


def a_value(kind: Any) -> Any:
    """Some value of a type that events are made of."""
    simple: dict[Any, Any] = {int: 1, float: 2.5, str: "abc", bool: True, Path: Path("/a/b.wav"), type(None): None}
    if kind in simple:
        return simple[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, Message):
        types = get_type_hints(kind)
        return kind(**{name: a_value(types[name]) for name in kind.__match_args__})
    if attrs.has(kind):
        types = get_type_hints(kind)
        return kind(**{field.alias: a_value(types[field.name]) for field in attrs.fields(kind) if field.init})
    if get_origin(kind) in (Union, UnionType):
        return a_value(get_args(kind)[0])
    return (a_value(get_args(kind)[0]),) * 2 if get_origin(kind) is tuple else {}


@pytest.mark.parametrize("kind", sorted(DESCRIBED, key=str))
def test_no_word_of_the_code_is_a_word_for_people(kind: type[events.Event]) -> None:
    assert not OF_THE_CODE.search(describe(a_value(kind)))


def test_every_event_is_listed_once() -> None:
    assert sorted(kind.__name__ for kind in events.EVENTS) == sorted(kind.__name__ for kind in DESCRIBED)


@pytest.mark.parametrize("kind", sorted(DESCRIBED, key=str))
def test_an_event_comes_back_from_json_as_it_was(kind: type[events.Event]) -> None:
    event = a_value(kind)
    assert codec.from_json(codec.to_json(event), kind) == event


def test_an_event_of_a_newer_release_is_told_by_name() -> None:
    assert describe_plain({"event": "MoonRose"}) == "MoonRose"
    assert describe_plain(codec.event_to_plain(events.VolumeChanged(30))) == "volume 30%"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (0.0025, "2.5 ms"),
        (1 / 48_000, "0.0208 ms"),
        (0.84, "0.8 s"),
        (59.96, "60.0 s"),
        (60, "1:00"),
        (187, "3:07"),
        (3729, "1:02:09"),
        (47 * 3600, "47:00:00"),
        (474_203, "5 days 11 hours"),
        (49 * 3600, "2 days 1 hour"),
        (90 * 86_400, "90 days"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_in_words() -> None:
    assert [size(count) for count in (873, 1200, 5e6, 2e12)] == ["873 B", "1.2 kB", "5.0 MB", "2.0 TB"]


def test_counts_in_words() -> None:
    assert [counted(number, "clip") for number in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]
    assert [counted(number, "copy", "copies") for number in (1, 3)] == ["1 copy", "3 copies"]


def test_events_count_in_words() -> None:
    assert [describe(events.QueueChanged(number)) for number in (1, 2)] == [
        "1 delivery waiting",
        "2 deliveries waiting",
    ]
    assert describe(events.InboxChanged(1)) == "1 message not heard yet"
    assert describe(events.GapFound("t", Gap(5, 1, 1, GapCause.OVERRUN))).startswith("gap: 0.0208 ms lost at 0.104 ms")
    assert describe(events.MarkSet("t", 441_000, 44_100)) == "mark set at 10.0 s"
    assert describe(events.CommandRefused("RecordPauseToggle", "why")) == "record pause toggle refused: why"


def test_exit_codes_are_those_of_the_drawn_tree() -> None:
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.ApplianceError)]
    drawn = str(errors.__doc__)
    for cls in classes:
        line = next(line for line in drawn.splitlines() if f" {cls.__name__} " in f"{line.replace('─', ' ')} ")
        code = [word for word in line.split() if word.isdigit()]
        assert code == [] or int(code[0]) == cls.exit_code, line
        summary = str(cls.__doc__).splitlines()[0].split(". ")[0].rstrip(".")
        assert summary.lower() in line.lower(), line
    own = [cls.exit_code for cls in classes if "exit_code" in vars(cls)]
    assert len(own) == len(set(own)) and [cls for cls in classes if cls.exit_code == 2] == [errors.UsageError]


@pytest.mark.parametrize("name", ["", "object", "OfANewerRelease", *vars(errors)])
def test_an_error_is_known_by_its_name_and_says_what_it_said(name: str) -> None:
    made = errors.named(name, "it does not work")
    assert str(made) == "it does not work"
    assert type(made).__name__ in (name, "ApplianceError")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"[" * 100_000, b'{"a": 1', b"\xff", None])
def test_what_is_no_object_of_json_is_told_at_once(tmp_path: Path, content: bytes | None) -> None:
    target = tmp_path / "note.json"
    if content is None:
        os.mkfifo(target)
    else:
        target.write_bytes(content)
    with pytest.raises(ValueError):
        durable.read_object(target)
    target.unlink()
    with pytest.raises(FileNotFoundError):
        durable.read_object(target)
    target.write_bytes(b'{"a": [1]}')
    assert durable.read_object(target) == {"a": [1]}


def test_write_file_replaces_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    durable.write_file(target, b"old")
    durable.write_file(target, b"new", mode=0o600)
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_make_directory_and_move(tmp_path: Path) -> None:
    durable.make_directory(tmp_path / "a/b/c")
    durable.make_directory(tmp_path / "a/b/c")
    (tmp_path / "a/x").write_text("x")
    durable.move(tmp_path / "a/x", tmp_path / "a/b/c/x")
    assert (tmp_path / "a/b/c/x").read_text() == "x"


def test_a_move_never_overwrites_and_may_be_done_again(tmp_path: Path) -> None:
    source, target, other = (tmp_path / name for name in ("source", "target", "other"))
    source.write_text("x")
    other.write_text("y")
    with pytest.raises(FileExistsError):
        durable.move(source, other)
    durable.add_name(source, target)
    durable.add_name(source, target)
    durable.move(source, target)
    assert not source.exists() and (target.read_text(), other.read_text()) == ("x", "y")
    with pytest.raises(FileNotFoundError):
        durable.move(source, target)


def test_the_system_clock_agrees_with_itself() -> None:
    clock = SystemClock()
    now = clock.stamp()
    before = clock.stamp(now.monotonic_ns / 1e9 - 10)
    assert abs(now.monotonic_ns - before.monotonic_ns - 10_000_000_000) < 1000
    assert abs(now.wall_ns - before.wall_ns - 10_000_000_000) < 50_000_000
    assert now.source is clock_source()


def test_a_pulse_is_overdue_after_its_limit_and_never_at_rest() -> None:
    clock = ManualClock()
    vitals = Vitals(clock)
    pulse = vitals.pulse("capture", 3.0)
    clock.advance(100)
    assert vitals.overdue() == ()
    pulse.beat()
    clock.advance(3)
    assert vitals.overdue() == ()
    clock.advance(0.1)
    assert vitals.overdue() == ("capture",)
    pulse.rest()
    assert vitals.overdue() == ()
    pulse.beat()
    clock.advance(10)
    vitals.remove(pulse)
    assert vitals.overdue() == ()


def test_a_defect_is_logged_and_told_once_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    told: list[events.Event] = []
    pulse = Vitals(ManualClock(), told.append).pulse("panel", 3.0)
    for _ in range(2):
        assert pulse.guard(lambda: 1 // 0, 7) == 7
    [record] = caplog.records
    assert record.exc_info is not None and "panel" in record.getMessage()
    [raised] = told
    assert isinstance(raised, events.FaultRaised) and raised.fault.name == "defect:panel"
    for _ in range(2):
        assert pulse.guard(lambda: 6 // 2, 7) == 3
    assert told[1:] == [DEFECT.cleared("panel")]


def test_systemd_hears_notifications_and_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        sdnotify.notify("READY=1")
        assert systemd.recv(100) == b"READY=1"
        for _ in range(1000):  # more than the kernel keeps for a reader that does not read
            sdnotify.notify("WATCHDOG=1")
    sdnotify.notify("WATCHDOG=1")
    assert "systemd does not hear WATCHDOG=1: Connection refused" in caplog.text.replace("[Errno 111] ", "")
    monkeypatch.delenv("NOTIFY_SOCKET")
    sdnotify.notify("READY=1")


def test_the_watchdog_is_this_process_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert sdnotify.watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert sdnotify.watchdog_seconds() == 30.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert sdnotify.watchdog_seconds() is None


def test_events_compare_hash_and_print_by_their_fields() -> None:
    pause = events.TakePaused("a", 1)
    assert pause == events.TakePaused("a", 1) and hash(pause) == hash(events.TakePaused("a", 1))
    assert pause not in (events.TakePaused("a", 2), events.TakeResumed("a", 1), None)
    assert repr(pause) == "TakePaused(take_id='a', offset=1)"
    with pytest.raises(AttributeError):
        pause.offset = 2  # type: ignore[misc]
