"""The whole examination, in the order in which a person would ask."""

from collections.abc import Callable, Iterator

from appliance.doctor import access, delivery, loop, machine, microphone, pins, setup
from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Result, Step
from appliance.errors import ApplianceError

Check = Callable[[Box], Iterator[Step]]

CHECKS: tuple[Check, ...] = (
    setup.configuration,
    setup.plugins,
    access.groups,
    microphone.microphone,
    loop.loop,
    pins.panel,
    delivery.destinations,
    access.folders,
    delivery.feeds,
    setup.services,
    machine.room,
    machine.time,
    machine.watchdog,
    machine.power,
    machine.wear,
)
"""What is always looked at."""


def examine(box: Box, *, buttons: bool = False, leds: bool = False) -> Iterator[Step]:
    """Tell everything there is to tell about the box; `buttons` and `leds` need a person in front of it."""
    asked = ((pins.leds,) if leds else ()) + ((pins.buttons,) if buttons else ())
    for check in CHECKS + asked:
        try:
            yield from check(box)
        except (ApplianceError, OSError) as error:
            yield Finding(check.__name__, Result.FAIL, str(error))
