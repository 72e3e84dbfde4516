"""What people do with one contact of the panel, told as facts. What a fact means is configuration: see `meanings`."""

from enum import StrEnum

from appliance.values import frozen


class Gesture(StrEnum):
    """What somebody did."""

    PRESSED = "pressed"
    HELD = "held"
    PRESSED_TWICE = "pressed twice"
    RELEASED = "released"
    LIFTED = "lifted"
    HUNG_UP = "hung up"
    DIALLED = "dialled"


@frozen
class Fact:
    """A gesture, and when it began: CLOCK_MONOTONIC in seconds, of the first edge that belongs to it.

    `after` is what a button that is released had been told to do: pressed, held or pressed twice; `number` what
    was dialled.
    """

    gesture: Gesture
    at: float
    after: Gesture | None = None
    number: str | None = None
