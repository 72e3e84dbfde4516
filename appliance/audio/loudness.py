"""How loud a sound is to people: ITU-R BS.1770-4 and EBU R 128, with the range of EBU Tech 3342.

All channels count alike, as those of a recorder are microphones and no places around a listener.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.audio.biquads import Cascade, Section, Sound, high_pass
from appliance.values import frozen

_HOP = 10
"""Measured pieces in a second."""

_MOMENTARY, _SHORT_TERM = 4, 30
"""Pieces in the 400 ms and in the 3 s of EBU Tech 3341."""

_NOTHING = -70.0
"""LUFS that count for nothing, of BS.1770; the relative gates are 10 LU and 20 LU below the mean of what is louder."""

_OFFSET = -0.691
_OUTER = "0.0017089843750 0.0109863281250 -0.0196533203125 0.0332031250000 -0.0594482421875 0.1373291015625 \
0.9721679687500 -0.1022949218750 0.0476074218750 -0.0266113281250 0.0148925781250 -0.0083007812500"
_INNER = "-0.0291748046875 0.0292968750000 -0.0517578125000 0.0891113281250 -0.1665039062500 0.4650878906250 \
0.7797851562500 -0.2003173828125 0.1015625000000 -0.0582275390625 0.0330810546875 -0.0189208984375"
_HALF = [[float(tap) for tap in phase.split()] for phase in (_OUTER, _INNER)]
_PHASES = np.array([*_HALF, _HALF[1][::-1], _HALF[0][::-1]])
"""BS.1770-4, annex 2: four phases of twelve taps."""

TAPS = _PHASES.shape[1]
"""Frames that a sample between samples depends on."""

_MOST = float(np.abs(_PHASES).sum(axis=1).max())
"""By which factor samples between samples may be higher than those around them."""

_STRETCH = 32
"""Frames between which is looked at once."""

_MADE = np.zeros((_STRETCH, len(_PHASES), _STRETCH + TAPS - 1), np.float32)
for _frame in range(_STRETCH):
    _MADE[_frame, :, _frame : _frame + TAPS] = _PHASES[:, ::-1]
_MADE = _MADE.reshape(-1, _STRETCH + TAPS - 1)
"""What makes the samples between those of a stretch, and the frames before it."""


@frozen
class Loudness:
    """Loudness in LUFS, its range in LU, the true peak in dBTP; -inf where there is none."""

    integrated: float = -math.inf
    range: float = 0.0
    true_peak: float = -math.inf
    momentary: float = -math.inf
    """The loudest 400 ms."""
    short_term: float = -math.inf
    """The loudest 3 s."""


class LoudnessMeter:
    """Measures sound that comes in blocks of floats, full scale at 1."""

    def __init__(self, rate: int, channels: int) -> None:
        self._weighting = Cascade(_k_weighting(rate), channels)
        self._rate = rate
        self._frames = 0
        self._begun = 0.0
        self._pieces: list[NDArray[np.float64]] = []
        self._before = np.zeros((TAPS - 1, channels))
        self._peak = 0.0

    def add(self, block: Sound) -> None:
        """Take in a block of any length."""
        if not len(block):
            return
        self._look_for_peaks(np.concatenate((self._before, block)))
        self._before = np.concatenate((self._before, block[1 - TAPS :]))[1 - TAPS :]
        weighted = self._weighting.filter(block)
        energy = np.einsum("fc,fc->f", weighted, weighted)
        first, end = self._frames, self._frames + len(block)
        ends = np.arange(first * _HOP // self._rate, end * _HOP // self._rate + 2) * self._rate // _HOP
        ends = ends[(ends > first) & (ends <= end)] - first
        starts = np.concatenate(([0], ends[ends < len(block)])).astype(np.intp)
        sums = np.add.reduceat(energy, starts)
        sums[0] += self._begun
        self._pieces.append(sums[: len(ends)])
        self._begun = float(sums[-1]) if len(sums) > len(ends) else 0.0
        self._frames = end

    def result(self) -> Loudness:
        """What came so far."""
        pieces = np.concatenate(self._pieces) * _HOP / self._rate if self._pieces else np.empty(0)
        momentary, short_term = _means(pieces, _MOMENTARY), _means(pieces, _SHORT_TERM)
        louder = _gated(momentary, -10)
        return Loudness(
            integrated=_lufs(float(louder.mean())) if len(louder) else -math.inf,
            range=_range(short_term),
            true_peak=20 * math.log10(self._peak) if self._peak else -math.inf,
            momentary=_lufs(float(momentary.max(initial=0.0))),
            short_term=_lufs(float(short_term.max(initial=0.0))),
        )

    def _look_for_peaks(self, sound: Sound) -> None:
        """Only where they may be higher than what was found: most stretches only count by their highest."""
        count = (len(sound) - TAPS + 1) // _STRETCH
        if count:
            stretches = np.lib.stride_tricks.sliding_window_view(sound, _STRETCH + TAPS - 1, axis=0)[::_STRETCH]
            highest = np.abs(stretches).max(axis=(1, 2))
            self._peak = max(self._peak, float(highest.max()))
            wanted = stretches[highest * _MOST > self._peak].astype(np.float32)
            if len(wanted):
                made = _MADE @ wanted.reshape(-1, _STRETCH + TAPS - 1).T
                self._peak = max(self._peak, float(made.max()), -float(made.min()))
        rest = sound[count * _STRETCH :]
        if len(rest) >= TAPS:
            self._peak = max(self._peak, float(np.abs(rest).max()), float(between(rest).max()))


def between(sound: Sound) -> NDArray[np.float64]:
    """The highest of the samples between samples around each frame but the first and last, over all channels."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, TAPS, axis=0)
    peaks: NDArray[np.float64] = np.abs(windows @ _PHASES[:, ::-1].T).max(axis=(1, 2))
    return peaks


def may_exceed(sound: Sound, limit: float) -> bool:
    """Whether a sample, or one between samples, may be higher than `limit`."""
    return bool(len(sound)) and max(float(sound.max()), -float(sound.min())) * _MOST > limit


def _k_weighting(rate: int) -> tuple[Section, Section]:
    """The two filters of BS.1770, whose numbers for 48 kHz stand there, at any rate (as libebur128 derives them)."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = (
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    )
    _, _, _, a1, a2 = high_pass(38.13547087602444, rate, 0.5003270373238773)
    return shelf, (1.0, -2.0, 1.0, a1, a2)


def _means(pieces: NDArray[Any], count: int) -> NDArray[np.float64]:
    sums = np.concatenate(([0.0], np.cumsum(pieces)))
    means: NDArray[np.float64] = np.maximum(sums[count:] - sums[:-count], 0.0) / count
    return means


def _gated(energies: NDArray[np.float64], relative: float) -> NDArray[np.float64]:
    loud = energies[energies > _energy(_NOTHING)]
    return loud[loud > loud.mean() * 10 ** (relative / 10)] if len(loud) else loud


def _range(short_term: NDArray[np.float64]) -> float:
    loud = _gated(short_term, -20)
    if not len(loud):
        return 0.0
    low, high = np.percentile(loud, (10, 95))
    return float(10 * np.log10(high / low))


def _lufs(energy: float) -> float:
    return _OFFSET + 10 * math.log10(energy) if energy > 0 else -math.inf


def _energy(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))
