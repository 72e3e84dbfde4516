"""The published schema describes what lies beside clips."""

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.codec import to_plain
from tests.metadata.test_inside import CLIP

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/clip.schema.json").read_text())
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def fits(value: Any, schema: dict[str, Any], strict: bool = True) -> bool:
    """Whether a value is as the schema says; in a strict look, also that the schema knows each of its names."""
    if "anyOf" in schema:
        return any(fits(value, each) for each in schema["anyOf"])
    if not isinstance(value, TYPES[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return False
    if isinstance(value, list):
        return all(fits(item, schema["items"]) for item in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        if "additionalProperties" in schema:
            return all(fits(item, schema["additionalProperties"]) for item in value.values())
        named = not strict or value.keys() <= known.keys()
        there = set(schema.get("required", ())) <= value.keys()
        return named and there and all(fits(item, known[name]) for name, item in value.items() if name in known)
    return True


def test_a_clip_is_as_the_schema_says() -> None:
    assert fits(to_plain(CLIP), SCHEMA) and fits(to_plain(evolve(CLIP, place=None, corrected=CLIP.started)), SCHEMA)


@pytest.mark.parametrize(
    "wrong", [{"frames": "many"}, {"gaps": [{"offset": 1}]}, {"place": "here"}, {"surprise": 1}, {"started": None}]
)
def test_what_is_no_clip_is_none(wrong: dict[str, Any]) -> None:
    assert not fits({**to_plain(CLIP), **wrong}, SCHEMA)


def test_every_value_is_described() -> None:
    assert all(each["description"] for each in SCHEMA["properties"].values())
