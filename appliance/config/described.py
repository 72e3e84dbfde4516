"""What the generated documents say about a configuration class: its options one by one, in words and in YAML."""

from collections.abc import Iterator
from typing import Any, get_args

import attrs

from appliance.config import words
from appliance.config.options import AbsolutePath, Secret
from appliance.values import frozen


@frozen
class Described:
    """One option. `section` is the class of the options below it; `keyed` tells that they stand below names of the
    person's choice, or below pins. `value` is its default as YAML, or an example where it is required.
    """

    name: str
    help: str
    kind: str
    value: str
    example: str
    required: bool
    shorthand: bool
    section: type | None
    keyed: bool


def describe(cls: type) -> Iterator[Described]:
    """The options of a configuration class, in the order of the class."""
    attrs.resolve_types(cls)
    for field in attrs.fields(cls):
        wanted = words.optional_type(field.type)[0]
        keyed = words.is_mapping(wanted) and any(map(attrs.has, get_args(wanted)))
        example = str(field.metadata.get("example", ""))
        required = field.default is attrs.NOTHING
        default = field.default.factory() if hasattr(field.default, "factory") else field.default
        yield Described(
            field.name,
            str(field.metadata.get("help", "")),
            words.kind(field.type, field.validator),
            (example or _stand_in(wanted)) if required else words.to_yaml(default, field.type),
            example,
            required,
            bool(field.metadata.get("shorthand")),
            get_args(wanted)[1] if keyed else wanted if attrs.has(wanted) else None,
            keyed,
        )


def summary(cls: type) -> str:
    """The first paragraph of a class's docstring on one line; attrs classes without one of their own have none."""
    text = cls.__dict__.get("__doc__") or ""
    return "" if text.startswith(f"{cls.__name__}(") else " ".join(text.split("\n\n")[0].split())


def _stand_in(wanted: Any) -> str:
    if words.choices(wanted):
        return words.choices(wanted)[0]
    return {AbsolutePath: "/path", Secret: "!secret name"}.get(wanted, "text")
