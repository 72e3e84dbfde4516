"""The options of feeds."""

from enum import StrEnum
from typing import Any

from attrs.validators import deep_iterable, ge, matches_re, optional

from appliance.config.options import ByteCount, Seconds, option
from appliance.hours import SPAN
from appliance.values import frozen


class Pulled(StrEnum):
    """When a feed is pulled."""

    BY_ITSELF = "by_itself"
    ON_BUTTON = "on_button"


class Order(StrEnum):
    """In which order what a feed brought plays."""

    OLDEST = "oldest"
    NEWEST = "newest"
    RANDOM = "random"


@frozen
class FeedSettings:
    """What every feed has, whatever its backend; `options` is the backend's own class."""

    backend: str = option("urls", "The backend that pulls: `urls` or one from a plugin.")
    every: Seconds = option(Seconds(900), "How often it is pulled.", check=ge(1))
    autoplay: bool = option(False, "Play what arrives at once, unless a take is in progress.")
    quiet_hours: tuple[str, ...] = option(
        (),
        "Local times of day when nothing plays by itself; what arrives then is played after them. Default: never.",
        check=deep_iterable(matches_re(SPAN)),
        example='["22:00-07:00"]',
    )
    pulled: Pulled = option(
        Pulled.BY_ITSELF,
        "When it is pulled: `by_itself`, as often as `every` says, or `on_button`: when somebody presses to hear a "
        "message, and by `appliance feeds pull`. What arrives then plays.",
    )
    order: Order = option(Order.OLDEST, "Which of its messages plays first.")
    loop: bool = option(
        False,
        "Play all that it brought over and over by itself, from when the box starts, whenever nothing else is heard or "
        "recorded. Whoever stops it has quiet until something else was played.",
    )
    keep: int = option(
        100, "How many tracks that were heard are kept; older ones are removed. With 0 each is heard once.", check=ge(0)
    )
    keep_unheard: int | None = option(
        None, "How many tracks that nobody has heard are kept. Default: all of them.", check=optional(ge(1))
    )
    keep_for: Seconds | None = option(
        None, "How long tracks that were heard are kept. Default: for ever.", check=optional(ge(0)), example="30d"
    )
    keep_size: ByteCount | None = option(
        None,
        "How much room tracks that were heard may take together; the oldest go first. Default: any.",
        check=optional(ge(0)),
        example="2GB",
    )
    reply_to: str | None = option(
        None, "The destination that answers to its messages go to, and nowhere else.", example="family"
    )
    options: Any = option(None, "")
