"""What the appliance does next: one pure function over one table.

A state is what the recorder and the player are doing. Every input, in every state, finds exactly one row of `TABLE`,
which names the next state and what to do, or why the input is refused. Playing gives way to recording: while a take is
in progress the player is stopped, unless the box is one that may do both. While the card is full no take begins; one in
progress goes on. The diagram in the documentation is drawn from this table.

A take that must change its format midway ends, and another one carries it on: for whoever stands at the box the
recorder goes on recording, or holds still, all the while.
"""

from appliance import events
from appliance.events import Command, subject
from appliance.evolving import evolve
from appliance.states import AHEAD, BEGIN, Do, Player, Recorder, State
from appliance.table import (
    ABOUT_A_PLAYBACK,
    ABOUT_A_TAKE,
    ANY_PLAYER,
    ANY_RECORDER,
    INPUTS,
    TABLE,
    Input,
    Row,
    find_row,
)
from appliance.values import frozen

__all__ = [
    "ABOUT_A_PLAYBACK",
    "ABOUT_A_TAKE",
    "ANY_PLAYER",
    "ANY_RECORDER",
    "BEGIN",
    "INPUTS",
    "TABLE",
    "Do",
    "Effect",
    "Input",
    "Player",
    "Recorder",
    "Row",
    "State",
    "step",
]


@frozen
class Effect:
    """One thing to do: for which take or playback, and the input that asks for it."""

    do: Do
    id: str
    cause: Input


def step(state: State, input: Input, fresh_id: str) -> tuple[State, tuple[Effect, ...], str]:
    """Decide about one input: the next state, what to do in this order, and why it was refused ("" where it was not).

    `fresh_id` names the take or playback, should this step begin one that has no name yet.
    """
    if type(input) not in INPUTS:
        return state, (), ""
    row = find_row(state, input)
    following = evolve(state, recorder=row.to_recorder or state.recorder, player=row.to_player or state.player)
    if row.to_room is not None:
        following = evolve(following, room=row.to_room)
    begins = any(do in BEGIN for do in row.do)
    take_id = input.take_id if isinstance(input, events.TakeSealed) else fresh_id if begins else state.take_id
    playback_id = subject(input) or fresh_id
    effects = tuple(Effect(do, _subject(do, state, take_id, playback_id), input) for do in row.do)
    if begins:
        began_as = (state.began_as or state.take_id) if Do.CARRY_ON_TAKE in row.do else None
        following = evolve(following, take_id=fresh_id, began_as=began_as, ended=None)
    elif following.recorder is Recorder.IDLE:
        acknowledged = isinstance(input, events.RecordStop) and not row.refuse
        ended = None if acknowledged else state.ended if isinstance(input, Command) else state.take_id or state.ended
        following = evolve(following, take_id=None, began_as=None, ended=ended)
    if Do.START_PLAYBACK in row.do:
        following = evolve(following, playback_id=playback_id)
    elif following.player is Player.STOPPED:
        following = evolve(following, playback_id=None)
    elif isinstance(input, events.PlaybackContinues) and row.current:
        following = evolve(following, playback_id=input.next_id)
    return following, effects, row.refuse


def _subject(do: Do, state: State, take_id: str | None, playback_id: str) -> str:
    """The id of the take or playback that an effect is about, where these would be the next ones; "" for neither."""
    if do in AHEAD:
        return playback_id
    if do.value.endswith("_take"):
        return take_id or ""
    return (state.playback_id or "") if do.value.endswith("_playback") else ""
