"""The one table of what the appliance does next: a row for every input in every state.

A state is what the recorder and the player are doing. Playing gives way to recording: while a take is in progress the
player is stopped, unless the two share the room (`audio.playback.while_recording`). While the card is full no take
begins; one in progress goes on.
"""

from collections.abc import Iterable, Iterator

from attrs import evolve

from appliance import events
from appliance.events import Command, Event, subject
from appliance.states import Do, Player, Recorder, State
from appliance.values import frozen

Input = Command | Event


@frozen
class Row:
    """One line of the table: in these states this input leads there and does that, or is refused.

    `current` holds the row to inputs that speak of the take or playback in progress (True) or of another one (False).
    `room` holds it to states with room for another take, or without; `ended` to those after a take that ended by
    itself, or to the others; `shares` to boxes that may play while they record, or to the others. A next state of None
    stays as it is.
    """

    input: type[Input]
    recorder: tuple[Recorder, ...]
    player: tuple[Player, ...]
    to_recorder: Recorder | None = None
    to_player: Player | None = None
    do: tuple[Do, ...] = ()
    refuse: str = ""
    current: bool | None = None
    room: bool | None = None
    to_room: bool | None = None
    ended: bool | None = None
    shares: bool | None = None

    def matches(self, state: State, input: Input) -> bool:
        """Whether this row decides about `input` in `state`."""
        return (
            type(input) is self.input
            and state.recorder in self.recorder
            and state.player in self.player
            and self.current in (None, is_current(state, input))
            and self.room in (None, state.room)
            and self.ended in (None, state.ended is not None)
            and self.shares in (None, state.shares)
        )


ANY_RECORDER = tuple(Recorder)
ANY_PLAYER = tuple(Player)
IDLE = (Recorder.IDLE,)
IN_TAKE = (Recorder.RECORDING, Recorder.PAUSED)
STOPPED = (Player.STOPPED,)
IN_PLAYBACK = (Player.PLAYING, Player.PAUSED)

NO_TAKE = "no take is in progress"
TAKE_OVER = "the take that was meant has ended already"
PLAYBACK_OVER = "the playback that was meant has ended already"
IN_PROGRESS = "a take is in progress"
NOTHING_PLAYS = "nothing is playing"
NO_ROOM = "the card is full, and nothing on it may be deleted. `appliance status` says why"

ABOUT_A_TAKE = (
    events.RecordPause,
    events.RecordResume,
    events.RecordPauseToggle,
    events.RecordStop,
    events.RecordDiscard,
    events.RecordMark,
    events.RecordSplit,
)
ABOUT_A_PLAYBACK = (events.PlayerPause, events.PlayerResume, events.PlayerStop, events.PlayerSeek, events.PlayerSkip)
"""Commands that may name the take or the playback that they mean."""


def _recorder_rows() -> Iterator[Row]:
    for start in (events.RecordStart, events.RecordToggle):
        yield Row(start, IDLE, STOPPED, Recorder.RECORDING, None, (Do.START_TAKE,), room=True)
        both = (Do.STOP_PLAYBACK, Do.START_TAKE)
        yield Row(start, IDLE, IN_PLAYBACK, Recorder.RECORDING, Player.STOPPED, both, room=True, shares=False)
        yield Row(start, IDLE, IN_PLAYBACK, Recorder.RECORDING, None, (Do.START_TAKE,), room=True, shares=True)
        yield Row(start, IDLE, ANY_PLAYER, refuse=NO_ROOM, room=False)
    yield Row(events.RecordStart, IN_TAKE, ANY_PLAYER, refuse=IN_PROGRESS)
    yield Row(events.RecordToggle, IN_TAKE, ANY_PLAYER, Recorder.IDLE, None, (Do.FINISH_TAKE,))

    recording, paused = (Recorder.RECORDING,), (Recorder.PAUSED,)
    for pause in (events.RecordPause, events.RecordPauseToggle):
        yield Row(pause, recording, ANY_PLAYER, Recorder.PAUSED, None, (Do.PAUSE_TAKE,), current=True)
    for resume in (events.RecordResume, events.RecordPauseToggle):
        yield Row(resume, paused, ANY_PLAYER, Recorder.RECORDING, None, (Do.RESUME_TAKE,), current=True)
    yield Row(events.RecordPause, paused, ANY_PLAYER, refuse="the take is paused already", current=True)
    yield Row(events.RecordResume, recording, ANY_PLAYER, refuse="the take is not paused", current=True)
    for end, do in ((events.RecordStop, Do.FINISH_TAKE), (events.RecordDiscard, Do.DISCARD_TAKE)):
        yield Row(end, IN_TAKE, ANY_PLAYER, Recorder.IDLE, None, (do,), current=True)
    yield Row(events.RecordMark, IN_TAKE, ANY_PLAYER, do=(Do.MARK_TAKE,), current=True)
    yield Row(events.RecordSplit, IN_TAKE, ANY_PLAYER, do=(Do.SPLIT_TAKE,), current=True)
    yield Row(events.RecordStop, IDLE, ANY_PLAYER, current=True, ended=True)  # it comes too late, and is no mistake
    for command in ABOUT_A_TAKE:
        ended = False if command is events.RecordStop else None
        yield Row(command, IDLE, ANY_PLAYER, refuse=NO_TAKE, current=True, ended=ended)
        yield Row(command, ANY_RECORDER, ANY_PLAYER, refuse=TAKE_OVER, current=False)

    for state, more in ((Recorder.RECORDING, ()), (Recorder.PAUSED, (Do.PAUSE_TAKE,))):
        yield Row(events.TakeContinues, (state,), ANY_PLAYER, do=(Do.CARRY_ON_TAKE, *more), current=True)
    yield Row(events.TakeContinues, ANY_RECORDER, ANY_PLAYER, current=False)
    yield Row(events.TakeSealed, ANY_RECORDER, ANY_PLAYER, Recorder.IDLE, None, (Do.ADOPT_TAKE,), current=True)
    yield Row(events.TakeSealed, ANY_RECORDER, ANY_PLAYER, do=(Do.ADOPT_TAKE,), current=False)
    for over in (events.TakeFailed, events.TakeDiscarded):
        yield Row(over, ANY_RECORDER, ANY_PLAYER, Recorder.IDLE, current=True)
        yield Row(over, ANY_RECORDER, ANY_PLAYER, current=False)


def _player_rows() -> Iterator[Row]:
    yield Row(events.Play, IDLE, ANY_PLAYER, None, Player.PLAYING, (Do.START_PLAYBACK,))
    yield Row(events.PlayIfFree, IDLE, STOPPED, None, Player.PLAYING, (Do.START_PLAYBACK,))
    yield Row(events.PlayIfFree, IDLE, IN_PLAYBACK, refuse="something else is playing")
    for play in (events.Play, events.PlayIfFree):
        yield Row(play, IN_TAKE, ANY_PLAYER, refuse=IN_PROGRESS)
    for choose, after_all, meanwhile in (
        (events.PlayNext, Do.CHOOSE_NEXT, Do.CHOOSE_FOLLOWING),
        (events.PlayNew, Do.CHOOSE_NEW, Do.CHOOSE_NEW),
        (events.PlayPrevious, Do.CHOOSE_AGAIN, Do.CHOOSE_PREVIOUS),
        (events.PlayLatest, Do.CHOOSE_LATEST, Do.CHOOSE_LATEST),
        (events.PlayRecording, Do.CHOOSE_RECORDING, Do.CHOOSE_RECORDING),
        (events.PlayEarlier, Do.CHOOSE_EARLIER, Do.CHOOSE_EARLIER),
        (events.PlayRandom, Do.CHOOSE_RANDOM, Do.CHOOSE_RANDOM),
        (events.PlayAll, Do.CHOOSE_ALL, Do.CHOOSE_ALL),
    ):
        yield Row(choose, IDLE, STOPPED, do=(after_all,))
        yield Row(choose, IDLE, IN_PLAYBACK, do=(meanwhile,))
        yield Row(choose, IN_TAKE, ANY_PLAYER, refuse=IN_PROGRESS)

    yield Row(events.PlayToggle, IDLE, STOPPED, do=(Do.CHOOSE_NEXT,))
    yield Row(events.PlaylistToggle, IDLE, STOPPED)
    for toggle in (events.PlayToggle, events.PlaylistToggle):
        yield Row(toggle, IN_TAKE, ANY_PLAYER, refuse=IN_PROGRESS)
    for pause in (events.PlayerPause, events.PlayToggle, events.PlaylistToggle):
        yield Row(pause, IDLE, (Player.PLAYING,), None, Player.PAUSED, (Do.PAUSE_PLAYBACK,), current=True)
    for resume in (events.PlayerResume, events.PlayToggle, events.PlaylistToggle):
        yield Row(resume, IDLE, (Player.PAUSED,), None, Player.PLAYING, (Do.RESUME_PLAYBACK,), current=True)
    yield Row(events.PlayerPause, IDLE, (Player.PAUSED,), refuse="the playback is paused already", current=True)
    yield Row(events.PlayerResume, IDLE, (Player.PLAYING,), refuse="the playback is not paused", current=True)
    yield Row(events.PlayerStop, IDLE, IN_PLAYBACK, None, Player.STOPPED, (Do.STOP_PLAYBACK,), current=True)
    yield Row(events.PlayerSeek, IDLE, IN_PLAYBACK, do=(Do.SEEK_PLAYBACK,), current=True)
    for skip in (events.PlayerSkip, events.PlayerForward, events.PlayerBack):
        yield Row(skip, IDLE, IN_PLAYBACK, do=(Do.SKIP_PLAYBACK,), current=True)
    for command in (*ABOUT_A_PLAYBACK, events.PlayerForward, events.PlayerBack):
        yield Row(command, IDLE, STOPPED, refuse=NOTHING_PLAYS, current=True)
        yield Row(command, IN_TAKE, ANY_PLAYER, refuse=NOTHING_PLAYS, current=True)
        yield Row(command, ANY_RECORDER, ANY_PLAYER, refuse=PLAYBACK_OVER, current=False)

    yield Row(events.RateSet, ANY_RECORDER, ANY_PLAYER, do=(Do.SET_RATE,))
    yield Row(events.VolumeSet, ANY_RECORDER, ANY_PLAYER, do=(Do.SET_VOLUME,))
    yield Row(events.VolumeUp, ANY_RECORDER, ANY_PLAYER, do=(Do.RAISE_VOLUME,))
    yield Row(events.VolumeDown, ANY_RECORDER, ANY_PLAYER, do=(Do.LOWER_VOLUME,))
    yield Row(events.VolumeChanged, ANY_RECORDER, ANY_PLAYER, do=(Do.KEEP_VOLUME,))
    yield Row(events.TrackHeard, ANY_RECORDER, ANY_PLAYER, do=(Do.MARK_HEARD,))
    for over, do in ((events.PlaybackFinished, ()), (events.PlaybackFailed, (Do.MARK_UNPLAYABLE,))):
        yield Row(over, ANY_RECORDER, ANY_PLAYER, None, Player.STOPPED, do, current=True)
        yield Row(over, ANY_RECORDER, ANY_PLAYER, do=do, current=False)


def _playlist_rows() -> Iterator[Row]:
    """What the machine of the playlist decides about, beyond whether it may play."""
    for command in (events.PlaylistPlay, events.PlaylistNext, events.PlaylistPrevious):
        yield Row(command, IDLE, ANY_PLAYER)
        yield Row(command, IN_TAKE, ANY_PLAYER, refuse=IN_PROGRESS)
    for edit in (
        events.PlaylistAdd,
        events.PlaylistClear,
        events.PlaylistRepeat,
        events.PlaylistShuffle,
        events.PlaylistRestore,
    ):
        yield Row(edit, ANY_RECORDER, ANY_PLAYER)
    for input, do in ((events.PlayAfter, (Do.PREPARE_NEXT,)), (events.PlaybackContinues, ())):
        yield Row(input, ANY_RECORDER, ANY_PLAYER, do=do, current=True)
        yield Row(input, ANY_RECORDER, ANY_PLAYER, current=False)


def _other_rows() -> Iterator[Row]:
    """What the machines that speak ask for, what they hear of, and how much room there is."""
    for say in (events.Say, events.Greet):
        yield Row(say, ANY_RECORDER, STOPPED, do=(Do.SAY,))
        yield Row(say, ANY_RECORDER, IN_PLAYBACK, refuse="something else is playing")
    for gesture in (events.HandsetLift, events.HandsetHangUp, events.Dial):
        yield Row(gesture, ANY_RECORDER, ANY_PLAYER)
    asked: tuple[tuple[type[Input], Do], ...] = (
        (events.Hush, Do.HUSH),
        (events.Attend, Do.ATTEND),
        (events.FlowWait, Do.WAIT),
        (events.GreetingUse, Do.USE_GREETING),
        (events.ClipDrop, Do.DROP_CLIP),
        (events.ClipRelease, Do.RELEASE_CLIP),
        (events.GreetingForget, Do.FORGET_GREETING),
    )
    for input, do in asked:
        yield Row(input, ANY_RECORDER, ANY_PLAYER, do=(do,))
    for wish in (
        events.GreetingPlay,
        events.GreetingRecord,
        events.GreetingKeep,
        events.GreetingDiscard,
        events.LanguageNext,
        events.LanguageChoose,
        events.MessageHear,
        events.MessageAnswer,
        events.FlowNext,
        events.FlowAgain,
    ):
        yield Row(wish, ANY_RECORDER, ANY_PLAYER)
    for news, room in ((events.StorageFull, False), (events.StorageFree, True)):
        yield Row(news, ANY_RECORDER, ANY_PLAYER, to_room=room)


def _shared(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of what plays, for boxes that may play while they record too: there a take changes nothing for it.

    What plays by itself waits for the end of the take on every box.
    """
    for row in rows:
        if row.recorder == IDLE and row.input is not events.PlayIfFree:
            yield row
            yield evolve(row, recorder=IN_TAKE, shares=True)
        elif row.recorder == IN_TAKE and row.input is not events.PlayIfFree:
            yield evolve(row, shares=False)
        else:
            yield row


TABLE: tuple[Row, ...] = (*_recorder_rows(), *_shared((*_player_rows(), *_playlist_rows())), *_other_rows())
INPUTS: frozenset[type[Input]] = frozenset(row.input for row in TABLE)
"""What the table decides about; every other event only tells."""


def is_current(state: State, input: Input) -> bool:
    """Whether the input speaks of the take or playback in progress; one that names neither always does.

    Who asks may name the take that the recording began with: it is one recording, whatever carries it on.
    """
    named = subject(input)
    began_as = state.began_as if isinstance(input, Command) else None
    return named is None or named in (state.take_id, state.playback_id, began_as)


def find_row(state: State, input: Input) -> Row:
    """The one row that decides about `input` in `state`."""
    return next(row for row in TABLE if row.matches(state, input))
