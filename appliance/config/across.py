"""What entries of the configuration do to each other, looked for in plain values: pins used twice, recipes unknown."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from appliance.config import words
from appliance.config.document import Word
from appliance.config.keypad import GPIO_PINS
from appliance.config.scalars import Problem, is_whole
from appliance.config.sections import Across
from appliance.config.settings import PanelSettings, Settings
from appliance.recipes import RECIPES


def _recipe_problems(given: dict[str, Any]) -> Iterator[Exception]:
    """Recipes by names that they cannot have, and destinations that want one which there is not."""
    own, wanted = (
        entries if isinstance(entries := given.get(name), dict) else {} for name in ("renditions", "destinations")
    )
    for name in own:
        if name in RECIPES:
            yield Problem(f"{name} is there already, expected a name of its own", "renditions", name)
        elif not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
            yield Problem("expected a name of letters, digits, - and _, 32 at most", "renditions", name)
    known = [*RECIPES, *own]
    for name, destination in wanted.items():
        word = destination.get("deliver_as") if isinstance(destination, dict) else None
        if isinstance(word, Word) and word.text not in known:
            near = words.suggestion(word.text, known)
            said = f"{words.found(word)}, expected {words.either(known)}{near}"
            yield Problem(f"found {said}", "destinations", name, "deliver_as")


def _pin_problems(given: dict[str, Any]) -> Iterator[Exception]:
    """Pins that the header does not have, and pins that are used twice."""
    users: dict[int, str] = {}
    for pin, place in _pins(given):
        path = ".".join(("panel", *place))
        if pin not in GPIO_PINS and len(place) == 2:  # an option has bounds of its own
            pins = f"from {GPIO_PINS[0]} to {GPIO_PINS[-1]}"
            yield Problem(f"found pin {pin}, expected the BCM number of a pin, {pins}", *place)
        elif users.setdefault(pin, path) != path:
            yield Problem(f"pin {pin} is taken by {users[pin]}, expected a pin of its own", *place)


def _pins(given: dict[str, Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every pin that is used, and its place: the names of entries, and then what dials have besides."""
    groups = {group: entries for group, entries in given.items() if isinstance(entries, dict)}
    yield from ((int(name), (group, name)) for group in groups for name in groups[group] if is_whole(name))
    for name, dial in groups.get("dials", {}).items():
        second = dial.get("off_normal") if isinstance(dial, dict) else None
        if isinstance(second, Word) and is_whole(second.text):
            yield int(second.text), ("dials", name, "off_normal")
    for side in ("rows", "columns"):
        listed = groups.get("keypad", {}).get(side)
        for number, pin in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(pin, Word) and is_whole(pin.text):
                yield int(pin.text), ("keypad", side, str(number))


ACROSS: Mapping[type, Across] = {Settings: _recipe_problems, PanelSettings: _pin_problems}
"""By the class that such entries are in."""
