"""What comes in lists: the playlist, open windows of schedules, what triggers hear; and how long a page of one is."""

from enum import StrEnum
from pathlib import Path

from appliance.circumstances import NO_WISHES, Wishes
from appliance.values import frozen

PAGE = 1000
"""The most clips or tracks that one answer lists."""


class Repeat(StrEnum):
    """What the playlist does at the end of a track."""

    OFF = "off"
    ONE = "one"
    ALL = "all"


@frozen
class PlaylistItem:
    """A track of the playlist; `position` is where it goes on, in seconds from its start.

    `at_ns` is when it was recorded, in nanoseconds since 1970 UTC, where that may be said before it.
    """

    path: Path
    title: str
    track_id: int | None = None
    position: float = 0.0
    at_ns: int | None = None


@frozen
class OpenWindow:
    """A window of the schedule `name` that is on, from `begin` to `end`, in seconds since 1970 UTC.

    `wishes` are those for the take that it begins.
    """

    name: str
    begin: float
    end: float
    wishes: Wishes = NO_WISHES


@frozen
class HeardSound:
    """What the trigger `name` hears: its take is to `begin` then (CLOCK_MONOTONIC, in seconds), with `wishes`."""

    name: str
    begin: float
    wishes: Wishes = NO_WISHES
