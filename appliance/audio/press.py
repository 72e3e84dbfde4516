"""What presses ask of a take."""

from enum import StrEnum

from appliance.values import frozen


class Wish(StrEnum):
    """What a press asks of a take."""

    PAUSE = "pause"
    RESUME = "resume"
    MARK = "mark"
    STOP = "stop"
    SPLIT = "split"
    DISCARD = "discard"


@frozen
class Press:
    """What a person wants from the moment `at` on; a split goes on in the take `into`, a mark is called `label`."""

    wish: Wish
    at: float
    into: str = ""
    label: str = ""
