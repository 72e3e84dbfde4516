"""What a preset changes: what it brings is there, what another one brought and it does not want is gone, and what a
person wrote stays.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from appliance.config.document import Place
from appliance.editing.options import Change, differences

_PURPOSES = ("flow", "triggers")
"""Sections that tell what a box is for: those of another purpose go."""


def taking(preset: dict[str, Any], others: Sequence[dict[str, Any]], now: dict[str, Any]) -> Iterator[Change]:
    """The changes after which a box is what a preset wants; `others` are the values of all other presets."""
    kept = _own_name(now, [preset, *others])
    wanted = {**preset, "device": {**preset.get("device", {}), **kept}}
    gone: set[Place] = {(name,) for name in _PURPOSES if name in now and name not in wanted}
    gone |= {*_displaced(wanted.get("panel"), now.get("panel"))}
    gone |= {*_brought(now, wanted, others)}
    for place in sorted(gone):
        if not any(place[:end] in gone for end in range(1, len(place))):
            yield Change(place, None, "", kind="removed")
    yield from differences(wanted, now)


def _own_name(now: dict[str, Any], presets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The name that a person gave the box, which no preset takes away."""
    device = now.get("device")
    name = device.get("name") if isinstance(device, dict) else None
    return {} if name is None or any(name == each.get("device", {}).get("name") for each in presets) else {"name": name}


def _displaced(wanted: Any, now: Any) -> Iterator[Place]:
    """What is at a pin where the preset has something else."""
    pins = {pin for entries in (wanted or {}).values() for pin in entries}
    for kind, entries in now.items() if isinstance(now, dict) else ():
        for pin in entries if isinstance(entries, dict) else ():
            if pin in pins and pin not in wanted.get(kind, {}):
                yield "panel", kind, pin


def _brought(now: dict[str, Any], wanted: dict[str, Any], others: Sequence[Any], place: Place = ()) -> Iterator[Place]:
    """What is as other presets have it, and not wanted."""
    for name, value in now.items():
        theirs = _below(others, name)
        if name not in wanted:
            if _is_of(value, theirs):
                yield (*place, name)
        elif isinstance(value, dict) and isinstance(wanted[name], dict):
            yield from _brought(value, wanted[name], theirs, (*place, name))


def _is_of(value: Any, presets: Sequence[Any]) -> bool:
    if isinstance(value, dict):
        return bool(presets) and all(_is_of(each, _below(presets, name)) for name, each in value.items())
    return value in presets


def _below(presets: Sequence[Any], name: str | int) -> list[Any]:
    return [each[name] for each in presets if isinstance(each, dict) and name in each]
