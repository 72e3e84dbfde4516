"""What the sun does at a place, by `astral`, which comes with the extra `sun`."""

from datetime import UTC, date
from functools import lru_cache

from appliance.config.location import LocationSettings
from appliance.errors import ConfigError
from appliance.schedules.windows import Sun

_REMEMBERED = 1000


def sun_at(place: LocationSettings) -> Sun:
    """When the sun does what, there. Raises ConfigError where nobody can tell."""
    latitude, longitude = place.latitude, place.longitude
    if latitude is None or longitude is None:
        raise ConfigError("it goes by the sun: set device.location to where the box stands")
    try:
        from astral import Observer, sun
    except ImportError as error:
        raise ConfigError(
            "it goes by the sun, which needs more than is installed: pip install 'audio-appliance[sun]'"
        ) from error
    observer = Observer(latitude, longitude)

    @lru_cache(_REMEMBERED)
    def at(day: date, what: str) -> float | None:
        try:
            moment = getattr(sun, what)(observer, date=day, tzinfo=UTC)
        except ValueError:  # it does not rise, set, or get as far below the horizon on that day
            return None
        return float(moment.timestamp())

    return at
