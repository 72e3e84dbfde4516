"""Asking the box for something, and waiting until exactly that has happened."""

import threading
from collections.abc import Callable
from typing import TypeVar

from appliance.clock import Clock, wait_for
from appliance.controller import Controller
from appliance.describe import describe
from appliance.errors import ApplianceError, NotFound, Refused, named
from appliance.events import (
    ClipFinished,
    Command,
    CommandRefused,
    Event,
    NothingToPlay,
    NothingToSplit,
    PlaybackStarted,
    TakeStarted,
    subject,
)
from appliance.machine import Recorder
from appliance.status import Status

T = TypeVar("T")
Kinds = tuple[type[Event], ...]

PATIENCE = 10.0
"""Seconds that whoever asks waits for what was asked for to happen."""

SOON = 2.0
"""The same, where it may be that nothing happens."""

_NOT_YET: dict[type[Event], str] = {
    TakeStarted: "the take has begun, but the microphone has not delivered its first sound yet",
    ClipFinished: "the take has ended, but its clip is not safe yet",
    PlaybackStarted: "the speaker does not sound yet",
}
"""What can be said truly while one waits for an event."""


class Asking:
    """Asks the controller, on the thread of whoever asks."""

    def __init__(self, controller: Controller, clock: Clock) -> None:
        self._controller = controller
        self._clock = clock

    def ask(self, command: Command, done: Kinds = (), failed: Kinds = (), *, indirect: bool = False) -> Event | None:
        """Post the command, and wait for one of these events about the very take or playback that it concerns; about
        any that come SOON, where it is for others to make something of it.

        Returns the event of `done`, None where there are none to wait for, or none came of an `indirect` one. Raises
        Refused where the command is not followed, ApplianceError in words for an event of `failed`, and where nothing
        has come within PATIENCE.
        """
        news = _News((*done, *failed, CommandRefused), self._clock)
        forget = self._controller.listen(news.hear)
        try:
            answer = self._controller.request(command)
            answer.add_done_callback(lambda _: news.look())
            news.wait(lambda: answer.done() or None, "the appliance is busy or changes its configuration")
            concerned = answer.result()
            if not done:
                return None
            if indirect:
                return _told(news.soon(), done)
            last = self._controller.status.last_clip
            if ClipFinished in done and last and last.id == concerned:
                return ClipFinished(last, last.verdict)  # the take had ended by itself
            words = next((_NOT_YET[kind] for kind in done if kind in _NOT_YET), "it was taken up, but is not done yet")
            event = news.wait(lambda: news.about(concerned, done), words)
        finally:
            forget()
        return _told(event, done)


class _News:
    """What has been heard since somebody asked: these kinds of events alone."""

    def __init__(self, kinds: Kinds, clock: Clock) -> None:
        self._kinds = kinds
        self._clock = clock
        self._until = clock.monotonic() + PATIENCE
        self._heard: list[Event] = []
        self._changed = threading.Condition()

    def hear(self, event: Event, status: Status) -> None:
        """Listen to the controller."""
        late = isinstance(event, TakeStarted) and status.recorder is Recorder.IDLE and ClipFinished in self._kinds
        if (
            isinstance(event, self._kinds) and not late
        ):  # where either is asked for, a take that has ended did not begin
            with self._changed:
                self._heard.append(event)
                self._changed.notify()

    def look(self) -> None:
        """Let whoever waits look again."""
        with self._changed:
            self._changed.notify()

    def about(self, concerned: str, done: Kinds) -> Event | None:
        """The first that speaks of this take or playback, or of neither where one of `done` cannot."""
        for event in self._heard:
            named = subject(event)
            if named == concerned or (named is None and isinstance(event, done)):
                return event
        return None

    def soon(self) -> Event | None:
        """The first, once there is one; None where none comes SOON."""
        with self._changed:
            wait_for(self._clock, self._changed, lambda: bool(self._heard), SOON)
            return self._heard[0] if self._heard else None

    def wait(self, found: Callable[[], T | None], otherwise: str) -> T:
        """What is found, once it is. Raises ApplianceError where it is not within PATIENCE of the asking."""
        with self._changed:
            result = wait_for(self._clock, self._changed, found, self._until - self._clock.monotonic())
        if result is None:
            raise ApplianceError(f"{otherwise}. It may still happen: see `appliance status`")
        return result


def _told(event: Event | None, done: Kinds) -> Event | None:
    """The event; raises the error that it stands for where it is none of these."""
    if event is not None and not isinstance(event, done):
        raise _failure(event)
    return event


def _failure(event: Event) -> ApplianceError:
    """Why what was asked for does not happen."""
    match event:
        case CommandRefused():
            return Refused(event.reason)
        case NothingToPlay():
            return NotFound(event.message)
        case NothingToSplit():
            return Refused(event.message)
    return named(getattr(event, "error", ""), getattr(event, "message", None) or describe(event))
