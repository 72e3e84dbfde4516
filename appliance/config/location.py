"""The options of the place where a box stands."""

from attrs.validators import and_, ge, le, optional

from appliance.circumstances import Place
from appliance.config.options import option
from appliance.values import frozen


def _both(location: "LocationSettings", _: object, longitude: float | None) -> None:
    if (location.latitude is None) != (longitude is None):
        raise ValueError("latitude and longitude go together: give both, or neither")


@frozen
class LocationSettings:
    """Where the box stands; it is kept with every clip, and inside the files that are made of it."""

    name: str = option("", "What people call the place.", example="Old town hall")
    latitude: float | None = option(
        None, "Degrees north (WGS 84), negative for south.", check=optional(and_(ge(-90), le(90))), example="52.5163"
    )
    longitude: float | None = option(
        None,
        "Degrees east, negative for west.",
        check=and_(optional(and_(ge(-180), le(180))), _both),
        example="13.3777",
    )

    @property
    def place(self) -> Place | None:
        """The place, where any of it is known."""
        known = self.name or self.latitude is not None
        return Place(self.name, self.latitude, self.longitude) if known else None
