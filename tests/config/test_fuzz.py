"""Whatever stands in the file, the answer is settings or a ConfigError whose every problem is one plain line."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config import settings as configuration
from appliance.config.settings import Settings
from appliance.errors import ConfigError

Read = Callable[..., Settings]

CLASSES = [each for each in vars(configuration).values() if isinstance(each, type) and attrs.has(each)]
NAMES = sorted(
    {field.name for cls in CLASSES for field in attrs.fields(cls)} | {"office", "path", "url", "token", "<<"}
)
WORDS = [
    "record.toggle",
    "status",
    "folder",
    "web",
    "urls",
    "flac",
    "5s",
    "5MiB",
    "80%",
    "/a",
    "22:30",
    "yes",
    "~",
    "017",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS) | st.dates()
KEYS = st.sampled_from(NAMES) | st.integers(-2, 40) | st.text(max_size=8) | st.none() | st.booleans()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
SYMBOLS = [*":\n -[]{},&*!'\"#|>?%\t", ": ", "    ", "&a ", "*a", "<<: *a", "!env A", "!secret b", "!!map ", "---\n"]
SYNTAX = st.lists(st.sampled_from([*NAMES, *WORDS, *SYMBOLS]), max_size=40).map("".join)


def check(read: Read, text: str) -> None:
    try:
        assert isinstance(read(text, {"A": "record.toggle", "b": "\udcff"}), Settings)
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.startswith("box.yaml:")
            assert problem.isprintable()
            problem.encode()


@pytest.mark.slow
@settings(max_examples=300)
@given(text=st.text())
def test_arbitrary_text(read: Read, text: str) -> None:
    check(read, text)


@pytest.mark.slow
@settings(max_examples=300)
@given(text=SYNTAX)
def test_arbitrary_pieces_of_yaml(read: Read, text: str) -> None:
    check(read, text)


@pytest.mark.slow
@settings(max_examples=200)
@given(tree=TREES, flow=st.booleans())
def test_arbitrary_structures(read: Read, tree: Any, flow: bool) -> None:
    check(read, yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True))


@pytest.mark.slow
@settings(max_examples=150)
@given(
    office=st.dictionaries(st.sampled_from(NAMES), SCALARS | st.lists(SCALARS, max_size=3), max_size=8),
    panel=st.dictionaries(
        st.sampled_from(("buttons", "switches", "leds")),
        st.dictionaries(st.integers(0, 30) | st.text(max_size=3), SCALARS, max_size=4),
    ),
    backend=st.sampled_from(["folder", "web", "wbe"]),
)
def test_structures_of_the_right_shape(read: Read, office: Any, panel: Any, backend: str) -> None:
    tree = {"panel": panel, "destinations": {"office": {**office, "backend": backend}}}
    check(read, yaml.safe_dump(tree, allow_unicode=True))
