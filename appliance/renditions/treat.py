"""Makes of a clip's sound what a recipe of a person's own wants, block by block, with as many passes as that needs.

Loudness is reached by a gain; where peaks would then be too high a limiter takes them back, and the gain is corrected
for what that took away. No more than 30 dB are given: what is quieter was no sound that somebody wants to hear.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from appliance.audio.biquads import Cascade, Sound, high_pass
from appliance.audio.loudness import TAPS, Loudness, LoudnessMeter, between, may_exceed
from appliance.recipes import Treatment
from appliance.renditions.safety import SAFETY, Safety

_BLOCK_FRAMES = 65_536
_PIECE = 0.01
"""Seconds whose level decides what is silent."""

_HOLD = 0.01
"""Seconds that the limiter takes to give way before a peak, and to come back after it."""

_MOST_GAIN = 30.0
_CORRECTIONS = 3
_NEAR = 0.1
"""LU from the target that need no correction."""

Blocks = Callable[[], Iterable[Sound]]
"""Blocks of floats from the beginning, each time it is called."""


class Treated:
    """The sound of a file after a treatment, as often as it is asked for; `check` is called between blocks.

    `rate`, `channels` and `bits` are those that it comes out with, `first` and `end` the frames of the file that are
    kept. A rate that is not `known` becomes the highest of those. Raises LibsndfileError.
    """

    def __init__(
        self, source: Path, treatment: Treatment, check: Callable[[], None], known: Collection[int] = ()
    ) -> None:
        import soundfile

        with soundfile.SoundFile(source) as sound:
            recorded_rate: int = sound.samplerate
            recorded: int = sound.channels
            self.end: int = sound.frames
            self.bits = treatment.bits or {"PCM_16": 16, "PCM_24": 24}.get(sound.subtype, 32)
        self.first = 0
        self.recorded_rate = recorded_rate
        self.rate = treatment.rate or recorded_rate
        if known and self.rate not in known:
            self.rate = max(known)
        self.channels = 1 if treatment.channels else recorded
        blocks: Blocks = partial(_read, source, check)
        if treatment.channels == SAFETY:
            blocks = _mended(blocks, recorded_rate)
        elif treatment.channels:
            blocks = _then(blocks, lambda block: _one_of(block, treatment.channels))
        if treatment.high_pass:
            blocks = _high_passed(blocks, treatment.high_pass, recorded_rate, self.channels)
        if treatment.trim_head or treatment.trim_tail:
            self.first, self.end = _heard(blocks(), treatment, recorded_rate)
            blocks = _cut(blocks, self.first, self.end)
        if treatment.gain:
            blocks = _louder(blocks, treatment.gain)
        if self.rate != recorded_rate:
            blocks = partial(resampled, blocks, recorded_rate, self.rate, self.channels, "float64")
        if treatment.loudness is not None or treatment.true_peak is not None:
            blocks = self._levelled(blocks, treatment.loudness, treatment.true_peak)
        if treatment.fade:
            blocks = _faded(blocks, round(treatment.fade * self.rate))
        self.blocks = blocks
        """Blocks of frames by channels, full scale at 1; some may be louder."""

    def _levelled(self, blocks: Blocks, target: float | None, most: float | None) -> Blocks:
        before = self.loudness(blocks)
        wanted = before.integrated if target is None else target
        gain = min(wanted - before.integrated, _MOST_GAIN) if math.isfinite(before.integrated) else 0.0
        if most is None or before.true_peak + gain <= most:
            return _louder(blocks, gain)
        limited = _limited(_louder(blocks, gain), most, self.rate)
        for _ in range(_CORRECTIONS if target is not None else 0):
            missing = min(wanted - self.loudness(limited).integrated, _MOST_GAIN - gain)
            if abs(missing) < _NEAR:
                break
            gain += missing
            limited = _limited(_louder(blocks, gain), most, self.rate)
        return limited

    def loudness(self, blocks: Blocks | None = None) -> Loudness:
        """How loud it comes out, or is after the first of its steps."""
        meter = LoudnessMeter(self.rate, self.channels)
        for block in (blocks or self.blocks)():
            meter.add(block)
        return meter.result()


def _read(source: Path, check: Callable[[], None]) -> Iterator[Sound]:
    import soundfile

    with soundfile.SoundFile(source) as sound:
        for block in sound.blocks(_BLOCK_FRAMES, dtype="float64", always_2d=True):
            check()
            yield block


def _then(blocks: Blocks, work: Callable[[Sound], Sound]) -> Blocks:
    return lambda: map(work, blocks())


def _one_of(block: Sound, wanted: str) -> Sound:
    if wanted in ("mono", "mix"):
        added: Sound = block.sum(axis=1, keepdims=True)
        return added / block.shape[1] if wanted == "mono" else added
    return block[:, :1] if wanted == "left" else block[:, 1:2] if block.shape[1] > 1 else block


def _mended(blocks: Blocks, rate: int) -> Blocks:
    def mended() -> Iterator[Sound]:
        safety = Safety.of(blocks(), rate)
        for sound, begin, end in _with_surroundings(blocks(), safety.margin):
            yield safety.mend(sound)[begin:end]

    return mended


def _high_passed(blocks: Blocks, hertz: float, rate: int, channels: int) -> Blocks:
    return lambda: map(Cascade([high_pass(hertz, rate)], channels).filter, blocks())


def _louder(blocks: Blocks, decibels: float) -> Blocks:
    factor = 10 ** (decibels / 20)
    return _then(blocks, lambda block: block * factor) if decibels else blocks


def _heard(blocks: Iterable[Sound], treatment: Treatment, rate: int) -> tuple[int, int]:
    """The first frame to keep, and the first after it that is not; all where nothing is heard."""
    piece, margin = max(1, round(_PIECE * rate)), round(treatment.trim_margin * rate)
    loud = 10 ** (treatment.trim_below / 10)
    frames, first, last, before = 0, -1, -1, np.empty((0, 0))
    for block in blocks:
        sound = np.concatenate((before, block)) if len(before) else block
        count = len(sound) // piece
        power = (sound[: count * piece].reshape(count, piece, sound.shape[1]) ** 2).mean(axis=1).max(axis=1)
        above = np.flatnonzero(power > loud)
        if len(above):
            first = frames + int(above[0]) * piece if first < 0 else first
            last = frames + (int(above[-1]) + 1) * piece
        frames += count * piece
        before = sound[count * piece :]
    if len(before) and (before**2).mean(axis=0).max() > loud:
        first, last = frames if first < 0 else first, frames + len(before)
    frames += len(before)
    if first < 0:
        return 0, frames
    begin = max(0, first - margin) if treatment.trim_head else 0
    return begin, min(frames, last + margin) if treatment.trim_tail else frames


def _cut(blocks: Blocks, first: int, end: int) -> Blocks:
    def cut() -> Iterator[Sound]:
        at = 0
        for block in blocks():
            kept = block[max(0, first - at) : max(0, end - at)]
            at += len(block)
            if len(kept):
                yield kept

    return cut


def resampled(blocks: Blocks, rate: int, wanted: int, channels: int, dtype: str) -> Iterator[Sound]:
    """Blocks of samples of this type, at the wanted rate."""
    import soxr

    stream = soxr.ResampleStream(rate, wanted, channels, dtype=dtype)
    for block in blocks():
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.empty((0, channels), dtype), last=True)


def _faded(blocks: Blocks, frames: int) -> Blocks:
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / frames))[:, None] if frames else np.ones((0, 1))

    def faded() -> Iterator[Sound]:
        at, held = 0, np.empty((0, 0))
        for block in blocks():
            rise = ramp[at : at + len(block)]
            at += len(block)
            if len(rise):
                block = np.concatenate((block[: len(rise)] * rise, block[len(rise) :]))
            held = np.concatenate((held, block)) if len(held) else block
            if len(held) > frames:
                yield held[: len(held) - frames]
                held = held[len(held) - frames :]
        if len(held):
            yield held * ramp[::-1][len(ramp) - len(held) :]

    return faded


def _limited(blocks: Blocks, decibels: float, rate: int) -> Blocks:
    """No sample, and none between samples, higher than a limit: the gain falls and rises around it within `_HOLD`.

    It is the mean over a stretch of the lowest gain that any frame of the stretch before and after it needs.
    """
    limit, hold = 10 ** (decibels / 20), 1 << max(5, round(math.log2(_HOLD * rate)))
    beyond = np.ones(hold + TAPS)

    def limited() -> Iterator[Sound]:
        for sound, begin, end in _with_surroundings(blocks(), 2 * len(beyond)):
            if not may_exceed(sound, limit):
                yield sound[begin:end]
                continue
            padded = np.concatenate((np.zeros((TAPS - 1, sound.shape[1])), sound))
            peaks = np.maximum(between(padded), np.abs(sound).max(axis=1))
            lowest = np.concatenate((beyond, limit / np.maximum(peaks, limit), beyond))
            for width in (*(1 << power for power in range(hold.bit_length() - 1)), 2 * TAPS):
                lowest = np.minimum(lowest[:-width], lowest[width:])
            sums = np.concatenate(([0.0], np.cumsum(lowest)))
            gains = (sums[hold:] - sums[:-hold]) / hold  # from the frame before the first on
            yield sound[begin:end] * gains[begin + 1 : end + 1, None]

    return limited


def _with_surroundings(blocks: Iterable[Sound], margin: int) -> Iterator[tuple[Sound, int, int]]:
    """Blocks with as many frames before and after them as there are, and where each begins and ends there."""
    before, block = np.empty((0, 0)), np.empty((0, 0))
    for after in blocks:
        if not len(block):
            block = after
            continue
        if len(after) < margin:
            block = np.concatenate((block, after))
            continue
        yield _joined(before, block, after[:margin])
        before, block = (np.concatenate((before, block)) if len(before) else block)[-margin:], after
    if len(block):
        yield _joined(before, block, block[:0])


def _joined(before: Sound, block: Sound, after: Sound) -> tuple[Sound, int, int]:
    parts = [part for part in (before, block, after) if len(part)]
    return np.concatenate(parts), len(before), len(before) + len(block)
