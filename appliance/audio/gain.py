"""Gains in the words of a configuration and of a mixer: which control is the microphone's, and what it can be told."""

import re
from enum import StrEnum

from appliance.circumstances import Gain
from appliance.errors import Refused


class GainUnit(StrEnum):
    """In what a mixer counts."""

    DECIBEL = "dB"
    PERCENT = "%"


AUTOMATIC = re.compile(r"\bagc\b|auto(matic)? ?gain", re.IGNORECASE)
"""What the switches are called by which a card turns the gain by itself."""

_NAMES = ("^capture$", "^mic$", "mic", "capture", "adc|pga|digital", "line|aux")
"""Names of controls that turn a microphone up, the likeliest first."""

_PERCENT_PER_DB = 2.0
"""A card that tells no dB is turned in small steps: those that do mostly have about 50."""

SLACK = {GainUnit.DECIBEL: 1.5, GainUnit.PERCENT: 4.0}
"""How far from a wish a card may be for its steps."""


def rank(control: str) -> int:
    """How unlikely it is that a control of that name turns the microphone."""
    for place, pattern in enumerate(_NAMES):
        if re.search(pattern, control, re.IGNORECASE):
            return place
    return len(_NAMES)


def parse(wish: str) -> tuple[float, str]:
    """Value and unit of a gain as the configuration writes it, such as `12dB` or `60%`."""
    unit = GainUnit.PERCENT if wish.endswith(GainUnit.PERCENT) else GainUnit.DECIBEL
    return float(wish.removesuffix(unit)), unit


def written(value: float, unit: str) -> str:
    """The other way."""
    return f"{value:g}{unit}"


def turned(gain: Gain, lacks: float) -> float:
    """Where to turn it so that it is so many dB louder, as far as the card goes; of percents nobody knows how many."""
    wanted = (gain.value or 0.0) + lacks * (_PERCENT_PER_DB if gain.unit == GainUnit.PERCENT else 1)
    return min(max(round(wanted), gain.lowest), gain.highest)


def check(gain: Gain, value: float, unit: str) -> None:
    """Raise Refused, which tells the range of the card, where it cannot be turned there."""
    wish, name = written(value, unit), f"control '{gain.control}' of the sound card"
    if gain.value is None:
        raise Refused(f"the gain cannot be {wish}: the {name} is a switch alone. Take audio.capture.gain away")
    if unit == GainUnit.DECIBEL and gain.unit != unit:
        raise Refused(f"the gain cannot be {wish}: the {name} tells no dB. Set audio.capture.gain from 0% to 100%")
    if unit == gain.unit and not gain.lowest <= value <= gain.highest:
        reach = f"from {written(gain.lowest, unit)} to {written(gain.highest, unit)}"
        raise Refused(f"the gain cannot be {wish}: the {name} goes {reach}. Set audio.capture.gain to what it can do")


def holds(gain: Gain, value: float, unit: str) -> bool:
    """Whether it stands where it was turned, as far as the steps of a card go; percents of one in dB are not told."""
    return unit != gain.unit or gain.value is None or abs(gain.value - value) <= SLACK[GainUnit(unit)]
