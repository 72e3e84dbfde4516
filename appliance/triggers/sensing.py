"""When a trigger hears something: a pure machine over the loudness of one hundredth of a second after the other.

It is what field recorders do: a threshold, a least duration, a time to hang on, and a longest length. A loud
stretch shorter than `at_least` begins nothing; once a trigger is on, every loud moment counts.
"""

from math import inf

from attrs import evolve

from appliance.config.trigger import TriggerSettings
from appliance.models import SILENCE_DBFS
from appliance.values import frozen

_NEARLY = 1e-6
"""Seconds by which sums of durations may be off."""

FOLLOWS = 1.0
"""dB a second by which the floor moves towards what is heard."""


@frozen
class Sense:
    """What a trigger has heard so far. Moments are CLOCK_MONOTONIC in seconds."""

    earliest: float = -inf
    """No take of it begins before."""
    loud_since: float | None = None
    """When the loud stretch in progress began."""
    loud_until: float = -inf
    """When the last loud moment ended."""
    begin: float | None = None
    """Where it is on: when its take begins."""
    ended: float = -inf
    """When it was on last."""
    spent: bool = False
    """Whether it was on for as long as it may be, and waits for quiet."""

    @property
    def rests(self) -> bool:
        """Whether quiet changes nothing."""
        return self.begin is None and self.loud_since is None and not self.spent

    def hear(self, begin: float, end: float, loud: bool, wanted: TriggerSettings) -> "Sense":
        """What it has heard after a hop from `begin` to `end`."""
        heard = self
        if loud:
            since = begin if heard.loud_since is None else heard.loud_since
            heard = evolve(heard, loud_since=since, loud_until=end)
            if heard.begin is None and not heard.spent and end - since >= wanted.at_least - _NEARLY:
                heard = evolve(heard, begin=max(since - wanted.preroll, heard.earliest))
        elif heard.loud_since is not None:
            heard = evolve(heard, loud_since=None)
        return heard._until(end, wanted)

    def _until(self, now: float, wanted: TriggerSettings) -> "Sense":
        quiet = self.loud_until + wanted.hang if self.loud_since is None else inf
        if self.begin is None:
            return evolve(self, spent=False) if self.spent and now >= quiet - _NEARLY else self
        longest = inf if wanted.longest is None else self.begin + wanted.longest
        if now < min(quiet, longest) - _NEARLY:
            return self
        return evolve(self, begin=None, ended=min(quiet, longest), spent=longest < quiet)


def followed(floor: float | None, level: float, seconds: float) -> float:
    """The floor after `seconds` in which the level was that, mostly; dBFS.

    It moves towards the level at a steady pace, and so finds the level that is exceeded half of the time (a frugal
    median: Q. Ma, S. Muthukrishnan, M. Sandler, 2013). The first level is taken as it is.
    """
    if floor is None:
        return level
    step = FOLLOWS * seconds
    return max(SILENCE_DBFS, floor + min(step, max(-step, level - floor)))
