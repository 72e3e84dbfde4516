"""The whole examination, in the order in which a person would ask."""

from collections.abc import Callable, Collection, Iterator

from appliance.config.words import either
from appliance.doctor import access, delivery, loop, machine, microphone, pins, setup
from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Result, Step
from appliance.errors import ApplianceError, UsageError

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
    setup.speech,
    machine.room,
    machine.time,
    machine.watchdog,
    machine.power,
    machine.wear,
)
"""What is always looked at."""


def examine(
    box: Box, *, buttons: bool = False, leds: bool = False, only: Collection[str] | None = None
) -> Iterator[Step]:
    """Tell everything there is to tell about the box, or what checks with certain names find.

    `buttons` and `leds` need a person in front of it. Raises UsageError for a name that no check has.
    """
    asked = ((pins.leds,) if leds else ()) + ((pins.buttons,) if buttons else ())
    known = {check.__name__: check for check in CHECKS + asked}
    if unknown := set(only or ()) - known.keys():
        raise UsageError(f"there is no check {min(unknown)}: say {either(known)}")
    for check in [known[name] for name in known if only is None or name in only]:
        try:
            yield from check(box)
        except (ApplianceError, OSError) as error:
            yield Finding(check.__name__, Result.FAIL, str(error))
