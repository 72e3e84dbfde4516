"""The table of the machine: complete, unambiguous, and no sequence of inputs loses a take."""

from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import events
from appliance.machine import (
    ABOUT_A_PLAYBACK,
    ABOUT_A_TAKE,
    BEGIN,
    INPUTS,
    TABLE,
    Do,
    Input,
    Player,
    Recorder,
    State,
    step,
)
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp

CLIP = Clip("x", "x", "box", AudioFormat(), 0, 0, ClockStamp(0, 0, "boot", ClockSource.NONE))
ARGUMENTS: dict[str, Any] = {
    "at": 1.0,
    "path": Path("/a.wav"),
    "title": "a",
    "track_id": None,
    "seconds": 1.0,
    "percent": 50,
    "clip": CLIP,
    "message": "no microphone",
    "completed": True,
}


KINDS: list[type[Input]] = sorted(INPUTS, key=str)


def make(kind: type[Input], **given: Any) -> Input:
    """An input of this kind with plausible values."""
    return kind(**{name: given.get(name, ARGUMENTS.get(name)) for name in kind.__match_args__})


def reachable_states() -> list[State]:
    return [
        State(
            recorder,
            player,
            None if recorder is Recorder.IDLE else "take",
            None if player is Player.STOPPED else "playback",
            room,
            ended=ended,
            shares=shares,
        )
        for recorder, player, room, ended, shares in product(
            Recorder, Player, (True, False), (None, "over"), (True, False)
        )
        if (recorder is Recorder.IDLE or player is Player.STOPPED or shares)
        and (recorder is Recorder.IDLE or not ended)
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("current", [True, False])
def test_every_input_in_every_state_finds_exactly_one_row(kind: type[Input], current: bool) -> None:
    for state in reachable_states():
        identity = "take" if current else "another"
        input = make(kind, take_id=identity, playback_id="playback" if current else "another")
        rows = [row for row in TABLE if row.matches(state, input)]
        assert len(rows) == 1, (kind.__name__, state, rows)


ABOUT = (*ABOUT_A_TAKE, *ABOUT_A_PLAYBACK)


@pytest.mark.parametrize("kind", ABOUT)
def test_a_command_that_names_nothing_means_what_is_in_progress(kind: type[Input]) -> None:
    for state in reachable_states():
        rows = [row for row in TABLE if row.matches(state, make(kind, take_id=None, playback_id=None))]
        assert len(rows) == 1 and rows[0].current, (state, rows)
        named = make(kind, take_id=state.take_id or "take", playback_id=state.playback_id or "playback")
        if state.take_id if kind in ABOUT_A_TAKE else state.playback_id:
            assert step(state, named, "new")[2] == step(state, make(kind, take_id=None, playback_id=None), "new")[2]


@pytest.mark.parametrize("kind", ABOUT)
def test_a_command_that_means_another_take_or_playback_is_refused_in_words(kind: type[Input]) -> None:
    for state in reachable_states():
        after, effects, why = step(state, make(kind, take_id="past", playback_id="past"), "new")
        assert (after, effects) == (state, ()) and "that was meant has ended already" in why


def test_whoever_began_a_recording_may_end_it_after_another_take_carries_it_on() -> None:
    state, _, _ = step(State(), events.RecordStart(1.0), "first")
    for before, take_id in (("first", "second"), ("second", "third")):
        state, _, _ = step(state, events.TakeContinues(before, 2.0, AudioFormat()), take_id)
    for named in ("first", "third"):
        after, effects, _ = step(state, events.RecordStop(3.0, named), "unused")
        assert after == State() and [(effect.do, effect.id) for effect in effects] == [(Do.FINISH_TAKE, "third")]
    state, _, _ = step(after, events.RecordStart(4.0), "other")
    assert "ended already" in step(state, events.RecordStop(5.0, "first"), "unused")[2]


def test_a_playback_keeps_the_id_under_which_it_was_asked_for() -> None:
    state, effects, _ = step(State(), events.PlayNext(), "asked")
    assert [(effect.do, effect.id) for effect in effects] == [(Do.CHOOSE_NEXT, "asked")]
    state, effects, _ = step(state, events.Play(Path("/a.wav"), "a", None, "asked"), "unused")
    assert [(effect.do, effect.id) for effect in effects] == [(Do.START_PLAYBACK, "asked")]
    assert state.playback_id == "asked"


def test_every_command_is_in_the_table() -> None:
    commands = {
        kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Command)
    } - {events.Command}
    assert commands <= INPUTS


def test_every_effect_is_asked_for_by_some_row() -> None:
    assert {do for row in TABLE for do in row.do} == set(Do)


def test_a_row_refuses_or_acts_never_both() -> None:
    for row in TABLE:
        assert not (row.refuse and (row.do or row.to_recorder or row.to_player or row.to_room is not None))


def test_recording_stops_the_player_first() -> None:
    state = State(player=Player.PLAYING, playback_id="p")
    state, effects, refused = step(state, events.RecordToggle(1.0), "t")
    assert [effect.do for effect in effects] == [Do.STOP_PLAYBACK, Do.START_TAKE]
    assert [effect.id for effect in effects] == ["p", "t"]
    assert (state, refused) == (State(Recorder.RECORDING, Player.STOPPED, "t", None), "")


def test_on_a_box_that_shares_a_take_and_what_plays_leave_each_other_alone() -> None:
    state = State(player=Player.PLAYING, playback_id="p", shares=True)
    state, effects, _ = step(state, events.RecordStart(1.0), "t")
    assert [(effect.do, effect.id) for effect in effects] == [(Do.START_TAKE, "t")]
    assert (state.recorder, state.player, state.playback_id) == (Recorder.RECORDING, Player.PLAYING, "p")
    state, effects, _ = step(state, events.PlayerStop(), "u")
    assert [(effect.do, effect.id) for effect in effects] == [(Do.STOP_PLAYBACK, "p")]
    state, effects, _ = step(state, events.Play(Path("/a.wav"), "a"), "q")
    assert [(effect.do, effect.id) for effect in effects] == [(Do.START_PLAYBACK, "q")] and state.take_id == "t"
    state, effects, _ = step(state, events.RecordStop(2.0), "u")
    assert [(effect.do, effect.id) for effect in effects] == [(Do.FINISH_TAKE, "t")] and state.playback_id == "q"


def test_what_plays_by_itself_waits_for_the_end_of_a_take_on_every_box() -> None:
    state = State(Recorder.RECORDING, take_id="t", shares=True)
    assert "take is in progress" in step(state, events.PlayIfFree(Path("/a.wav"), "a"), "q")[2]


def test_news_of_a_past_take_does_not_end_the_present_one() -> None:
    state = State(Recorder.RECORDING, take_id="new")
    after, effects, _ = step(state, events.TakeSealed("old", CLIP), "unused")
    assert after == state
    assert [(effect.do, effect.id) for effect in effects] == [(Do.ADOPT_TAKE, "old")]


@pytest.mark.parametrize(("state", "more"), [(Recorder.RECORDING, []), (Recorder.PAUSED, [Do.PAUSE_TAKE])])
def test_a_take_that_changes_its_format_goes_on_under_another_id(state: Recorder, more: list[Do]) -> None:
    wish = events.TakeContinues("old", 2.0, AudioFormat())
    after, effects, _ = step(State(state, take_id="old"), wish, "new")
    assert after == State(state, take_id="new", began_as="old")
    assert [(effect.do, effect.id) for effect in effects] == [(do, "new") for do in (Do.CARRY_ON_TAKE, *more)]
    assert step(after, events.TakeSealed("old", CLIP), "unused")[0] == after
    assert step(State(), wish, "new") == (State(), (), "")


@pytest.mark.parametrize("over", [events.TakeSealed("t", CLIP), events.TakeFailed("t", "no microphone")])
def test_a_stop_that_comes_after_the_end_is_no_mistake(over: Input) -> None:
    state, _, _ = step(State(Recorder.RECORDING, take_id="t"), over, "u")
    assert state == State(ended="t")
    state, effects, refused = step(state, events.RecordStop(1.0), "u")
    assert (state, effects, refused) == (State(), (), "")
    assert "no take is in progress" in step(state, events.RecordStop(1.0), "u")[2]


def test_after_its_end_a_take_can_only_be_stopped_too_late() -> None:
    ended = State(ended="t")
    assert "no take is in progress" in step(ended, events.RecordPause(1.0), "u")[2]
    assert step(ended, events.RecordStart(1.0), "u")[0] == State(Recorder.RECORDING, take_id="u")
    stopped, _, _ = step(State(Recorder.RECORDING, take_id="t"), events.RecordStop(1.0), "u")
    assert step(stopped, events.TakeSealed("t", CLIP), "u")[0] == State()


def test_a_full_card_keeps_takes_from_beginning_and_disturbs_none() -> None:
    state, _, _ = step(State(Recorder.RECORDING, take_id="t"), events.StorageFull("full"), "u")
    assert state == State(Recorder.RECORDING, take_id="t", room=False)
    for input, do in ((events.RecordMark(1.0), Do.MARK_TAKE), (events.RecordPause(1.0), Do.PAUSE_TAKE)):
        assert [effect.do for effect in step(state, input, "u")[1]] == [do]
    state, effects, _ = step(state, events.RecordToggle(1.0), "u")
    assert [effect.do for effect in effects] == [Do.FINISH_TAKE]
    for start in (events.RecordToggle(1.0), events.RecordStart(1.0)):
        refused, effects, why = step(state, start, "u")
        assert (refused, effects) == (state, ()) and "full" in why
    state, _, _ = step(state, events.StorageFree(), "u")
    assert step(state, events.RecordStart(1.0), "u")[1][0].do is Do.START_TAKE


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3))))
def test_no_sequence_of_inputs_loses_a_take_or_leaves_a_dead_state(choices: list[tuple[type[Input], int]]) -> None:
    """Every take begun is finished, discarded or failed exactly once, and a press always leads on from anywhere."""
    fresh = (str(number) for number in count())
    state, open_takes, known = State(), set[str](), [""]
    for kind, age in choices:
        identity = known[-1 - age % len(known)]
        input = make(kind, take_id=identity, playback_id=identity)
        before = state
        identity = next(fresh)
        state, effects, refused = step(state, input, identity)
        for effect in effects:
            if effect.do in BEGIN:
                assert (before.take_id is None) == (effect.do is Do.START_TAKE)
                open_takes.discard(before.take_id or "")
                open_takes.add(effect.id)
                known.append(effect.id)
            elif effect.do in (Do.FINISH_TAKE, Do.DISCARD_TAKE):
                open_takes.remove(effect.id)
        if state.take_id != before.take_id and before.take_id is not None and before.take_id in open_takes:
            assert isinstance(input, events.TakeSealed | events.TakeFailed | events.TakeDiscarded)
            open_takes.remove(before.take_id)
        assert open_takes == ({state.take_id} if state.take_id else set())
        assert (state.take_id is None) == (state.recorder is Recorder.IDLE)
        assert (state.playback_id is None) == (state.player is Player.STOPPED)
        assert state.recorder is Recorder.IDLE or state.player is Player.STOPPED
        assert not (refused and (effects or state != before))
    state, _, _ = step(state, events.StorageFree(), next(fresh))
    ended, effects, _ = step(state, events.RecordToggle(1.0), next(fresh))
    assert ended.recorder is not state.recorder and effects
