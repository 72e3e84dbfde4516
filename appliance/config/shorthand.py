"""What may be written shorter than the configuration has it."""

from attrs import evolve

from appliance.config.document import Document, Place, Word

_SHORT = "heartbeat"


def spelled_out(read: Document) -> Document:
    """`heartbeat: ...` at the top is short for the service of that name: `services: {heartbeat: ...}`."""
    given = read.root.get(_SHORT)
    services = read.root.get("services") or {}
    root = {name: value for name, value in read.root.items() if name != _SHORT}
    if given is None or not isinstance(services, dict):
        return evolve(read, root=root)
    if _SHORT in services:
        twice = (read.lines[_SHORT,], (_SHORT,), f"is short for services.{_SHORT}, which is there too: take one out")
        return evolve(read, root=root, problems=[*read.problems, twice])
    entry = {"service": Word(_SHORT), **given} if isinstance(given, dict) else given
    lines = {("services", *place): line for place, line in read.lines.items() if place[:1] == (_SHORT,)}
    return evolve(read, root={**root, "services": {**services, _SHORT: entry}}, lines={**lines, **read.lines})


def in_full(place: Place) -> Place:
    """The place of a value, spelled out."""
    return ("services", *place) if place[:1] == (_SHORT,) else place
