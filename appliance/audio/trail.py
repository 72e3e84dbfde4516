"""What a speaker got last, as it was before its loudness: for what is taken back before it sounds."""

from collections import deque

import numpy as np

from appliance.audio.ramps import Gain, State
from appliance.audio.samples import Block, joined, to_channels


class Trail:
    """The last `most` frames at least, and how loud these gains made them."""

    def __init__(self, most: int, *gains: Gain) -> None:
        self._most = most
        self._gains = gains
        self._steps: deque[tuple[Block, tuple[State, ...]]] = deque()
        self._frames = 0

    def add(self, block: Block) -> None:
        """It is about to be made as loud as it should, and handed over."""
        self._steps.append((block, tuple(gain.state for gain in self._gains)))
        self._frames += len(block)
        while self._frames - len(self._steps[0][0]) >= self._most:
            self._frames -= len(self._steps.popleft()[0])

    def take(self, frames: int, channels: int) -> Block:
        """The last `frames` frames, or all where there are fewer, in so many channels. The gains go back to there."""
        pieces: list[Block] = []
        while frames > 0 and self._steps:
            block, states = self._steps.pop()
            if (left := max(0, len(block) - frames)) > 0:
                self._steps.append((block[:left], states))
            for gain, state in zip(self._gains, states, strict=True):
                gain.go_back(state, left)
            pieces.append(to_channels(block[left:], channels))
            frames -= len(block) - left
            self._frames -= len(block) - left
        return joined(np.empty((0, channels), np.float32), *pieces[::-1])
