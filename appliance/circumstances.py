"""What is known of a recording besides its sound: where it was made, and what was found in it."""

from attrs import frozen

from appliance.quantities import NOTHING, Kind, told


@frozen
class Place:
    """Where a box stands: what people call it, and degrees of WGS 84, north and east positive."""

    name: str = told("", "What people call it", Kind.TEXT)
    latitude: float | None = told(None, "Degrees north", Kind.GAUGE, "°")
    longitude: float | None = told(None, "Degrees east", Kind.GAUGE, "°")


@frozen
class Text:
    """What a processor found in a clip, such as what was said; empty where that was nothing."""

    processor: str = told(NOTHING, "The name of the processor", Kind.TEXT)
    text: str = told("", "What it found", Kind.TEXT)
