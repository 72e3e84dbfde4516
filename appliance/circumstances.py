"""What is known of a recording before it is made."""

from attrs import frozen

from appliance.quantities import Kind, told


@frozen
class Place:
    """Where a box stands: what people call it, and degrees of WGS 84, north and east positive."""

    name: str = told("", "What people call it", Kind.TEXT)
    latitude: float | None = told(None, "Degrees north", Kind.GAUGE, "°")
    longitude: float | None = told(None, "Degrees east", Kind.GAUGE, "°")
