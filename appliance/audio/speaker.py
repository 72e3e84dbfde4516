"""A speaker on libasound itself, as alsaaudio cannot take back what was written and lets nobody wait for two things."""

import ctypes
import errno
import os
import threading
from contextlib import suppress
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_short, c_uint, c_ulong, c_void_p
from typing import Any

from appliance.audio.devices import lost
from appliance.audio.ports import XRUN, Direction
from appliance.errors import DeviceLost
from appliance.models import AudioFormat, SampleFormat

_PLAYBACK = 0  # SND_PCM_STREAM_PLAYBACK
_INTERLEAVED = 3  # SND_PCM_ACCESS_RW_INTERLEAVED
_SETUP = 1  # SND_PCM_STATE_SETUP: dropped or drained, to be prepared again
_DISCONNECTED = 8  # SND_PCM_STATE_DISCONNECTED: what it holds stays as it is
_FORMATS = {SampleFormat.S16_LE: 2, SampleFormat.S24_3LE: 32, SampleFormat.S32_LE: 10, SampleFormat.FLOAT_LE: 14}
"""`snd_pcm_format_t`."""

_CERTAIN = ("HW", "IOPLUG")
"""The kinds of PCM that hold what was written in one place, from which it can be taken back."""

_TAIL = 0.02
"""Seconds that sound may need from the ring to the ear, as USB fetches it ahead."""

_LEAST = 0.005
"""Seconds to wait at least before another look at the card."""

_POLLIN = 1


class _PollFd(ctypes.Structure):
    """`struct pollfd` of poll(2)."""

    _fields_ = (("fd", c_int), ("events", c_short), ("revents", c_short))


class Refused(Exception):
    """libasound does not open the PCM as wanted; the number is that of errno."""


def _function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


_asound = ctypes.CDLL("libasound.so.2")
_open = _function(_asound, "snd_pcm_open", c_int, POINTER(c_void_p), c_char_p, c_int, c_int)
_close = _function(_asound, "snd_pcm_close", c_int, c_void_p)
_kind = _function(_asound, "snd_pcm_type", c_int, c_void_p)
_kind_name = _function(_asound, "snd_pcm_type_name", c_char_p, c_int)
_state = _function(_asound, "snd_pcm_state", c_int, c_void_p)
_prepare = _function(_asound, "snd_pcm_prepare", c_int, c_void_p)
_write = _function(_asound, "snd_pcm_writei", c_long, c_void_p, c_char_p, c_ulong)
_avail = _function(_asound, "snd_pcm_avail", c_long, c_void_p)
_rewind = _function(_asound, "snd_pcm_rewind", c_long, c_void_p, c_ulong)
_drop = _function(_asound, "snd_pcm_drop", c_int, c_void_p)
_drain = _function(_asound, "snd_pcm_drain", c_int, c_void_p)
_new_params = _function(_asound, "snd_pcm_hw_params_malloc", c_int, POINTER(c_void_p))
_free_params = _function(_asound, "snd_pcm_hw_params_free", None, c_void_p)
_any = _function(_asound, "snd_pcm_hw_params_any", c_int, c_void_p, c_void_p)
_set_access = _function(_asound, "snd_pcm_hw_params_set_access", c_int, c_void_p, c_void_p, c_int)
_set_format = _function(_asound, "snd_pcm_hw_params_set_format", c_int, c_void_p, c_void_p, c_int)
_set_channels = _function(_asound, "snd_pcm_hw_params_set_channels", c_int, c_void_p, c_void_p, c_uint)
_set_rate = _function(_asound, "snd_pcm_hw_params_set_rate", c_int, c_void_p, c_void_p, c_uint, c_int)
_set_period = _function(
    _asound, "snd_pcm_hw_params_set_period_size_near", c_int, c_void_p, c_void_p, POINTER(c_ulong), POINTER(c_int)
)
_set_buffer = _function(_asound, "snd_pcm_hw_params_set_buffer_size_near", c_int, c_void_p, c_void_p, POINTER(c_ulong))
_apply = _function(_asound, "snd_pcm_hw_params", c_int, c_void_p, c_void_p)
_period_size = _function(
    _asound, "snd_pcm_hw_params_get_period_size", c_int, c_void_p, POINTER(c_ulong), POINTER(c_int)
)
_buffer_size = _function(_asound, "snd_pcm_hw_params_get_buffer_size", c_int, c_void_p, POINTER(c_ulong))
_poll = _function(ctypes.CDLL(None), "poll", c_int, POINTER(_PollFd), c_ulong, c_int)


class AlsaSpeaker:
    """See `ports.Playback`. `word` is what the configuration calls it. Raises Refused where it is not so to be had."""

    def __init__(
        self, word: str, name: str, format: AudioFormat, period: float, buffer: float, *, behind_server: bool
    ) -> None:
        self.format = format
        self._word = word
        self._stopped = False
        self._using = threading.Lock()
        self._pcm: c_void_p | None = c_void_p()
        _check(_open(byref(self._pcm), name.encode(), _PLAYBACK, 0))
        try:
            self.period_frames, self.buffer_frames = self._set_up(period, buffer)
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except (Refused, OSError) as error:
            _close(self._pcm)
            raise Refused(error.args[0]) from None
        kind = _kind_name(_kind(self._pcm)).decode()
        self.takes_back = kind in _CERTAIN and not behind_server
        self._polled = _PollFd(self._bell, _POLLIN)

    def _set_up(self, period: float, buffer: float) -> tuple[int, int]:
        """Frames of a period and of the ring, as granted."""
        pcm, format = self._pcm, self.format
        params, way = c_void_p(), c_int(0)
        _check(_new_params(byref(params)))
        try:
            _check(_any(pcm, params))
            _check(_set_access(pcm, params, _INTERLEAVED))
            _check(_set_format(pcm, params, _FORMATS[format.sample]))
            _check(_set_channels(pcm, params, format.channels))
            _check(_set_rate(pcm, params, format.rate, 0))
            frames = c_ulong(max(1, format.frames(period)))
            _check(_set_period(pcm, params, byref(frames), byref(way)))
            ring = c_ulong(max(2, round(buffer / period)) * frames.value)
            _check(_set_buffer(pcm, params, byref(ring)))
            _check(_apply(pcm, params))
            _check(_period_size(params, byref(frames), byref(way)))
            _check(_buffer_size(params, byref(ring)))
        finally:
            _free_params(params)
        return frames.value, ring.value

    def write(self, data: bytes) -> int:
        frames = len(data) // self.format.frame_bytes
        while not self._stopped:
            if _state(self._pcm) == _SETUP:
                _prepare(self._pcm)
            taken: int = _write(self._pcm, data, frames)
            if self._stopped:
                break
            if taken == XRUN:
                _prepare(self._pcm)
                return XRUN
            if taken < 0:
                raise self._lost(taken)
            if taken:
                return taken
        return 0

    @property
    def held(self) -> int:
        if self._stopped:
            return 0
        room: int = _avail(self._pcm)
        if _state(self._pcm) == _DISCONNECTED:
            raise self._lost(-errno.ENODEV)
        if room < 0 and room != XRUN and not self._stopped:
            raise self._lost(room)
        return 0 if room < 0 else max(0, self.buffer_frames - room)

    def let_sound(self, left: int) -> int:
        while (held := self.held) > left:
            if self._is_roused(max(_LEAST, (held - left) / self.format.rate)):
                return held
        return held

    def rouse(self) -> None:
        with self._using:
            if self._pcm is not None:
                os.eventfd_write(self._bell, 1)

    def take_back(self, keep: int) -> int:
        surplus = self.held - keep if self.takes_back else 0
        return max(0, _rewind(self._pcm, surplus)) if surplus > 0 else 0

    def drain(self) -> None:
        """A card stops at the end of a period, and some play stale sound up to it: so silence follows."""
        if not self.takes_back:
            if missing := -self.held % self.period_frames:
                self.write(bytes(missing * self.format.frame_bytes))
            self._check_alive(_drain(self._pcm))
            return
        frames = self.period_frames + self.format.frames(_TAIL)
        if self.write(bytes(frames * self.format.frame_bytes)) == XRUN:
            return
        while not self._stopped and (surplus := self.held - self.period_frames) > 0:
            self._is_roused(max(_LEAST, surplus / self.format.rate))
        if not self._stopped:
            self._check_alive(_drop(self._pcm))

    def stop(self) -> None:
        self._stopped = True
        with self._using:
            if self._pcm is not None:
                _drop(self._pcm)
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        self._stopped = True
        with self._using:
            pcm, self._pcm = self._pcm, None
            if pcm is not None:
                _drop(pcm)  # else closing waits until everything has sounded
                _close(pcm)
                os.close(self._bell)

    def _is_roused(self, seconds: float) -> bool:
        """Whether somebody rouses it within that time."""
        if _poll(byref(self._polled), 1, max(1, round(seconds * 1000))) <= 0:
            return False
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        return True

    def _check_alive(self, result: int) -> None:
        if result < 0 and result not in (XRUN, -errno.EBADFD) and not self._stopped:
            raise self._lost(result)

    def _lost(self, code: int) -> DeviceLost:
        return lost(self._word, Direction.PLAYBACK, -code, os.strerror(-code))


def _check(result: int) -> None:
    if result < 0:
        raise Refused(-result)
