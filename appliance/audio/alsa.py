"""Real sound cards. What records goes by `appliance.audio.reader`, what plays by `appliance.audio.speaker`.

What the cards can do, pyalsaaudio 0.10 and 0.11 tell, which only this module and `alsa_mixer` import. What must be made
up for is silent substitution of whatever the card cannot do. Errors carry no number, only the text of strerror(3).
"""

import ctypes
import errno
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import alsaaudio
from alsaaudio import ALSAAudioError

from appliance.audio.alsa_mixer import open_mixer
from appliance.audio.asound import Refused
from appliance.audio.card_notes import CardNotes
from appliance.audio.devices import NOUNS, Devices, SystemCard, abilities, not_found
from appliance.audio.ports import Capture, Card, Direction, Mixer, Playback
from appliance.audio.reader import AlsaReader
from appliance.audio.speaker import AlsaSpeaker
from appliance.errors import AudioError, DeviceBusy, FormatUnsupported
from appliance.models import AudioFormat, SampleFormat
from appliance.phrases import counted

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

T = TypeVar("T")


class AlsaCards:
    """The sound cards of this machine."""

    def __init__(self, devices: Devices | None = None) -> None:
        _silence_libasound()
        self.notes = CardNotes()
        self._devices = devices or Devices()
        # A card that `cards` looks at must not seem busy to whoever opens it at that moment.
        self._opening = threading.Lock()

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:
        return self._open(AlsaReader, device, Direction.CAPTURE, format, period, buffer)

    def open_playback(self, device: str, format: AudioFormat, period: float, buffer: float) -> Playback:
        return self._open(AlsaSpeaker, device, Direction.PLAYBACK, format, period, buffer)

    def present(self, device: str, direction: Direction) -> bool:
        return self._devices.present(device, direction)

    def identity(self, device: str) -> str:
        return self._devices.identity(device)

    def open_mixer(self, device: str) -> Mixer | None:
        return open_mixer(self._devices.mixer_name(device, Direction.CAPTURE))

    def turn_speaker(self, device: str, control: str, factor: float) -> None:
        from appliance.audio.alsa_volume import turn_speaker  # for a control that the configuration names

        turn_speaker(self._devices.mixer_name(device, Direction.PLAYBACK), control, factor)

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
            self._granted(device, Direction.CAPTURE, format, 0.1, 0.5).close()

    def _open(
        self,
        kind: Callable[..., T],
        device: str,
        direction: Direction,
        format: AudioFormat,
        period: float,
        buffer: float,
    ) -> T:
        name, behind_server = self._devices.pcm_name(device, direction), self._devices.behind_server(device)
        with self._opening:
            try:
                return kind(device, name, format, period, buffer, behind_server=behind_server)
            except Refused as refused:
                code: int = refused.args[0]
                if code == errno.EINVAL:  # alsaaudio tells what it offers
                    self._granted(device, direction, format, period, buffer).close()
                raise self._refusal(device, direction, format, code, os.strerror(code)) from None

    def _granted(self, word: str, direction: Direction, format: AudioFormat, period: float, buffer: float) -> Any:
        """An open PCM of alsaaudio, which tells what the card offers instead. Every call of `info` leaks a little."""
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
        return pcm

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
