"""The whole examination, in the order in which a person would ask."""

from collections.abc import Callable, Collection, Iterator

from appliance.config.words import either
from appliance.doctor import access, delivery, loop, machine, microphone, pins, setup
from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Result, Step
from appliance.errors import ApplianceError, UsageError
from appliance.evolving import evolve

_IN_PARTS = ("destinations", "feeds")
"""Checks that can look at one entry alone: `destinations.office`."""

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
    setup.encryption,
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

    `buttons` and `leds` need a person in front of it. `destinations.NAME` and `feeds.NAME` look at that one alone.
    Raises UsageError for a name that no check has.
    """
    asked = ((pins.leds,) if leds else ()) + ((pins.buttons,) if buttons else ())
    known = {check.__name__: check for check in CHECKS + asked}
    wanted = _wanted(box, only, known) if only is not None else dict.fromkeys(known, box)
    for name, narrowed in wanted.items():
        try:
            yield from known[name](narrowed)
        except (ApplianceError, OSError) as error:
            yield Finding(name, Result.FAIL, str(error))


def _wanted(box: Box, only: Collection[str], known: Collection[str]) -> dict[str, Box]:
    """The checks that are asked for, in their order, each with the box as far as it is to be looked at."""
    parts: dict[str, set[str]] = {}
    for wanted in only:
        name, _, part = wanted.partition(".")
        if name not in known or (part and (name not in _IN_PARTS or part not in getattr(box.settings, name))):
            raise UsageError(f"there is no check {wanted}: say {either(known)}")
        parts.setdefault(name, set()).add(part)
    return {name: _narrowed(box, name, parts[name]) for name in known if name in parts}


def _narrowed(box: Box, name: str, parts: set[str]) -> Box:
    if "" in parts:
        return box
    entries = {part: each for part, each in getattr(box.settings, name).items() if part in parts}
    return evolve(box, settings=evolve(box.settings, **{name: entries}))
