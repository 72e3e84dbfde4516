import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.journal import Begin, Entry, History, PauseBegin, PauseEnd, line, replay
from appliance.models import AudioFormat, ClockSource, ClockStamp, Gap, GapCause, Mark, Pause

BEGIN = Begin("take000001", "box_x", "Büro", AudioFormat(), ClockStamp(1, 2, "boot", ClockSource.NTP), 0.5)

offsets = st.integers(0, 1000)
entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Mark, offsets),
    st.builds(Gap, offsets, st.integers(1, 100), st.integers(0, 9), st.sampled_from(GapCause), st.booleans()),
    st.builds(PauseBegin, offsets),
    st.builds(PauseEnd, st.floats(0, 1e6)),
)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(entries), st.data())
def test_a_journal_that_was_torn_off_tells_everything_before(written: list[Entry], data: st.DataObject) -> None:
    lines = [line(entry) for entry in (BEGIN, *written)]
    whole = data.draw(st.integers(0, len(lines) - 1))
    torn = lines[whole][: data.draw(st.integers(0, len(lines[whole]) - 2))]
    expected = History()
    for entry in written[: max(0, whole - 1)]:
        expected.apply(entry)
    begin, history = replay(b"".join(lines[:whole]) + torn)
    assert begin == (BEGIN if whole else None)
    assert history == expected


@settings(deadline=None)
@given(st.lists(entries), st.integers(0, 1000))
def test_what_is_left_after_a_cut_lies_within(written: list[Entry], frames: int) -> None:
    history = History()
    for entry in written:
        history.apply(entry)
    history.cut(frames)
    assert all(mark.offset <= frames for mark in history.marks)
    assert all(pause.offset <= frames for pause in history.pauses)
    assert all(gap.frames > 0 and gap.offset + gap.frames * gap.filled <= frames for gap in history.gaps)


@settings(deadline=None)
@given(st.binary())
def test_arbitrary_bytes_tell_nothing(content: bytes) -> None:
    assert replay(content)[0] is None


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda of: (
            st.lists(of)
            | st.dictionaries(st.sampled_from(["begin", "gap", "mark", "pause", "resume", "offset", "frames"]), of)
        ),
    )
)
def test_lines_of_other_json_are_passed_over(plain: object) -> None:
    begin, _ = replay(json.dumps(plain).encode() + b"\n" + line(BEGIN))
    assert begin == BEGIN


def test_nesting_without_end_is_passed_over() -> None:
    assert replay(b"[" * 100_000 + b"\n" + line(BEGIN))[0] == BEGIN


def test_what_cannot_be_is_passed_over() -> None:
    _, history = replay(line(Mark(-1)) + line(Gap(-5, 3, 0, GapCause.DEVICE)) + line(Mark(7)))
    history.cut(10)
    assert (history.marks, history.gaps) == ([Mark(7)], [])


def test_a_gap_that_goes_on_is_one_gap() -> None:
    history = History()
    for gap in (
        Gap(10, 5, 2, GapCause.OVERRUN),
        Gap(15, 5, 3, GapCause.OVERRUN),
        Gap(20, 5, 0, GapCause.STORAGE),
        Gap(30, 5, 0, GapCause.STORAGE),
        Gap(40, 7, 1, GapCause.DEVICE, filled=False),
        Gap(40, 7, 1, GapCause.DEVICE, filled=False),
    ):
        history.apply(gap)
    assert history.gaps == [
        Gap(10, 10, 3, GapCause.OVERRUN),
        Gap(20, 5, 0, GapCause.STORAGE),
        Gap(30, 5, 0, GapCause.STORAGE),
        Gap(40, 14, 1, GapCause.DEVICE, filled=False),
    ]


def test_a_pause_is_told_once_it_is_over() -> None:
    history = History()
    history.apply(PauseBegin(10))
    assert history.pauses == []
    history.apply(PauseEnd(2.5))
    assert history.pauses == [Pause(10, 2.5)]
