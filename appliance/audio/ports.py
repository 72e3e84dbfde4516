"""What the appliance needs of a sound card. `alsa` keeps this contract with real cards, `simulation` with fakes.

The contract is ALSA's, ugly parts included, so that the code above is tested against what really happens: an overrun
or underrun comes back as the negative length -EPIPE, and tells nothing of how much was lost.
"""

import errno
from enum import StrEnum
from typing import Protocol

from appliance.audio.card_notes import CardNotes
from appliance.circumstances import Gain
from appliance.models import AudioFormat
from appliance.values import frozen

XRUN = -errno.EPIPE
"""The length that `read` returns after an overrun and `write` after an underrun."""


class Direction(StrEnum):
    """Which way the sound goes."""

    CAPTURE = "capture"
    PLAYBACK = "playback"


class Capture(Protocol):
    """An open microphone. One thread reads and closes; `stop` and `hasten` may come from any other."""

    @property
    def format(self) -> AudioFormat:
        """What the card granted, which is what was asked for."""

    @property
    def period_frames(self) -> int:
        """Frames that the card hands over at once."""

    @property
    def buffer_frames(self) -> int:
        """Frames that the card holds back before it overruns, as granted."""

    @property
    def behind_server(self) -> bool:
        """Whether a sound server is in between, which loses frames without a word."""

    def read(self, frames: int = 0) -> tuple[int, bytes]:
        """Wait for the next period, or where the card can for as many whole ones as `frames` hold: the length in frames
        and the bytes.

        `(XRUN, b"")` after an overrun, when the stream goes on by itself; `(0, b"")` once `stop` was called.
        Raises DeviceLost where the card is gone.
        """

    def hasten(self) -> None:
        """Let the `read` that waits, or else the next one, return at the end of the period that sounds now."""

    def stop(self) -> None:
        """Make the `read` that waits, and every later one, return `(0, b"")` soon."""

    def close(self) -> None:
        """Give the card back. Only the reading thread may call it, once its last `read` has returned."""


class Playback(Protocol):
    """An open speaker. One thread writes and closes; `stop` and `rouse` may come from any other."""

    @property
    def format(self) -> AudioFormat:
        """What the card granted, which is what was asked for."""

    @property
    def period_frames(self) -> int:
        """Frames that the card takes at once."""

    @property
    def buffer_frames(self) -> int:
        """Frames that the card holds before they sound, as granted."""

    def write(self, data: bytes) -> int:
        """Wait for room and hand over whole frames. Their number, or XRUN after an underrun (write again).

        0 once `stop` was called. Raises DeviceLost where the card is gone.
        """

    @property
    def takes_back(self) -> bool:
        """Whether what was written can be taken back before it sounds."""

    @property
    def held(self) -> int:
        """Frames that were written and have not sounded yet. Raises DeviceLost where the card is gone."""

    def let_sound(self, left: int) -> int:
        """Wait until `left` frames are held at most, or until `rouse`; what is held then. Raises DeviceLost."""

    def rouse(self) -> None:
        """Let the `let_sound` that waits, or else the next one, return at once. From any thread, also after `close`."""

    def take_back(self, keep: int) -> int:
        """Take back what is held beyond `keep` frames, so that something else can follow. Its length in frames."""

    def drain(self) -> None:
        """Wait until everything written has sounded."""

    def stop(self) -> None:
        """Fall silent now: what was written and has not sounded is dropped, a waiting `write` returns."""

    def close(self) -> None:
        """Give the card back. Only the writing thread may call it."""


@frozen
class Card:
    """A sound card as `appliance devices` shows it.

    `words` are the device words that choose it, the most stable first; `formats` says what each direction can do, in
    words for people.
    """

    name: str
    words: tuple[str, ...]
    capture: str
    playback: str


class Mixer(Protocol):
    """The open mixer of a sound card, as far as it turns a microphone. One thread uses it.

    Whatever it is asked may raise AudioError, as where the card is gone.
    """

    def gain(self) -> Gain:
        """How it stands."""

    def set_gain(self, value: float, unit: str, channel: int | None = None) -> None:
        """Turn all channels, or one, to the step of the card that is nearest, in dB nearest below."""

    def switch(self, *, on: bool) -> None:
        """Turn the switch of the microphone."""

    def set_automatic(self, *, on: bool) -> None:
        """Turn the switches by which the card changes the gain by itself."""

    def close(self) -> None:
        """Let go of it."""


class SoundCards(Protocol):
    """The sound cards of the box."""

    @property
    def notes(self) -> CardNotes:
        """What is known of them from before."""

    def identity(self, device: str) -> str:
        """What that microphone's card is known by, whatever its number and its port; empty where it is not there."""

    def open_mixer(self, device: str) -> Mixer | None:
        """The mixer of that microphone's card; None where it has none. Raises AudioError where it does not answer."""

    def turn_speaker(self, device: str, control: str, factor: float) -> None:
        """Let that control of the speaker's card be `factor` (0 to 1) times as loud as it can be.

        Raises Refused, which says why it cannot be, or AudioError.
        """

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:
        """Open the microphone that the word `device` names; `period` and `buffer` are wishes in seconds.

        Raises DeviceNotFound, DeviceBusy, FormatUnsupported, or a bare AudioError for any other refusal of the system.
        """

    def check_capture(self, device: str, format: AudioFormat) -> None:
        """Raise what `open_capture` would raise for that format now. Nobody who opens the microphone notices."""

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> Playback:
        """Open the speaker that the word `device` names. As `open_capture`."""

    def present(self, device: str, direction: Direction) -> bool:
        """Whether the word names a card that is there now. Cheap, opens nothing."""

    def cards(self) -> tuple[Card, ...]:
        """Every card, in the order of the system."""


class WrappedCards:
    """Sound cards behind something that has its own way to open them: all else goes straight to them."""

    def __init__(self, cards: SoundCards) -> None:
        self._cards = cards

    @property
    def notes(self) -> CardNotes:
        return self._cards.notes

    def identity(self, device: str) -> str:
        return self._cards.identity(device)

    def open_mixer(self, device: str) -> Mixer | None:
        return self._cards.open_mixer(device)

    def turn_speaker(self, device: str, control: str, factor: float) -> None:
        self._cards.turn_speaker(device, control, factor)

    def check_capture(self, device: str, format: AudioFormat) -> None:
        self._cards.check_capture(device, format)

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> Playback:
        return self._cards.open_playback(device, format, period, buffer)

    def present(self, device: str, direction: Direction) -> bool:
        return self._cards.present(device, direction)

    def cards(self) -> tuple[Card, ...]:
        return self._cards.cards()
