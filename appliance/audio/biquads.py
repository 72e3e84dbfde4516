"""Recursive filters over blocks of sound, as products of matrices: numpy has no loop that feeds back.

A cascade of second-order sections is one linear system with a state of two numbers for each section. Of 64 frames at
once the output is one product of matrices, and what they leave to the state another; the states between them follow
from each other by doubling. Sections are those of ITU-R BS.1770 and of the Audio EQ Cookbook (W3C Note, 8 June 2021).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Section = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2; a0 is 1."""

_FRAMES = 64

Sound = NDArray[np.float64]
"""Frames by channels."""


def high_pass(hertz: float, rate: int, q: float = math.sqrt(0.5)) -> Section:
    """Lets pass what is above `hertz`, 12 dB an octave; by default maximally flat (Butterworth)."""
    w, alpha = _angle(hertz, rate, q)
    cosine, a0 = math.cos(w), 1 + alpha
    b = (1 + cosine) / 2 / a0
    return b, -2 * b, b, -2 * cosine / a0, (1 - alpha) / a0


def _angle(hertz: float, rate: int, q: float) -> tuple[float, float]:
    w = 2 * math.pi * hertz / rate
    return w, math.sin(w) / (2 * q)


class Cascade:
    """Sections one after the other, over sound that comes in blocks; it remembers what came before."""

    def __init__(self, sections: Sequence[Section], channels: int) -> None:
        states = 2 * len(sections)
        step, out = np.zeros((states, states)), np.zeros(states)
        for unit in range(states):
            out[unit], step[:, unit] = _one_frame(sections, 0.0, np.eye(states)[unit])
        direct, entry = _one_frame(sections, 1.0, np.zeros(states))
        powers = [np.eye(states)]
        for _ in range(_FRAMES):
            powers.append(powers[-1] @ step)
        heard = [direct, *(float(out @ power @ entry) for power in powers[:-1])]
        order = np.subtract.outer(np.arange(_FRAMES), np.arange(_FRAMES))
        self._through = np.where(order >= 0, np.array(heard)[np.maximum(order, 0)], 0.0)
        self._rings = np.stack([out @ power for power in powers[:-1]])
        self._leaves = np.stack([power @ entry for power in powers[-2::-1]], axis=1)
        self._powers = powers
        self._state = np.zeros((states, channels))

    def filter(self, block: Sound) -> Sound:
        """The filtered block, as long as it was."""
        count, rest = divmod(len(block), _FRAMES)
        whole, channels = count * _FRAMES, block.shape[1]
        filtered = np.empty_like(block)
        if count:
            columns = block[:whole].reshape(count, _FRAMES, channels).transpose(1, 0, 2).reshape(_FRAMES, -1)
            left = (self._leaves @ columns).reshape(-1, count, channels)
            states = self._follow(left)
            begins = states[:, :-1].reshape(len(states), -1)
            made = self._through @ columns + self._rings @ begins
            filtered[:whole] = made.reshape(_FRAMES, count, channels).transpose(1, 0, 2).reshape(whole, channels)
            self._state = states[:, -1]
        if rest:
            last = block[whole:]
            filtered[whole:] = self._through[:rest, :rest] @ last + self._rings[:rest] @ self._state
            self._state = self._powers[rest] @ self._state + self._leaves[:, _FRAMES - rest :] @ last
        return filtered

    def _follow(self, left: NDArray[Any]) -> NDArray[Any]:
        """States before each stretch of frames, and after the last, of what each of them leaves."""
        states = np.concatenate((self._state[:, None], left), axis=1)
        width, factor = 1, self._powers[_FRAMES]
        while width < states.shape[1]:
            earlier = states[:, :-width]
            moved = (factor @ earlier.reshape(len(states), -1)).reshape(earlier.shape)
            states[:, width:] += moved
            width, factor = 2 * width, factor @ factor
        return states


def _one_frame(sections: Sequence[Section], value: float, state: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """One frame through all sections, in the second direct form transposed: what comes out, and the next state."""
    after = np.zeros(len(state))
    for number, (b0, b1, b2, a1, a2) in enumerate(sections):
        made = b0 * value + state[2 * number]
        after[2 * number] = b1 * value - a1 * made + state[2 * number + 1]
        after[2 * number + 1] = b2 * value - a2 * made
        value = made
    return value, after
