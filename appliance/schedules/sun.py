"""What the sun does at a place, by `astral`, which comes with the extra `sun`.

`astral` is asked how high the sun stands, and not when it rises: it looks for that within a day of UTC, which holds no
sunrise, or two, where the sun hardly sets.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from appliance.config.location import LocationSettings
from appliance.errors import ConfigError
from appliance.extras import installing
from appliance.schedules.windows import Sun

_REMEMBERED = 1000
_HALF_A_DAY = timedelta(hours=12)
_EXACTLY = timedelta(seconds=0.5)

_HEIGHTS = {"dawn": -6.0, "sunrise": -0.833, "sunset": -0.833, "dusk": -6.0}
"""Degrees above the horizon: of the sun's centre, as its upper edge is seen through the air."""


def sun_at(place: LocationSettings) -> Sun:
    """When the sun does what, there. Raises ConfigError where nobody can tell."""
    latitude, longitude = place.latitude, place.longitude
    if latitude is None or longitude is None:
        raise ConfigError("it goes by the sun: set device.location to where the box stands")
    try:
        from astral import Observer, sun
    except ImportError as error:
        wanted = installing("sun")
        raise ConfigError(f"it goes by the sun, which needs more than is installed: {wanted}") from error
    observer = Observer(latitude, longitude)

    def height(at: datetime) -> float:
        return sun.elevation(observer, at, with_refraction=False)

    @lru_cache(_REMEMBERED)
    def at(day: date, what: str) -> float | None:
        noon = sun.noon(observer, day, tzinfo=UTC)
        if what == "noon":
            return float(noon.timestamp())
        wanted, rises = _HEIGHTS[what], what in ("dawn", "sunrise")
        low, high = noon + (-_HALF_A_DAY if rises else _HALF_A_DAY), noon
        if not height(low) < wanted <= height(high):
            return None  # it does not rise, set, or get as far below the horizon on that day
        while abs(high - low) > _EXACTLY:
            middle = low + (high - low) / 2
            low, high = (middle, high) if height(middle) < wanted else (low, middle)
        return float(high.timestamp())

    return at
