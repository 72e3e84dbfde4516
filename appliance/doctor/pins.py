"""Buttons, switches and LEDs."""

from collections.abc import Iterator

from appliance.config.settings import ButtonSettings, Contact, PanelSettings, SwitchSettings, Wiring
from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Prompt, Result, Step
from appliance.panel.ports import Workbench
from appliance.phrases import duration

PATIENCE = 10.0
"""Seconds that a person has to press a button, and to let go of it."""

LIT = 1.0
"""Seconds that each LED is lit."""

_LOOK_EVERY = 0.005
_ENDS = {Wiring.GROUND: "ground", Wiring.POWER: "3.3 V"}
_OTHER = {
    Contact.NORMALLY_OPEN: Contact.NORMALLY_CLOSED,
    Contact.NORMALLY_CLOSED: Contact.NORMALLY_OPEN,
}


def panel(box: Box) -> Iterator[Step]:
    """Whether the pins could be had, and whether a contact at rest looks pressed."""
    settings = box.settings.panel
    if not settings.pins:
        yield Finding("panel", Result.SKIP, "no buttons, switches, dials or LEDs are configured")
        return
    if box.panel is None:
        yield Finding("panel", Result.FAIL, box.panel_error)
        return
    with box.panel.examine() as bench:
        down = [pin for pin in settings.buttons if bench.operated(pin)]
    for pin in down:
        yield Finding(
            f"button {pin}",
            Result.WARN,
            "reads as pressed now",
            f"If nobody presses it: {_turn_around(settings, pin)}. `appliance doctor --buttons` finds out",
        )
    yield Finding("panel", Result.PASS, f"pins {', '.join(map(str, settings.pins))} are in use by the appliance")


def buttons(box: Box) -> Iterator[Step]:
    """Let a person press each, one after the other."""
    settings = box.settings.panel
    if not (settings.buttons or settings.switches):
        yield Finding("buttons", Result.SKIP, "no buttons or switches are configured")
        return
    if box.panel is None:  # which the look at the panel tells of
        return
    if why := box.occupied():
        yield Finding("buttons", Result.SKIP, why, "Ask again afterwards")
        return
    with box.panel.examine() as bench:
        for pin in settings.buttons:
            yield from _try_contact(box, bench, pin, f"button {pin}", "press it now, and let go", "let go")
        for pin in settings.switches:
            yield Prompt(f"switch {pin}: lay the handset on its hook now")
            box.pause(PATIENCE / 2)
            yield from _try_contact(box, bench, pin, f"switch {pin}", "lift the handset, and lay it back", "laid back")


def _try_contact(box: Box, bench: Workbench, pin: int, name: str, ask: str, undone: str) -> Iterator[Step]:
    settings = box.settings.panel
    at_rest = {other: bench.operated(other) for other in (*settings.buttons, *settings.switches)}
    yield Prompt(f"{name} ({_meaning(settings, pin)}): {ask}, within {PATIENCE:.0f} seconds")
    pressed_at = box.clock.monotonic()
    others: set[int] = set()
    while bench.operated(pin) == at_rest[pin]:
        others |= {other for other, before in at_rest.items() if bench.operated(other) != before}
        if box.clock.monotonic() - pressed_at > PATIENCE:
            yield _nothing_moved(settings, pin, name, others)
            return
        box.pause(_LOOK_EVERY)
    pressed_at = box.clock.monotonic()
    while bench.operated(pin) != at_rest[pin]:
        if box.clock.monotonic() - pressed_at > PATIENCE:
            words = f"was not {undone} within {PATIENCE:.0f} seconds, or does not come back"
            yield Finding(name, Result.WARN, words, "Check whether it sticks, or holds its position as a switch does")
            return
        box.pause(_LOOK_EVERY)
    if at_rest[pin]:
        words = "works, but is wired the other way round: it reads as operated while it is not"
        yield Finding(name, Result.FAIL, words, _turn_around(settings, pin))
        return
    held = duration(box.clock.monotonic() - pressed_at)
    yield Finding(name, Result.PASS, f"works, was held for {held}; contact: {_contact(settings, pin).contact}")


def _nothing_moved(settings: PanelSettings, pin: int, name: str, others: set[int]) -> Finding:
    if others:
        moved = " and ".join(map(str, sorted(others)))
        words = f"did not move within {PATIENCE:.0f} seconds, but pin {moved} did"
        return Finding(name, Result.FAIL, words, f"Wire it to GPIO {pin}, or change the pin in the configuration")
    end = _ENDS[_contact(settings, pin).to]
    next_step = f"Check the wires: it must connect GPIO {pin} (BCM number, see `pinout`) with {end}"
    return Finding(name, Result.FAIL, f"did not move within {PATIENCE:.0f} seconds", next_step)


def _contact(settings: PanelSettings, pin: int) -> ButtonSettings | SwitchSettings:
    return settings.buttons.get(pin) or settings.switches[pin]


def _meaning(settings: PanelSettings, pin: int) -> str:
    contact = _contact(settings, pin)
    if isinstance(contact, SwitchSettings):
        return contact.action
    return " / ".join(action for action in (contact.press, contact.hold, contact.double_press) if action)


def _turn_around(settings: PanelSettings, pin: int) -> str:
    """What turns the meaning of a contact around."""
    section = "buttons" if pin in settings.buttons else "switches"
    contact = _OTHER[_contact(settings, pin).contact]
    return f"set panel.{section}.{pin} to `contact: {contact}`, then run `appliance config reload`"


def leds(box: Box) -> Iterator[Step]:
    """Light each, one after the other, for a person to see."""
    if box.panel is None:
        return
    with box.panel.examine() as bench:
        for pin, led in box.settings.panel.leds.items():
            yield Prompt(f"LED {pin} ({led.shows}) is lit now")
            bench.light(pin, True)
            box.pause(LIT)
            bench.light(pin, False)
            other = next(wiring for wiring in Wiring if wiring is not led.to)
            yield Finding(
                f"LED {pin}",
                Result.PASS,
                f"was lit for {duration(LIT)}",
                f"If it was dark: turn it around, check its resistor, or set panel.leds.{pin}.to: {other}",
            )
