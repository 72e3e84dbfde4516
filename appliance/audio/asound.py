"""libasound itself, as far as we call it: alsaaudio can neither take back what was written nor read several periods.

Python's lock is free during every call.
"""

import ctypes
import errno
import os
import threading
from contextlib import suppress
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_short, c_uint, c_ulong, c_ushort, c_void_p
from typing import Any

from appliance.audio.devices import lost
from appliance.audio.ports import Direction
from appliance.errors import DeviceLost
from appliance.models import AudioFormat, SampleFormat

_STREAMS = {Direction.CAPTURE: 1, Direction.PLAYBACK: 0}
"""`snd_pcm_stream_t`."""

SETUP, PREPARED, DISCONNECTED = 1, 2, 8  # snd_pcm_state_t; SETUP: dropped or drained, to be prepared again
_INTERLEAVED = 3  # SND_PCM_ACCESS_RW_INTERLEAVED
_FORMATS = {SampleFormat.S16_LE: 2, SampleFormat.S24_3LE: 32, SampleFormat.S32_LE: 10, SampleFormat.FLOAT_LE: 14}
"""`snd_pcm_format_t`."""

POLLIN = 1


class PollFd(ctypes.Structure):
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
close = _function(_asound, "snd_pcm_close", c_int, c_void_p)
kind = _function(_asound, "snd_pcm_type", c_int, c_void_p)
kind_name = _function(_asound, "snd_pcm_type_name", c_char_p, c_int)
state = _function(_asound, "snd_pcm_state", c_int, c_void_p)
prepare = _function(_asound, "snd_pcm_prepare", c_int, c_void_p)
start = _function(_asound, "snd_pcm_start", c_int, c_void_p)
read = _function(_asound, "snd_pcm_readi", c_long, c_void_p, c_char_p, c_ulong)
write = _function(_asound, "snd_pcm_writei", c_long, c_void_p, c_char_p, c_ulong)
avail = _function(_asound, "snd_pcm_avail", c_long, c_void_p)
rewind = _function(_asound, "snd_pcm_rewind", c_long, c_void_p, c_ulong)
drop = _function(_asound, "snd_pcm_drop", c_int, c_void_p)
drain = _function(_asound, "snd_pcm_drain", c_int, c_void_p)
descriptors_count = _function(_asound, "snd_pcm_poll_descriptors_count", c_int, c_void_p)
descriptors = _function(_asound, "snd_pcm_poll_descriptors", c_int, c_void_p, POINTER(PollFd), c_uint)
revents = _function(
    _asound, "snd_pcm_poll_descriptors_revents", c_int, c_void_p, POINTER(PollFd), c_uint, POINTER(c_ushort)
)
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
_new_soft = _function(_asound, "snd_pcm_sw_params_malloc", c_int, POINTER(c_void_p))
_free_soft = _function(_asound, "snd_pcm_sw_params_free", None, c_void_p)
_current_soft = _function(_asound, "snd_pcm_sw_params_current", c_int, c_void_p, c_void_p)
_set_avail_min = _function(_asound, "snd_pcm_sw_params_set_avail_min", c_int, c_void_p, c_void_p, c_ulong)
_apply_soft = _function(_asound, "snd_pcm_sw_params", c_int, c_void_p, c_void_p)
poll = _function(ctypes.CDLL(None), "poll", c_int, POINTER(PollFd), c_ulong, c_int)


def check(result: int) -> None:
    """Raise Refused where a call failed."""
    if result < 0:
        raise Refused(-result)


def _opened(name: str, direction: Direction) -> c_void_p:
    """The PCM of that name. Raises Refused."""
    pcm = c_void_p()
    check(_open(byref(pcm), name.encode(), _STREAMS[direction], 0))
    return pcm


def _set_up(pcm: c_void_p, format: AudioFormat, period: float, buffer: float) -> tuple[int, int]:
    """Frames of a period and of the ring, as granted for those wishes in seconds. Raises Refused."""
    params, way = c_void_p(), c_int(0)
    check(_new_params(byref(params)))
    try:
        check(_any(pcm, params))
        check(_set_access(pcm, params, _INTERLEAVED))
        check(_set_format(pcm, params, _FORMATS[format.sample]))
        check(_set_channels(pcm, params, format.channels))
        check(_set_rate(pcm, params, format.rate, 0))
        frames = c_ulong(max(1, format.frames(period)))
        check(_set_period(pcm, params, byref(frames), byref(way)))
        ring = c_ulong(max(2, round(buffer / period)) * frames.value)
        check(_set_buffer(pcm, params, byref(ring)))
        check(_apply(pcm, params))
        check(_period_size(params, byref(frames), byref(way)))
        check(_buffer_size(params, byref(ring)))
    finally:
        _free_params(params)
    return frames.value, ring.value


def wake_at(pcm: c_void_p, frames: int) -> None:
    """Let poll(2) return once so many frames are there. Raises Refused."""
    params = c_void_p()
    check(_new_soft(byref(params)))
    try:
        check(_current_soft(pcm, params))
        check(_set_avail_min(pcm, params, frames))
        check(_apply_soft(pcm, params))
    finally:
        _free_soft(params)


class OpenPcm:
    """A PCM from its opening to its end, and a bell that wakes whoever waits for it. One thread reads or writes."""

    def __init__(
        self, direction: Direction, word: str, name: str, format: AudioFormat, period: float, buffer: float
    ) -> None:
        """`word` is what the configuration calls it, `name` what libasound does; `period` and `buffer` are seconds.

        Raises Refused where it is not so to be had.
        """
        self.format = format
        self._direction = direction
        self._word = word
        self._stopped = False
        self._using = threading.Lock()
        self._pcm: c_void_p | None = _opened(name, direction)
        try:
            self.period_frames, self.buffer_frames = _set_up(self._pcm, format, period, buffer)
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except (Refused, OSError) as error:
            close(self._pcm)
            raise Refused(error.args[0]) from None

    def stop(self) -> None:
        """See `ports`."""
        self._stopped = True
        with self._using:
            if self._pcm is not None:
                drop(self._pcm)
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """See `ports`."""
        self._stopped = True
        with self._using:
            pcm, self._pcm = self._pcm, None
            if pcm is not None:
                drop(pcm)  # else closing waits until everything has sounded
                close(pcm)
                os.close(self._bell)

    def _ring(self) -> None:
        """Wake whoever waits. From any thread."""
        with self._using:
            if self._pcm is not None:
                os.eventfd_write(self._bell, 1)

    def _quiet_bell(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)

    def _check(self, result: int, *harmless: int) -> None:
        """Raise DeviceLost where a call failed by anything but that, and nobody has stopped it."""
        if result < 0 and result not in harmless and not self._stopped:
            raise self._lost(result)

    def _lost(self, code: int = -errno.EIO) -> DeviceLost:
        return lost(self._word, self._direction, -code, os.strerror(-code))
