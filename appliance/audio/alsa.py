"""Real sound cards, on pyalsaaudio 0.10 and 0.11. The only module that imports alsaaudio.

What it must make up for, beside silent substitution of whatever the card cannot do: 0.10 prepares an overrun stream and
goes on without a word; both abort or crash the process when a closed PCM is asked something or is closed under a
reader. Errors carry no number, only the text of strerror(3). What plays goes another way: `appliance.audio.speaker`.

Every release holds Python's lock while it opens, drops and closes a PCM, so no thread of ours can save the rest from a
card that hangs there: nobody feeds systemd's watchdog then, which begins anew, and the take is there.
"""

import ctypes
import errno
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import alsaaudio
from alsaaudio import ALSAAudioError

from appliance.audio.alsa_mixer import open_mixer
from appliance.audio.card_notes import CardNotes
from appliance.audio.devices import NOUNS, Devices, SystemCard, abilities, lost, not_found
from appliance.audio.ports import XRUN, Capture, Card, Direction, Mixer, Playback
from appliance.audio.speaker import AlsaSpeaker, Refused
from appliance.describe import counted
from appliance.errors import AudioError, DeviceBusy, DeviceLost, FormatUnsupported
from appliance.models import AudioFormat, SampleFormat

_TYPES = {Direction.CAPTURE: alsaaudio.PCM_CAPTURE, Direction.PLAYBACK: alsaaudio.PCM_PLAYBACK}
_FORMATS = {
    SampleFormat.S16_LE: alsaaudio.PCM_FORMAT_S16_LE,
    SampleFormat.S24_3LE: alsaaudio.PCM_FORMAT_S24_3LE,
    SampleFormat.S32_LE: alsaaudio.PCM_FORMAT_S32_LE,
    SampleFormat.FLOAT_LE: alsaaudio.PCM_FORMAT_FLOAT_LE,
}
_SETTINGS = {
    Direction.CAPTURE: "audio.capture.rate, channels or sample_format",
    Direction.PLAYBACK: "audio.playback.device",
}

_MOST_EMPTY = 100
"""Reads in a row that may bring nothing: a read waits for sound."""


class AlsaCards:
    """The sound cards of this machine."""

    def __init__(self, devices: Devices | None = None) -> None:
        _silence_libasound()
        self.notes = CardNotes()
        self._devices = devices or Devices()
        # A card that `cards` looks at must not seem busy to whoever opens it at that moment.
        self._opening = threading.Lock()

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:
        pcm, info = self._open(device, Direction.CAPTURE, format, period, buffer)
        return _AlsaCapture(device, format, pcm, info, behind_server=self._devices.behind_server(device))

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> Playback:
        name, behind_server = self._devices.pcm_name(device, Direction.PLAYBACK), self._devices.behind_server(device)
        with self._opening:
            try:
                return AlsaSpeaker(device, name, format, period, buffer, behind_server=behind_server)
            except Refused as refused:
                code: int = refused.args[0]
                if code == errno.EINVAL:  # alsaaudio tells what it offers
                    self._granted(device, Direction.PLAYBACK, format, period, buffer)[0].close()
                raise self._refusal(device, Direction.PLAYBACK, format, code, os.strerror(code)) from None

    def present(self, device: str, direction: Direction) -> bool:
        return self._devices.present(device, direction)

    def identity(self, device: str) -> str:
        return self._devices.identity(device)

    def open_mixer(self, device: str) -> Mixer | None:
        return open_mixer(self._devices.mixer_name(device))

    def cards(self) -> tuple[Card, ...]:
        return tuple(
            Card(
                card.name,
                self._devices.words(card),
                capture=self._abilities(card, Direction.CAPTURE),
                playback=self._abilities(card, Direction.PLAYBACK),
            )
            for card in self._devices.cards()
        )

    def check_capture(self, device: str, format: AudioFormat) -> None:
        with self._opening:
            self._granted(device, Direction.CAPTURE, format, 0.1, 0.5)[0].close()

    def _open(
        self, word: str, direction: Direction, format: AudioFormat, period: float, buffer: float
    ) -> tuple[Any, Mapping[str, Any]]:
        with self._opening:
            return self._granted(word, direction, format, period, buffer)

    def _granted(
        self, word: str, direction: Direction, format: AudioFormat, period: float, buffer: float
    ) -> tuple[Any, Mapping[str, Any]]:
        """An open PCM and what alsaaudio says of it, asked once because every call of `info` leaks a little."""
        name = self._devices.pcm_name(word, direction)
        try:
            pcm = alsaaudio.PCM(
                _TYPES[direction],
                device=name,
                rate=format.rate,
                channels=format.channels,
                format=_FORMATS[format.sample],
                periodsize=max(1, format.frames(period)),
                periods=max(2, round(buffer / period)),
            )
        except ALSAAudioError as error:
            raise self._refusal(word, direction, format, *_reason(error)) from error
        info = pcm.info()
        lacking = shortfall(info, format)
        if lacking:
            can = abilities(pcm.getrates(), pcm.getchannels(), pcm.getformats())
            pcm.close()
            offered = (info["rate"], info["channels"], info["format_name"])
            raise _unsupported(word, direction, format, f"{lacking}. It can do {can}", offered)
        return pcm, info

    def _refusal(self, word: str, direction: Direction, format: AudioFormat, code: int, text: str) -> AudioError:
        noun = NOUNS[direction]
        if code in (errno.ENODEV, errno.ENOENT, errno.ENXIO):
            return not_found(word, direction, "ALSA has no device of that name now")
        if code == errno.EBUSY:
            holder = self._devices.holder(word, direction) or "another program"
            return DeviceBusy(f"{noun} '{word}' is in use by {holder}. Stop that program, or choose another device")
        if code == errno.EINVAL:
            return _unsupported(word, direction, format, "it refuses that combination")
        if code in (errno.EACCES, errno.EPERM):
            return AudioError(
                f"{noun} '{word}' may not be opened by this user. Add the user to the group audio and log in again"
            )
        return AudioError(f"{noun} '{word}' cannot be opened: {text}. Unplug the card and plug it in again")

    def _abilities(self, card: SystemCard, direction: Direction) -> str:
        if direction not in card.devices:
            return "none"
        name = card.pcm_name(direction)
        with self._opening:
            try:
                pcm = alsaaudio.PCM(_TYPES[direction], device=name)
            except ALSAAudioError as error:
                code, text = _reason(error)
                if code == errno.EBUSY:
                    return f"in use by {self._devices.holder(name, direction) or 'another program'}"
                return "not allowed for this user" if code in (errno.EACCES, errno.EPERM) else text
            try:
                return abilities(pcm.getrates(), pcm.getchannels(), pcm.getformats())
            finally:
                pcm.close()


class _AlsaCapture:
    """See `ports.Capture`. Only `stop` comes from another thread."""

    def __init__(
        self, word: str, format: AudioFormat, pcm: Any, info: Mapping[str, Any], *, behind_server: bool
    ) -> None:
        self.format = format
        self.period_frames: int = info["period_size"]
        self.buffer_frames: int = info["buffer_size"]
        self.behind_server = behind_server
        self._word = word
        self._pcm = pcm
        self._stopped = False
        self._closing = threading.Lock()

    def read(self) -> tuple[int, bytes]:
        for _ in range(_MOST_EMPTY):
            if self._stopped:
                break
            try:
                if self._found_xrun():
                    return XRUN, b""
                length, data = self._pcm.read()
                if length == XRUN:
                    self._pcm.drop()  # 0.10 leaves the stream overrun
            except ALSAAudioError as error:
                if self._stopped:
                    break
                raise lost(self._word, Direction.CAPTURE, *_reason(error)) from error
            # What a read returns after `stop` may begin anew behind an uncounted gap.
            if length and not self._stopped:
                return length, data
        if self._stopped:
            return 0, b""
        noun = NOUNS[Direction.CAPTURE]
        raise DeviceLost(f"{noun} '{self._word}' hands over nothing, again and again. Unplug it and plug it in again")

    def stop(self) -> None:
        self._stopped = True
        with self._closing:
            self._drop()

    def close(self) -> None:
        self._stopped = True
        with self._closing:
            self._drop()
            self._pcm.close()

    def _drop(self) -> None:
        with suppress(ALSAAudioError):  # also where it is closed already
            self._pcm.drop()

    def _found_xrun(self) -> bool:
        """Look for an XRUN that alsaaudio 0.10 would pass over; dropping makes the next call prepare the stream."""
        if self._pcm.state() != alsaaudio.PCM_STATE_XRUN:
            return False
        self._pcm.drop()
        return True


def shortfall(info: Mapping[str, Any], wanted: AudioFormat) -> str:
    """What the card granted instead of `wanted`, by `PCM.info()`; empty where it is what was asked for."""
    granted = (info["rate"], info["channels"], info["format_name"])
    if granted != (wanted.rate, wanted.channels, wanted.sample):
        rate, channels, sample = granted
        return f"the nearest it offers is {rate} Hz, {counted(channels, 'channel')}, {sample}"
    if "physical_bits" not in info and info["significant_bits"] != 8 * wanted.sample.bytes:
        # alsaaudio 0.10 takes the significant bits for the stored ones and would write past the end of its buffer.
        return f"pyalsaaudio 0.10 cannot handle its {info['significant_bits']} bits in {wanted.sample}, 0.11 can"
    return ""


def _unsupported(
    word: str, direction: Direction, format: AudioFormat, fact: str, offered: tuple[int, int, str] | None = None
) -> FormatUnsupported:
    return FormatUnsupported(
        f"{NOUNS[direction]} '{word}' cannot do {format}: {fact}. "
        f"Run `appliance devices` and set {_SETTINGS[direction]}",
        offered=offered,
    )


def _reason(error: ALSAAudioError) -> tuple[int, str]:
    """The number (0: unknown) and the text of the error behind `TEXT [DEVICE]`."""
    text = str(error).rpartition(" [")[0] or str(error)
    return next((code for code in errno.errorcode if os.strerror(code) == text), 0), text


def _silence_libasound() -> None:
    """Keep libasound from printing on stderr; what it would say is in the errors as well.

    The handler must be C, as it may be called while Python shuts down; any function that ignores its arguments will do.
    """
    library = ctypes.CDLL("libasound.so.2")
    library.snd_lib_error_set_handler(library.snd_asoundlib_version)
