"""The generated documents: the reference names every option, and the example can be used as it stands."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest
from hypothesis import example as example_of
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config.feeds import FeedSettings
from appliance.config.loader import parse
from appliance.config.options import ByteCount, Extensions, Percent, Seconds, TimeOfDay, loaded
from appliance.config.reference import example, reference
from appliance.config.settings import DestinationSettings, ServiceSettings, Settings
from appliance.config.words import to_yaml
from appliance.plugin.kinds import KINDS
from appliance.plugin_host import PluginHost

ROOT = Path(__file__).parents[2]
NOTHING: Extensions = {kind.common: {} for kind in KINDS}
"""What a box without plugins adds."""


def uncommented(text: str) -> str:
    """The example with every option live: the `#` right before a name is taken away."""
    return re.sub(r"(?m)^( *)#(?=\S)", r"\1", text)


def option_names(cls: type) -> Iterator[str]:
    """Every option of a class and of the classes below it."""
    attrs.resolve_types(cls)
    for field in attrs.fields(cls):
        if field.name != "options" or cls not in (DestinationSettings, FeedSettings, ServiceSettings):
            yield field.name
        for below in (field.type, *get_args(field.type)):
            if isinstance(below, type) and attrs.has(below):
                yield from option_names(below)


def all_names(extensions: Extensions) -> set[str]:
    return {
        name
        for cls in (Settings, *(loaded(cls) for kind in extensions.values() for cls in kind.values()))
        for name in option_names(cls)
    }


def same_but_for_entries(settings: Settings) -> Settings:
    """What is left of settings when entries that a person named are taken out."""
    panel = attrs.evolve(settings.panel, buttons={}, switches={}, dials={}, keypad=None, leds={})
    settings = attrs.evolve(settings, destinations={}, feeds={}, schedules={}, services={}, processors={})
    settings = attrs.evolve(settings, renditions={}, triggers={})
    recording = attrs.evolve(settings.recording, fields={}, profiles={})
    flow = attrs.evolve(settings.flow, takes={})
    return attrs.evolve(settings, panel=panel, recording=recording, flow=flow)


class TestExample:
    def test_it_loads_as_it_stands(self, extensions: Extensions) -> None:
        settings = parse(example(extensions), "example", extensions, {})
        assert settings.panel.buttons[17].press == "record.toggle"
        assert settings.panel.leds[18].shows == "status"
        assert settings.destinations == {} and settings.feeds == {}
        assert same_but_for_entries(settings) == Settings()

    def test_its_live_part_is_short(self, extensions: Extensions) -> None:
        lines = example(extensions).splitlines()
        assert len([line for line in lines if line.strip() and not line.strip().startswith("#")]) < 20

    def test_everything_commented_out_loads_and_is_the_default(self, extensions: Extensions) -> None:
        settings = parse(uncommented(example(extensions)), "example", extensions, {})
        assert same_but_for_entries(settings) == Settings()
        assert {entry.backend for entry in settings.destinations.values()} == extensions[DestinationSettings].keys()
        assert {entry.backend for entry in settings.feeds.values()} == extensions[FeedSettings].keys()
        assert all(
            entry == DestinationSettings(entry.backend, options=entry.options)
            for entry in settings.destinations.values()
        )
        web = settings.destinations["my-web"].options
        assert web == loaded(extensions[DestinationSettings]["web"])(url="https://example.org/")

    def test_it_names_every_option(self, extensions: Extensions) -> None:
        named = set(re.findall(r"(?m)^ *([a-z_]+):", uncommented(example(extensions))))
        assert all_names(extensions) <= named

    def test_without_plugins(self) -> None:
        text = example(NOTHING)
        assert parse(text, "example", NOTHING, {}).destinations == {}
        assert parse(uncommented(text), "example", NOTHING, {}).destinations == {}


class TestReference:
    def test_it_names_every_option(self, extensions: Extensions) -> None:
        text = reference(extensions)
        for name in all_names(extensions):
            assert f"`{name}`" in text or f".{name}" in text or f"## `{name}" in text

    @pytest.mark.parametrize(
        "row",
        [
            "| `rate` | whole number, between 8000 and 384000, or nothing | `null` | Frames per second. Default: "
            "48000, or the nearest that the microphone offers. |",
            "| `period` | duration, between 10ms and 1s | `250ms` | How much",
            "| `start` | percentage, between 0% and 100% | `80%` |",
            "| `order` | one of oldest or newest | `oldest` |",
            "| `action` | one of record.while_off_hook or handset | `record.while_off_hook` |",
            "| `path` | absolute path | *required* | Where to. Example: `/media/stick` |",
            "| `token` | secret, or nothing | `null` |",
            "| `headers` | mapping of text to secrets | `{}` |",
            "| `expect` | list of whole numbers, at least 1 entry long | `[200, 201]` |",
            "| `limit` | size, at least 1kB, or nothing | `null` |",
            "| `at` | local time | `'22:30'` |",
            "| `colour` | one of red or off | `red` |",
            "| `size` | one of small or large | `small` |",
            "| `by_colour` | mapping of one of red or off to durations | `{}` |",
            "`PIN: WORD` is short for `PIN: {press: WORD}`.",
            "## `panel.buttons.PIN`",
            "## `destinations.NAME.retry`",
            "## `destinations.NAME` with `backend: folder`\n\nCopies to a folder.\n",
            "## `destinations.NAME.patience` with `backend: web`",
            "## `feeds.NAME` with `backend: urls`",
        ],
    )
    def test_rows(self, extensions: Extensions, row: str) -> None:
        assert row in reference(extensions)

    def test_every_row_has_four_cells(self, extensions: Extensions) -> None:
        rows = re.findall(r"(?m)^\| `.*$", reference(extensions).split("## Top level")[1])
        assert len(rows) > 50
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


VALUES = st.one_of(
    st.tuples(st.just("connect"), st.floats(0.1, 10**7).map(Seconds), st.just(Seconds)),
    st.tuples(st.just("limit"), st.none() | st.integers(1000, 2**62).map(ByteCount), st.just(ByteCount | None)),
    st.tuples(st.just("loud"), st.integers(0, 100).map(Percent), st.just(Percent)),
    st.tuples(st.just("at"), st.times().map(lambda time: TimeOfDay(f"{time:%H:%M}")), st.just(TimeOfDay)),
    st.tuples(
        st.just("user"), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), st.just(str)
    ),
    st.tuples(
        st.just("expect"), st.lists(st.integers(-(2**63), 2**63), min_size=1).map(tuple), st.just(tuple[int, ...])
    ),
    st.tuples(st.just("names"), st.lists(st.text("ab:'\"#{}[],&*!|>%@ \n", max_size=5)), st.just(list[str])),
    st.tuples(st.just("share"), st.floats(-(10**6), 1), st.just(float)),
    st.tuples(st.just("allow_http"), st.booleans(), st.just(bool)),
)


@pytest.mark.slow
@settings(max_examples=200)
@given(case=VALUES)
@example_of(case=("user", "a\x85\n\u2028b", str))
def test_every_value_is_written_as_the_loader_reads_it(web: Callable[..., Any], case: tuple[str, Any, Any]) -> None:
    name, value, kind = case
    line = f"{name}: {to_yaml(value, kind)}"
    assert line.isprintable()
    options = web(f"patience: {{{line}}}" if name == "connect" else line)
    assert getattr(options.patience if name == "connect" else options, name) == value


def test_the_committed_example_is_what_the_installed_plugins_give() -> None:
    plugins = PluginHost.installed()
    plugins.discover()
    extensions = plugins.extensions
    text = (ROOT / "config.example.yaml").read_text()
    assert text == example(extensions), "config.example.yaml is old: run `make docs`"
    assert {"folder", "http", "rclone", "s3"} <= extensions[DestinationSettings].keys()
    assert same_but_for_entries(parse(text, "config.example.yaml", extensions, {})) == Settings()
    given = re.sub(r"!secret (\w+)", r"\1", uncommented(text))  # some of what must be given is a secret
    everything = parse(given, "config.example.yaml", extensions, {})
    assert same_but_for_entries(everything) == Settings()
    assert {entry.backend for entry in everything.destinations.values()} == extensions[DestinationSettings].keys()
    assert {entry.backend for entry in everything.feeds.values()} == extensions[FeedSettings].keys()
    lines = text.splitlines()
    assert len([line for line in lines if line.strip() and not line.strip().startswith("#")]) < 20
