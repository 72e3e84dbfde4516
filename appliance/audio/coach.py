"""Tells somebody who speaks into a microphone how to be heard well, and how far its gain is off.

Speech is judged by what rises above the floor, as `activity` has it, and not by its pauses. What is wanted is -18 dBFS
RMS of that, the level at which EBU R 68 aligns, with 3 dB of headroom above its highest peak: whichever is less.
"""

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

import numpy as np

from appliance.audio.activity import NO_TALLY, Tally, active_level, floor_level
from appliance.audio.activity import active_share as share_of
from appliance.audio.levels import CLIPPED_SHARE
from appliance.models import SILENCE_DBFS
from appliance.values import frozen

TARGET_DBFS = -18.0
HIGHEST_PEAK_DBFS = -3.0

NEAR_DB = 3.0
"""So far from the target is well, where only the person can change it."""

_LOWER_DB = 6.0
"""By how much what is clipped is too loud at least."""

_APART_DB = 12.0
"""Speech that stands out less than this from the room is not far enough from it."""

_SPOKEN = 1.5
"""Seconds of speech after which it can be judged."""

_REMEMBERED = 8.0
"""Seconds that count; those before are forgotten, as people move."""

_SILENT_AFTER = 6.0
"""Seconds without speech after which that is said."""

_HOLD = 1.5
"""Seconds for which the peak is held."""


class Advice(StrEnum):
    """What to do."""

    SPEAK = "speak"
    SILENT = "silent"
    CLOSER = "closer"
    QUIETER = "quieter"
    NOISY = "noisy"
    WELL = "well"
    WAIT = "wait"
    TAKE = "take"
    TURNED = "turned"
    DONE = "done"


WORDS = {
    Advice.SPEAK: "speak now, as people will",
    Advice.SILENT: "nothing is heard: check the switch of the microphone, its cable, and that it is the right one",
    Advice.CLOSER: "a little closer, or louder",
    Advice.QUIETER: "a little quieter, or further away",
    Advice.NOISY: "come closer: the room is nearly as loud as you are",
    Advice.WELL: "well: this is heard as it should be",
    Advice.WAIT: "wait: the box itself can be heard",
    Advice.TAKE: "a take is in progress: the gain stays as it is until that is over",
}
"""The same for people, where it always is the same."""


@frozen
class Piece:
    """Some sound: when it began (CLOCK_MONOTONIC), how long it is, and how loud, in dBFS."""

    at: float
    seconds: float
    peak_dbfs: float
    rms_dbfs: float
    tally: Tally


@frozen
class Judgement:
    """What to do, and by how many dB what was spoken is too quiet; None where too little was."""

    advice: Advice
    lacks: float | None = None


class Coach:
    """Hears one piece after the other. One thread uses it."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._held = SILENCE_DBFS
        self._held_for = 0.0

    def hold(self, piece: Piece) -> float:
        """The highest peak of late, in dBFS."""
        self._held_for += piece.seconds
        if piece.peak_dbfs >= self._held or self._held_for > _HOLD:
            self._held, self._held_for = piece.peak_dbfs, 0.0
        return self._held

    def forget(self) -> None:
        """Judge by what comes from now on: the gain is another one."""
        self._pieces.clear()

    def hear(self, piece: Piece) -> Judgement:
        """Judge with this piece."""
        self._pieces.append(piece)
        while _length(self._pieces) > _REMEMBERED:
            self._pieces.popleft()
        blocks = np.sum([each.tally.blocks for each in self._pieces] or [NO_TALLY.blocks], axis=0)
        heard = _length(self._pieces)
        spoken = share_of(blocks) * heard
        if spoken < _SPOKEN:
            silent = heard >= _SILENT_AFTER and spoken < _SPOKEN / 2
            return Judgement(Advice.SILENT if silent else Advice.SPEAK)
        level = active_level(blocks)
        lacks = min(TARGET_DBFS - level, HIGHEST_PEAK_DBFS - max(each.peak_dbfs for each in self._pieces))
        clipped = sum(each.tally.clipped for each in self._pieces) / sum(each.tally.frames for each in self._pieces)
        if clipped > CLIPPED_SHARE:
            lacks = min(lacks, -_LOWER_DB)
        if lacks < -NEAR_DB:
            return Judgement(Advice.QUIETER, lacks)
        if level - floor_level(blocks) < _APART_DB:
            return Judgement(Advice.NOISY, lacks)
        return Judgement(Advice.CLOSER if lacks > NEAR_DB else Advice.WELL, lacks)


def _length(pieces: Iterable[Piece]) -> float:
    return sum(piece.seconds for piece in pieces)
