"""When the box records by itself because it hears something."""

from typing import Any

from attrs.validators import and_, ge, le, optional

from appliance.config.flow import Script
from appliance.config.options import Seconds, option
from appliance.config.profiles import TakeSettings
from appliance.config.schedule import WindowSettings
from appliance.values import frozen


def _above_low(settings: "TriggerSettings", _: Any, high: int | None) -> None:
    if high is not None and high <= (settings.low or 0):
        raise ValueError(f"found high {high}, expected more than low {settings.low}")


@frozen
class TriggerSettings:
    level: float = option(
        -40.0,
        "How loud it must be, in dBFS: the RMS of every hundredth of a second, in the loudest channel. A sine wave at "
        "full scale has -3.",
        check=and_(ge(-120), le(0)),
    )
    rise: float | None = option(
        None,
        "How many dB above the noise of the place it must be as well: that follows what is heard by 1 dB a second, so "
        "that a steady noise does not count for long. Default: `level` alone decides.",
        check=optional(and_(ge(1), le(60))),
        example="12",
    )
    low: int | None = option(
        None,
        "The lowest frequency that counts, in hertz. Default: all that are recorded.",
        check=optional(ge(1)),
        example="2000",
    )
    high: int | None = option(
        None, "The highest that counts, in hertz.", check=optional(and_(ge(1), _above_low)), example="8000"
    )
    at_least: Seconds = option(
        Seconds(0.05), "For how long without a break it must be so loud.", check=and_(ge(0), le(60))
    )
    preroll: Seconds = option(
        Seconds(1), "How long before that the clip begins; so much is kept in memory.", check=and_(ge(0), le(60))
    )
    hang: Seconds = option(
        Seconds(2),
        "How long after the last loud moment it ends. What comes sooner belongs to it.",
        check=and_(ge(0), le(3600)),
    )
    longest: Seconds | None = option(
        Seconds(300),
        "The longest that it records at a time, or `none`. What is still loud then must first have been quiet for "
        "`hang`.",
        check=optional(and_(ge(1), le(7 * 86400))),
    )
    only: WindowSettings = option(WindowSettings, "When it listens. Default: always.")
    take: TakeSettings = option(TakeSettings, "How takes are made that it begins.")

    def __attrs_post_init__(self) -> None:
        if self.longest is not None and self.longest < self.reach + 1:
            raise ValueError("longest must be at least 1s more than preroll and at_least together")

    @property
    def reach(self) -> float:
        """Seconds that a take begins before it is known that one is to begin."""
        return self.preroll + self.at_least


def heard_as_recorded(settings: Any, _: object, triggers: dict[str, TriggerSettings]) -> None:
    """Raise ValueError where triggers cannot hear what they are to hear, or must not. A check of the whole."""
    if triggers and settings.flow.script is not Script.NONE:
        raise ValueError("a box with a flow records nobody who has not lifted the handset: leave the triggers out")
    rate = settings.audio.capture.format.rate
    for name, trigger in triggers.items():
        if max(trigger.low or 0, trigger.high or 0) >= rate / 2:
            raise ValueError(f"{name}: at {rate} frames a second nothing above {rate // 2} Hz is heard")
