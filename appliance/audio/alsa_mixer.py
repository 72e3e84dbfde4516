"""The mixers of real sound cards, on libasound's simple mixer (`snd_mixer_selem`), by ctypes.

Not by alsaaudio: its mixer loads the whole card anew for each control, holds the GIL while a USB card is asked for each
of them, and returns what was in memory by chance as the decibels of a card that tells none.
"""

import ctypes
import errno
import os
from collections.abc import Iterator
from ctypes import byref, c_char_p, c_int, c_long, c_void_p
from functools import cache
from typing import Any

from attrs import evolve

from appliance.audio.gain import AUTOMATIC, GainUnit, rank
from appliance.circumstances import Gain
from appliance.errors import AudioError

_LEFT, _RIGHT = 0, 1
_CHANNELS = range(32)
_LOWEST_DB = -10_000
"""Hundredths of a decibel; what lies below is silence."""

_ABSENT = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EINVAL, errno.ENOSYS, errno.ENOTTY)
"""What libasound says where there is no mixer of that name."""

_TAKES = {
    "open": (c_void_p, c_int),
    "attach": (c_void_p, c_char_p),
    "selem_register": (c_void_p, c_void_p, c_void_p),
    "load": (c_void_p,),
    "close": (c_void_p,),
    "selem_has_capture_volume": (c_void_p,),
    "selem_has_capture_switch": (c_void_p,),
    "selem_has_playback_switch": (c_void_p,),
    "selem_has_capture_channel": (c_void_p, c_int),
    "selem_get_capture_volume_range": (c_void_p, c_void_p, c_void_p),
    "selem_get_capture_dB_range": (c_void_p, c_void_p, c_void_p),
    "selem_get_capture_volume": (c_void_p, c_int, c_void_p),
    "selem_set_capture_volume": (c_void_p, c_int, c_long),
    "selem_ask_capture_vol_dB": (c_void_p, c_long, c_void_p),
    "selem_ask_capture_dB_vol": (c_void_p, c_long, c_int, c_void_p),
    "selem_get_capture_switch": (c_void_p, c_int, c_void_p),
    "selem_set_capture_switch_all": (c_void_p, c_int),
    "selem_get_playback_switch": (c_void_p, c_int, c_void_p),
    "selem_set_playback_switch_all": (c_void_p, c_int),
    "selem_has_playback_volume": (c_void_p,),
    "selem_get_playback_volume_range": (c_void_p, c_void_p, c_void_p),
    "selem_set_playback_volume_all": (c_void_p, c_long),
    "selem_get_playback_dB_range": (c_void_p, c_void_p, c_void_p),
    "selem_ask_playback_dB_vol": (c_void_p, c_long, c_int, c_void_p),
}
"""The functions that return a number, negative for an error, and their arguments."""


@cache
def _library() -> Any:
    library = ctypes.CDLL("libasound.so.2")
    for name, takes in _TAKES.items():
        function = getattr(library, f"snd_mixer_{name}")
        function.argtypes, function.restype = takes, c_int
    for name in ("first_elem", "elem_next"):
        function = getattr(library, f"snd_mixer_{name}")
        function.argtypes, function.restype = (c_void_p,), c_void_p
    library.snd_mixer_selem_get_name.argtypes, library.snd_mixer_selem_get_name.restype = (c_void_p,), c_char_p
    return library


def call(name: str, *arguments: Any) -> int:
    """What libasound's `snd_mixer_NAME` returns. Raises OSError with its number for an error."""
    result: int = getattr(_library(), f"snd_mixer_{name}")(*arguments)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


class AlsaMixer:
    """An open mixer that has something to do with a microphone. One thread uses it."""

    def __init__(self, handle: c_void_p, control: str, element: int, automatic: dict[str, int]) -> None:
        self._handle = handle
        self._control = control
        self._element = element
        self._automatic = automatic

    def gain(self) -> Gain:
        """How it stands."""
        try:
            told = Gain(self._control, on=self._is_on(), automatic=next(iter(self._automatic), ""))
            if self._automatic:
                told = evolve(told, automatic_on=any(map(self._is_automatic, self._automatic.values())))
            return self._volume(told) if self._has("capture_volume") else told
        except OSError as error:
            raise gone(error) from error

    def set_gain(self, value: float, unit: str, channel: int | None = None) -> None:
        """Turn all channels, or that one alone, to the step that is nearest, or in dB nearest below."""
        try:
            for each in self._channels() if channel is None else (channel,):
                call("selem_set_capture_volume", self._element, each, self._raw(value, unit))
        except OSError as error:
            raise gone(error) from error

    def switch(self, *, on: bool) -> None:
        """Turn the capture switch."""
        try:
            call("selem_set_capture_switch_all", self._element, int(on))
        except OSError as error:
            raise gone(error) from error

    def set_automatic(self, *, on: bool) -> None:
        """Turn every switch of an automatic gain."""
        try:
            for element in self._automatic.values():
                call("selem_set_playback_switch_all", element, int(on))
        except OSError as error:
            raise gone(error) from error

    def close(self) -> None:
        """Let go of it."""
        call("close", self._handle)

    def _has(self, what: str) -> bool:
        return bool(call(f"selem_has_{what}", self._element))

    def _channels(self) -> list[int]:
        return [each for each in _CHANNELS if call("selem_has_capture_channel", self._element, each)]

    def _is_on(self) -> bool:
        return not self._has("capture_switch") or bool(asked("get_capture_switch", self._element, _LEFT, of=c_int))

    def _is_automatic(self, element: int) -> bool:
        return bool(asked("get_playback_switch", element, _LEFT, of=c_int))

    def _volume(self, told: Gain) -> Gain:
        raw = asked("get_capture_volume", self._element, _LEFT)
        lowest, highest = self._raw_range()
        if not self._decibels():
            percent = round(100 * (raw - lowest) / max(1, highest - lowest))
            return evolve(told, value=percent, unit=GainUnit.PERCENT, lowest=0, highest=100)
        audible = next((step for step in (lowest, lowest + 1) if self._level(step) > _LOWEST_DB / 100), lowest)
        value, least, most = (self._level(step) for step in (max(raw, audible), audible, highest))
        told = evolve(told, value=value, unit=GainUnit.DECIBEL, lowest=least, highest=most)
        if _RIGHT not in self._channels():
            return told
        second = self._level(max(asked("get_capture_volume", self._element, _RIGHT), audible))
        return evolve(told, second=None if second == value else second)

    def _decibels(self) -> bool:
        try:
            lowest, highest = span("capture_dB", self._element)
        except OSError:
            return False
        return lowest < highest

    def _raw_range(self) -> tuple[int, int]:
        return span("capture_volume", self._element)

    def _level(self, raw: int) -> float:
        return asked("ask_capture_vol_dB", self._element, raw) / 100

    def _raw(self, value: float, unit: str) -> int:
        if unit == GainUnit.DECIBEL:
            return asked("ask_capture_dB_vol", self._element, round(value * 100), -1)
        lowest, highest = self._raw_range()
        return lowest + round((highest - lowest) * value / 100)


def load(name: str) -> tuple[c_void_p, dict[str, int]] | None:
    """The mixer that ALSA calls so, open, and its controls; None where there is none. Raises AudioError."""
    handle = c_void_p()
    try:
        call("open", byref(handle), 0)
        try:
            call("attach", handle, name.encode())
            call("selem_register", handle, None, None)
            call("load", handle)
            return handle, dict(_elements(handle))
        except BaseException:
            call("close", handle)
            raise
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise AudioError(f"the mixer '{name}' cannot be opened: {error.strerror}. Plug the card in again") from error


def open_mixer(name: str) -> AlsaMixer | None:
    """The mixer that ALSA calls so; None where there is none, or none that a microphone has anything to do with."""
    if (found := load(name)) is None:
        return None
    handle, elements = found
    able = {
        each: bool(call("selem_has_capture_volume", element))
        for each, element in elements.items()
        if call("selem_has_capture_volume", element) or call("selem_has_capture_switch", element)
    }
    if not able:
        call("close", handle)
        return None
    control = min(able, key=lambda each: (not able[each], rank(each)))
    automatic = {
        each: element
        for each, element in elements.items()
        if AUTOMATIC.search(each) and call("selem_has_playback_switch", element)
    }
    return AlsaMixer(handle, control, elements[control], automatic)


def _elements(handle: c_void_p) -> Iterator[tuple[str, int]]:
    library = _library()
    element = library.snd_mixer_first_elem(handle)
    while element:
        yield library.snd_mixer_selem_get_name(element).decode(errors="replace"), element
        element = library.snd_mixer_elem_next(element)


def asked(what: str, element: int, *arguments: int, of: type[c_int] | type[c_long] = c_long) -> int:
    found = of()
    call(f"selem_{what}", element, *arguments, byref(found))
    return found.value


def span(what: str, element: int) -> tuple[int, int]:
    """The lowest and the highest that a control can be set to. Raises OSError where it does not tell."""
    lowest, highest = c_long(), c_long()
    call(f"selem_get_{what}_range", element, byref(lowest), byref(highest))
    return lowest.value, highest.value


def gone(error: OSError) -> AudioError:
    return AudioError(f"the mixer of the sound card does not answer: {error.strerror}. Plug the card in again")
