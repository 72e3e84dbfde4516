"""What is known of a recording besides its sound: where it was made, how it was begun, and what was found in it."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import field

from appliance.quantities import NOTHING, Kind, told
from appliance.values import frozen

Value = str | bool | int | float
"""The value of a field that a person described."""

Fields = Mapping[str, Value]
"""What describes a take, by names of a person's own."""


@frozen
class Place:
    """Where a box stands: what people call it, and degrees of WGS 84, north and east positive."""

    name: str = told("", "What people call it", Kind.TEXT)
    latitude: float | None = told(None, "Degrees north", Kind.GAUGE, "°")
    longitude: float | None = told(None, "Degrees east", Kind.GAUGE, "°")


@frozen
class Mark:
    """A position that a person marked during a take."""

    offset: int = told(NOTHING, "Where it is", Kind.GAUGE, "frames")
    label: str = told("", "What a person called it", Kind.TEXT)


@frozen
class Pause:
    """A pause; nothing of it is in the clip."""

    offset: int = told(NOTHING, "Where it is", Kind.GAUGE, "frames")
    seconds: float = told(NOTHING, "How long it lasted", Kind.GAUGE, "s")


@frozen
class Text:
    """What a processor found in a clip, such as what was said; empty where that was nothing."""

    processor: str = told(NOTHING, "The name of the processor", Kind.TEXT)
    text: str = told("", "What it found", Kind.TEXT)


@frozen
class Gain:
    """How far the mixer of a sound card turns its microphone up."""

    control: str = told(NOTHING, "What the card calls the control", Kind.TEXT)
    value: float | None = told(None, "The gain, in its unit; null where the control is a switch alone", Kind.GAUGE)
    unit: str = told("", "In what it counts: dB, or % of what it can do", Kind.STATE)
    lowest: float = told(0.0, "The least that it can do", Kind.GAUGE)
    highest: float = told(0.0, "The most that it can do", Kind.GAUGE)
    second: float | None = told(None, "The gain of the second channel, where that is another one", Kind.GAUGE)
    on: bool = told(True, "Whether the microphone is switched on there", Kind.FLAG)
    automatic: str = told("", "The switch by which the card changes the gain by itself; empty without one", Kind.TEXT)
    automatic_on: bool = told(False, "Whether that is on", Kind.FLAG)

    def __str__(self) -> str:
        return self.control if self.value is None else f"{self.value:g} {self.unit} ({self.control})"


WITHDRAWAL_CODE = "withdrawal_code"
"""The field that holds the code by which somebody may have a clip deleted."""


GREETING_RECORD = "greeting.record"
"""What is called so has begun a take that is to be a greeting."""


class Starter(StrEnum):
    """What may begin a take."""

    BUTTON = "button"
    SWITCH = "switch"
    SCHEDULE = "schedule"
    TRIGGER = "trigger"
    REQUEST = "request"
    GUEST = "guest"


def field_text(held: object) -> str:
    """What a field holds as text, for what knows nothing else: `yes`, `no`, numbers in digits, 1.0 as 1."""
    if isinstance(held, bool):
        return "yes" if held else "no"
    return str(int(held) if isinstance(held, float) and held.is_integer() else held)


def field_texts(fields: Fields) -> dict[str, str]:
    """The same of all fields."""
    return {name: field_text(held) for name, held in fields.items()}


@frozen
class Begun:
    """How a take was begun."""

    by: Starter = told(Starter.REQUEST, "What began it: button, switch, schedule, trigger, request, guest", Kind.STATE)
    which: str = told("", "Which of them: the pin of a button or switch, the name of a schedule or trigger", Kind.TEXT)
    profile: str = told("", "The profile that it was recorded by", Kind.TEXT)
    destinations: tuple[str, ...] | None = told(
        None, "Where alone it is to go; null where the configuration decides", Kind.TEXT
    )
    test: bool = told(False, "Whether it is a test, and goes nowhere", Kind.FLAG)
    draft: bool = told(False, "Whether somebody has still to keep it, and it goes nowhere until then", Kind.FLAG)


def by_guest(begun: Begun | None) -> bool:
    """Whether a guest recorded it, on a phone of his own."""
    return begun is not None and begun.by is Starter.GUEST


_BY_REQUEST = Begun()


@frozen
class Wishes:
    """What whoever begins a take wants of it: how it is begun, and the `fields` that describe it, by their names."""

    begun: Begun = _BY_REQUEST
    fields: Fields = field(factory=dict, hash=False)


NO_WISHES = Wishes()
