"""The configuration in use, as people and those who help them may see it."""

from collections.abc import Mapping, Sequence, Set
from enum import Enum
from pathlib import PurePath
from typing import Any, get_args

import attrs
import yaml

from appliance.config.options import ByteCount, Percent, Seconds, Secret
from appliance.config.scalars import HiddenText
from appliance.config.settings import Settings
from appliance.config.units import format_duration, format_size
from appliance.config.words import optional_type

HIDDEN = "***"


def shown(settings: Settings) -> str:
    """Every option and its value as YAML; what is secret, or came from where secrets are, is blotted out."""
    text: str = yaml.safe_dump(_plain(settings, Settings), sort_keys=False, allow_unicode=True, width=120)
    return text


def _plain(value: Any, wanted: Any) -> Any:
    inner, _ = optional_type(wanted)
    if value is None:
        return None
    if isinstance(value, Secret | HiddenText):
        return HIDDEN
    if isinstance(value, Enum):
        return value.value
    if attrs.has(type(value)):
        return _section(value)
    if isinstance(value, Mapping):
        names, values = get_args(inner) or (Any, Any)
        return {_plain(name, names): _plain(item, values) for name, item in value.items()}
    if isinstance(value, Sequence | Set) and not isinstance(value, str):
        return [_plain(item, (get_args(inner) or (Any,))[0]) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if inner is Seconds:
        return format_duration(value)
    if inner is ByteCount:
        return format_size(value)
    if isinstance(value, str):
        return str(value)  # some words are more than text
    return f"{value}%" if inner is Percent else value


def _section(value: Any) -> dict[str, Any]:
    """A section; what plugins add to it stands beside the rest, as in the file."""
    told: dict[str, Any] = {}
    for each in attrs.fields(attrs.resolve_types(type(value))):
        found = _plain(getattr(value, each.name), each.type)
        if each.name == "options" and isinstance(found, dict):
            told |= found
        else:
            told[each.name] = found
    return told
