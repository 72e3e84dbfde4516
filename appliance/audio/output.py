"""The player's way to the speaker: loudness without clicks, channels, underruns, the last period."""

import threading
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from appliance.audio.nearest import open_speaker
from appliance.audio.ports import XRUN, Playback, SoundCards
from appliance.config.audio import NO_SPEAKER
from appliance.errors import DeviceLost, NoSpeaker
from appliance.models import SampleFormat

PERIOD = 0.05
BUFFER = 0.15
"""Seconds: what the card holds is what a person waits for after a press. Longer would be safer and feel slow; shorter
periods cost more, as each wakes a processor whose caches have gone cold.
"""

RAMP = 0.02
"""Seconds that a change of loudness takes: short enough to feel at once, long enough not to click."""

_DUCKED = 0.1
_MOST_UNDERRUNS = 100

T = TypeVar("T", np.float32, np.float64)


def loudness(percent: int) -> float:
    """The factor for a volume in percent: its cube, as PulseAudio and PipeWire have it.

    Steps of the same size then sound equally big: 100 % is 0 dB, 50 % -18 dB, 10 % -60 dB, and 0 % is silence.
    """
    return (percent / 100) ** 3


class Gain:
    """A factor that goes from one value to the next along half a cosine."""

    def __init__(self, value: float) -> None:
        self._from = self._to = value
        self._frames = 0
        self._done = 0

    @property
    def value(self) -> float:
        """The factor now."""
        if self._done >= self._frames:
            return self._to
        return self._from + (self._to - self._from) * (0.5 - 0.5 * float(np.cos(np.pi * self._done / self._frames)))

    def go_to(self, value: float, frames: int) -> None:
        """Be at `value` in `frames` frames."""
        self._from, self._to, self._frames, self._done = self.value, value, frames, 0

    @property
    def steady(self) -> bool:
        """Whether the factor has arrived where it is to be."""
        return self._done >= self._frames

    def apply(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The block, shape (frames, channels), with the factor of each of its frames."""
        if self.steady:
            return block if self._to == 1.0 else block * np.float32(self._to)
        steps = np.arange(self._done + 1, self._done + 1 + len(block), dtype=np.float64) / self._frames
        curve = 0.5 - 0.5 * np.cos(np.pi * np.minimum(steps, 1.0))
        self._done += len(block)
        factors = np.where(steps >= 1.0, self._to, self._from + (self._to - self._from) * curve)
        return block * factors.astype(np.float32)[:, np.newaxis]


class Output:
    """The speaker while something plays. One thread uses it; `interrupt` may come from any other."""

    def __init__(self, cards: SoundCards, device: str, rate: int) -> None:
        self._cards = cards
        self._device = device
        self._wanted_rate = rate
        self._guard = threading.Lock()
        self._speaker: Playback | None = None
        self._written = 0
        self._silenced = False
        self.underruns = 0
        """How often the speaker ran dry since somebody set this to 0."""
        self.gain = Gain(1.0)
        self._way = Gain(1.0)

    @property
    def is_open(self) -> bool:
        """Whether there is a speaker to write to."""
        return self._speaker is not None

    @property
    def rate(self) -> int:
        """Frames per second that the speaker takes, as far as that is known."""
        return self._speaker.format.rate if self._speaker else self._wanted_rate

    @property
    def ramp_frames(self) -> int:
        """How long a change of loudness takes."""
        return round(RAMP * self.rate)

    @property
    def period_frames(self) -> int:
        """Frames to hand over at once."""
        return self._speaker.period_frames if self._speaker else 0

    @property
    def lead_frames(self) -> int:
        """Frames that were written and have not sounded yet, at most."""
        return min(self._written, self._speaker.buffer_frames) if self._speaker else 0

    @property
    def longest_end(self) -> float:
        """Seconds that it still sounds at most, if it is to fall silent now."""
        speaker = self._speaker
        held = speaker.format.seconds(speaker.buffer_frames) if speaker else BUFFER
        return held + RAMP + 2 * PERIOD

    def open(self) -> None:
        """Open the speaker in the nearest that it can do to 16-bit stereo. Raises AudioError."""
        if self._device == NO_SPEAKER:
            raise NoSpeaker(
                "this box has no speaker: audio.playback.device is none. Should there be one, name it there"
            )
        speaker = open_speaker(self._cards, self._device, self._wanted_rate, PERIOD, BUFFER)
        self._written = 0
        with self._guard:
            self._speaker = speaker

    def duck(self, ducked: bool) -> None:
        """Give way to a voice by 20 dB, or be as loud again as `gain` says."""
        self._way.go_to(_DUCKED if ducked else 1.0, self.ramp_frames)

    def play(self, block: NDArray[np.float32]) -> None:
        """Hand over a block, shape (frames, 1 or 2), full scale 1.0. Waits for room. Raises AudioError."""
        speaker, factor = self._speaker, 1.0
        if speaker is None:
            return
        if self.gain.steady and self._way.steady:
            factor = self.gain.value * self._way.value
        else:
            block = self._way.apply(self.gain.apply(block))
        self._write(speaker, to_pcm(to_channels(block, speaker.format.channels), speaker.format.sample, factor))

    def finish(self) -> None:
        """Let everything sound and give the speaker back. Raises AudioError; the speaker is given back anyway."""
        speaker = self._speaker
        if speaker is None:
            return
        try:
            # Cards stop at the end of a period, and some play stale sound up to it.
            missing = -self._written % speaker.period_frames
            self._write(speaker, bytes(missing * speaker.format.frame_bytes))
            if not self._silenced:
                speaker.drain()
        finally:
            self.close()

    def close(self) -> None:
        """Give the speaker back at once."""
        with self._guard:
            speaker, self._speaker = self._speaker, None
        if speaker:
            speaker.close()

    def interrupt(self) -> None:
        """Fall silent now and for good: whatever waits returns."""
        with self._guard:
            self._silenced = True
            if self._speaker:
                self._speaker.stop()

    def _write(self, speaker: Playback, data: bytes) -> None:
        dry, frame_bytes = 0, speaker.format.frame_bytes
        while data and not self._silenced:
            taken = speaker.write(data)
            if taken == XRUN:
                dry += 1
                self.underruns += dry == 1
                if dry == _MOST_UNDERRUNS:
                    raise DeviceLost(f"speaker '{self._device}' takes no sound. Unplug it and plug it in again")
                continue
            dry = 0
            self._written += taken
            data = data[taken * frame_bytes :]


def to_channels(block: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """The same sound in `channels` channels: one is repeated, two are mixed evenly; the third and others are silent."""
    have = block.shape[1]
    if have < channels > 2:
        return np.pad(to_channels(block, 2), ((0, 0), (0, channels - 2)))
    if have == channels:
        return block
    mono = block if have == 1 else block.mean(axis=1, keepdims=True)
    return np.repeat(mono, channels, axis=1)


def to_pcm(block: NDArray[np.float32], sample: SampleFormat, factor: float = 1.0) -> bytes:
    """Samples of full scale 1.0, `factor` times as loud, as a speaker takes them, the loudest at its limits."""
    scaled: NDArray[np.float32]
    if sample is SampleFormat.FLOAT_LE:
        scaled = np.clip(block * np.float32(factor), -1, 1)
        return scaled.astype("<f4").tobytes()
    limit = 1 << 8 * sample.bytes - 1
    if sample is SampleFormat.S16_LE:
        scaled = block * np.float32(factor * limit)
        return _whole(scaled, limit).astype("<i2").tobytes()
    whole = _whole(block.astype(np.float64) * (factor * limit), limit)
    octets: NDArray[np.uint8] = whole.astype("<i4").view(np.uint8).reshape(-1, 4)
    return octets[:, : sample.bytes].tobytes()


def _whole(scaled: NDArray[T], limit: int) -> NDArray[T]:
    """Rounded in place, the loudest at the limits. What NumPy's `clip` does beside that costs more than the work."""
    np.rint(scaled, out=scaled)
    np.maximum(scaled, -limit, out=scaled)
    np.minimum(scaled, limit - 1, out=scaled)
    return scaled
