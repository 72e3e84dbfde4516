"""Listens to somebody who speaks, says how to be heard well, and sets the gain of the microphone by that."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from attrs import evolve, field

from appliance.audio.gain import turned, written
from appliance.audio.stream import Line
from appliance.audio.tuner import NO_MIXER, Tuner
from appliance.circumstances import Gain
from appliance.clock import Clock
from appliance.effects import GUARD
from appliance.errors import Refused
from appliance.values import frozen

if TYPE_CHECKING:
    from appliance.audio.coach import Coach, Piece

LONGEST = 60.0
"""Seconds for which anybody is listened to."""

FINE_DB = 1.5
"""So near to what is wanted the gain is right; many cards have no finer steps."""

_SETTLES = 0.3
"""Seconds of sound that may still be as loud as before, after the gain was turned."""

_MOST_TURNS = 8

_OFF = "Use the knob of the microphone or come closer; `appliance levels --advice` listens, and sets nothing"

Told = Generator[dict[str, Any], None, None]


@frozen
class Leveller:
    """Tells levels of the microphone beside whatever is recorded.

    `open_line` begins to listen, `sounded_until` says when the box itself was heard last (CLOCK_MONOTONIC), and
    `recording` whether a take is in progress.
    """

    open_line: Callable[[], Line | None]
    tuner: Tuner
    sounded_until: Callable[[], float]
    recording: Callable[[], bool]
    clock: Clock
    _one: threading.Lock = field(factory=threading.Lock, init=False)

    def hear(self) -> Told:
        """How loud it is, and what to do about it. Raises AudioError, Refused."""
        from appliance.audio.coach import WORDS, Advice, Coach

        coach = Coach()
        with closing(self._pieces()) as pieces:
            for piece in pieces:
                advice = Advice.WAIT if self._is_own(piece) else coach.hear(piece).advice
                yield _told(coach, piece, advice, WORDS[advice])

    def levels(self, advice: bool = False, in_take: bool = False) -> Told:
        """The same, and sets the gain, unless `advice` is all that is wanted. Raises AudioError, Refused."""
        if advice:
            yield from self.hear()
            return
        gain = self._settable(in_take)
        if not self._one.acquire(blocking=False):
            raise Refused("somebody sets the gain already. Try again when that is over")
        try:
            yield from self._set(gain, in_take)
        finally:
            self._one.release()

    def _settable(self, in_take: bool) -> Gain:
        """How the gain stands. Raises Refused where it cannot be set now, with what can be done."""
        if self.tuner.configured:
            why = f"the gain is configured: audio.capture.gain is {self.tuner.configured}, and is set at every opening"
            raise Refused(f"{why}. Take that option away, or see `appliance levels --advice`")
        if self.recording() and not in_take:
            why = "a take is in progress, and the gain would change in its midst. Stop it first, or say so: "
            raise Refused(f"{why}`appliance levels --in-take`; `--advice` sets nothing")
        self.tuner.tune()  # what was kept is set at every opening
        gain = self.tuner.stands()
        if gain is None or gain.value is None:
            raise Refused(f"{NO_MIXER}. {_OFF}")
        return gain

    def _set(self, before: Gain, in_take: bool) -> Told:
        setting = _Setting(self.tuner, before, self.clock)
        try:
            setting.switch_on()
            with closing(self._pieces()) as pieces:
                for piece in pieces:
                    busy = self.recording() and not in_take
                    yield setting.hear(piece, own=self._is_own(piece), busy=busy)
                    if setting.done:
                        return
        finally:
            if not setting.done and not (self.recording() and not in_take):
                setting.undo()

    def _pieces(self) -> Generator["Piece", None, None]:
        from appliance.audio.gauge import pieces

        heard = 0.0
        with closing(pieces(self.open_line)) as source:
            for piece in source:
                yield piece
                heard += piece.seconds
                if heard >= LONGEST:
                    return

    def _is_own(self, piece: "Piece") -> bool:
        """Whether the box itself may be heard in it."""
        return piece.at < self.sounded_until() + GUARD


class _Setting:
    """One attempt to set the gain."""

    def __init__(self, tuner: Tuner, before: Gain, clock: Clock) -> None:
        from appliance.audio.coach import Coach

        self.done = False
        self._tuner = tuner
        self._clock = clock
        self._before = self._gain = before
        self._coach = Coach()
        self._turns = 0
        self._settled_at = 0.0
        self._at_end = self._lacked = 0.0
        self._pace = 1.0

    def switch_on(self) -> None:
        """Switch the microphone on: else nothing is heard."""
        if not self._gain.on:
            self._set(self._gain)

    def hear(self, piece: "Piece", *, own: bool, busy: bool) -> dict[str, Any]:
        """What is to be told of a piece, after doing what follows from it."""
        from appliance.audio.coach import NEAR_DB, WORDS, Advice

        if own or piece.at < self._settled_at:
            advice = Advice.WAIT if own else Advice.TURNED
            return self._told(piece, advice, WORDS.get(advice, f"the gain is {self._gain}: go on speaking"))
        judged = self._coach.hear(piece)
        lacks = judged.lacks
        if lacks is None:
            return self._told(piece, judged.advice, WORDS[judged.advice])
        near = NEAR_DB if self._turns >= _MOST_TURNS or self._at_end * lacks > 0 else FINE_DB
        if abs(lacks) <= near:
            return self._end(piece)
        if busy:
            return self._told(piece, Advice.TAKE, WORDS[Advice.TAKE])
        if self._at_end * lacks <= 0 and self._turns < _MOST_TURNS and self._turn(lacks):
            return self._told(piece, Advice.TURNED, f"the gain is {self._gain} now: go on speaking")
        self._at_end = lacks
        advice = Advice.CLOSER if lacks > 0 else Advice.QUIETER
        return self._told(piece, advice, f"{WORDS[advice]}: the gain is {self._gain}, and goes no further")

    def undo(self) -> None:
        """Turn it back."""
        if self._gain.value != self._before.value:
            self._set(self._before)

    def _set(self, gain: Gain) -> None:
        assert gain.value is not None
        self._gain = self._tuner.set_gain(gain.value, gain.unit)

    def _turn(self, lacks: float) -> bool:
        """Turn it, where it goes further; whether it does."""
        if self._lacked * lacks < 0:  # it was too much: a card without dB has its own measure
            self._pace /= 2
        self._lacked, stood = lacks, self._tuner.stands() or self._gain
        self._set(evolve(stood, value=turned(stood, lacks * self._pace)))
        if self._gain.value == stood.value:
            return False
        self._turns += 1
        self._coach.forget()
        self._settled_at = self._clock.monotonic() + _SETTLES
        return True

    def _end(self, piece: "Piece") -> dict[str, Any]:
        from appliance.audio.coach import Advice

        assert self._gain.value is not None and self._before.value is not None
        self.done = True
        self._tuner.keep(self._gain.value, self._gain.unit)
        was = "" if self._gain == self._before else f", it was {written(self._before.value, self._before.unit)}"
        if not self._before.on:
            was += " and switched off"
        return self._told(piece, Advice.DONE, f"done: the gain is {self._gain}{was}. It is kept for this card")

    def _told(self, piece: "Piece", advice: str, words: str) -> dict[str, Any]:
        return _told(self._coach, piece, advice, words) | {"gain": str(self._gain), "done": self.done}


def _told(coach: "Coach", piece: "Piece", advice: str, words: str) -> dict[str, Any]:
    held = coach.hold(piece)
    levels = {"peak_dbfs": piece.peak_dbfs, "held_dbfs": held, "rms_dbfs": piece.rms_dbfs}
    return {**levels, "advice": str(advice), "words": words}
