"""When this happens, do that: pure machines beside the table, whose output is commands.

A machine is an immutable value. Of every event, every command that is followed, and how the box is then, it says what
it becomes and what it asks for. That goes through the controller's inbox like every command: the table decides about it
in its turn, and may refuse it.
"""

from collections.abc import Callable
from typing import Protocol, Self

from appliance.events import (
    Command,
    CommandRefused,
    Event,
    HandsetHangUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    PlayIfFree,
    TrackArrived,
    TrackDue,
    TrackHeard,
    TrackRemoved,
    subject,
)
from appliance.faults import SPEAKER
from appliance.machine import Input, Player, Recorder
from appliance.models import Track
from appliance.status import Status
from appliance.values import frozen

_ANSWERS = (PlaybackStarted, PlaybackFailed, PlaybackFinished, CommandRefused)
"""What tells that a playback has begun, or never will."""


class Reaction(Protocol):
    """One machine."""

    def react(self, input: Input, status: Status) -> tuple[Self, tuple[Input, ...]]:
        """What it becomes after an event, or a command that is followed, with the box being as `status` says.

        And what it asks for and tells, in this order.
        """


@frozen
class Autoplay:
    """Plays what a feed with `autoplay` brings, each message once and the oldest first, as soon as the box is free.

    A message that somebody plays meanwhile is not played again. One that cannot be played, or that somebody interrupts
    after it has begun, is left to whoever presses a button: it stays in the inbox, not heard. One that the box itself
    interrupts, as its configuration changes, is played again. A speaker that is known to be away lets all wait, and so
    does a handset that is off the hook.
    """

    waiting: tuple[Track, ...] = ()
    asked: str | None = None
    """The playback that was asked for and has not begun, failed, ended or been refused yet."""
    sounding: Track | None = None
    """What it plays and nobody has heard yet."""

    def react(self, event: Input, status: Status) -> tuple["Autoplay", tuple[Command, ...]]:
        """See `Reaction`."""
        goes_on = self.waiting or self.asked or self.sounding or isinstance(event, TrackArrived | TrackDue)
        if not (goes_on and may_free(event)):
            return self, ()
        asked = None if isinstance(event, _ANSWERS) and subject(event) == self.asked else self.asked
        waiting, sounding = self._still_waiting(event), self._still_sounding(event)
        if asked or not waiting or not is_free(status):
            return Autoplay(waiting, asked, sounding), ()
        first = waiting[0]
        command = PlayIfFree(
            first.path, first.title, first.id, _playback_id(first), feed=first.feed, at_ns=first.fetched_at
        )
        return Autoplay(waiting, command.playback_id, sounding), (command,)

    def _still_waiting(self, event: Input) -> tuple[Track, ...]:
        match event:
            case TrackArrived(track=track, play_now=True) | TrackDue(track=track):
                return self._with(track)
            case PlaybackStarted() | TrackRemoved():
                return tuple(track for track in self.waiting if track.id != event.track_id)
            case PlaybackFailed() | PlaybackFinished(completed=True):
                return tuple(track for track in self.waiting if _playback_id(track) != event.playback_id)
            case PlaybackFinished(given_up=True) if self.sounding and event.playback_id == _playback_id(self.sounding):
                return self._with(self.sounding)
        return self.waiting

    def _still_sounding(self, event: Input) -> Track | None:
        match event:
            case PlaybackStarted() if event.playback_id == self.asked:
                return next((track for track in self.waiting if track.id == event.track_id), None)
            case PlaybackFinished() | PlaybackFailed() | TrackHeard() if self.sounding:
                return None if event.playback_id == _playback_id(self.sounding) else self.sounding
        return self.sounding

    def _with(self, track: Track) -> tuple[Track, ...]:
        """What waits, and `track`, in place of what the feed had brought under the same key."""
        others = (other for other in self.waiting if (other.feed, other.key) != (track.feed, track.key))
        return tuple(sorted((*others, track), key=lambda each: each.id))


class Reactions:
    """The machines of one process, which go from configuration to configuration."""

    def __init__(self, *machines: Reaction) -> None:
        self._machines = machines

    def listener(self, post: Callable[[Input], None]) -> Callable[[Input, Status], None]:
        """What listens to a controller whose inbox is `post`."""

        def hear(input: Input, status: Status) -> None:
            reacted = [machine.react(input, status) for machine in self._machines]
            self._machines = tuple(machine for machine, _ in reacted)
            for _, outputs in reacted:
                for output in outputs:
                    post(output)

        return hear


def may_free(input: Input) -> bool:
    """Whether the box may be free after it, which it was not before: after commands it is where somebody hangs up."""
    return isinstance(input, Event | HandsetHangUp)


def is_free(status: Status) -> bool:
    """Whether nobody is disturbed by a message, and somebody can hear it."""
    idle = status.recorder is Recorder.IDLE and status.player is Player.STOPPED
    alone = not (status.engaged or status.lifted)
    return idle and alone and not any(fault.name == SPEAKER.name for fault in status.faults)


def _playback_id(track: Track) -> str:
    return f"autoplay-{track.id}"
