"""Sound cards that are lent to whoever checks them, and taken back the moment a take or a message needs them.

A card opens once. The recorder and the player come first: whatever they open, everything lent is recalled before.
"""

import threading

from appliance.audio.ports import Capture, Playback, SoundCards, WrappedCards
from appliance.clock import Clock, wait_for
from appliance.errors import DeviceRecalled
from appliance.models import AudioFormat

_PATIENCE = 2.0
"""Seconds for which a borrower is waited for."""


class _Loans:
    """What is lent at the moment."""

    def __init__(self, clock: Clock) -> None:
        self.opening = threading.Lock()
        """Held while a card is opened, so that nothing is lent between a recall and what it was for."""
        self.over = False
        self._clock = clock
        self._changed = threading.Condition()
        self._streams: list[_LentStream] = []

    def add(self, stream: "_LentStream") -> None:
        with self._changed:
            self._streams.append(stream)

    def remove(self, stream: "_LentStream") -> None:
        with self._changed:
            self._streams.remove(stream)
            self._changed.notify_all()

    def recall(self) -> None:
        """Stop everything lent, and wait until it is given back."""
        with self._changed:
            for stream in self._streams:
                stream.recall()
            wait_for(self._clock, self._changed, lambda: not self._streams, _PATIENCE)


class SharedCards(WrappedCards):
    """The sound cards as the recorder and the player open them; `lent` is how everybody else does."""

    def __init__(self, cards: SoundCards, clock: Clock) -> None:
        super().__init__(cards)
        self._loans = _Loans(clock)
        self.lent: SoundCards = _LentCards(cards, self._loans)

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:
        with self._loans.opening:
            self._loans.recall()
            return self._cards.open_capture(device, format, period, buffer)

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> Playback:
        with self._loans.opening:
            self._loans.recall()
            return self._cards.open_playback(device, format, period, buffer)

    def close(self) -> None:
        """Recall everything, and lend nothing more."""
        with self._loans.opening:
            self._loans.over = True
            self._loans.recall()


class _LentCards(WrappedCards):
    """The sound cards as a borrower opens them."""

    def __init__(self, cards: SoundCards, loans: _Loans) -> None:
        super().__init__(cards)
        self._loans = loans

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:
        with self._loans.opening:
            self._check()
            return _LentCapture(self._cards.open_capture(device, format, period, buffer), self._loans)

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> Playback:
        with self._loans.opening:
            self._check()
            return _LentPlayback(self._cards.open_playback(device, format, period, buffer), self._loans)

    def _check(self) -> None:
        if self._loans.over:
            raise DeviceRecalled("the appliance is stopping or takes a new configuration. Try again in a moment")


class _LentStream:
    """What both directions share. Once recalled, whatever it is asked raises DeviceRecalled."""

    def __init__(self, stream: Capture | Playback, loans: _Loans) -> None:
        self.format = stream.format
        self.period_frames = stream.period_frames
        self.buffer_frames = stream.buffer_frames
        self._lent = stream
        self._loans = loans
        self._recalled = False
        loans.add(self)

    def recall(self) -> None:
        """Let whoever waits inside come back with DeviceRecalled."""
        self._recalled = True
        self._lent.stop()

    def stop(self) -> None:
        self._lent.stop()

    def close(self) -> None:
        self._lent.close()
        self._loans.remove(self)

    def _check(self) -> None:
        if self._recalled:
            raise DeviceRecalled("the card is needed for a take or a message. Try again afterwards")


class _LentCapture(_LentStream):
    def __init__(self, capture: Capture, loans: _Loans) -> None:
        super().__init__(capture, loans)
        self.behind_server = capture.behind_server
        self._capture = capture

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        heard = self._capture.read(frames)
        self._check()
        return heard

    def hasten(self) -> None:
        self._capture.hasten()


class _LentPlayback(_LentStream):
    def __init__(self, playback: Playback, loans: _Loans) -> None:
        super().__init__(playback, loans)
        self.takes_back = playback.takes_back
        self._playback = playback

    def write(self, data: bytes) -> int:
        taken = self._playback.write(data)
        self._check()
        return taken

    @property
    def held(self) -> int:
        return self._playback.held

    def let_sound(self, left: int) -> int:
        held = self._playback.let_sound(left)
        self._check()
        return held

    def rouse(self) -> None:
        self._playback.rouse()

    def take_back(self, keep: int) -> int:
        return self._playback.take_back(keep)

    def drain(self) -> None:
        self._playback.drain()
        self._check()
