"""One table tells the kinds of thing that plugins bring; what is not in it yet needs nothing but a row."""

from collections.abc import Callable, Sequence
from typing import Any

import pluggy
import pytest
from attrs import frozen
from attrs.validators import ge

from appliance.config.loader import parse
from appliance.config.options import option
from appliance.config.reference import example, reference
from appliance.config.settings import Settings
from appliance.errors import ConfigError, PluginError
from appliance.plugin import hookimpl
from appliance.plugin.kinds import KINDS, Kind
from appliance.plugin_host import PluginHost, PluginState

hookspec = pluggy.HookspecMarker("appliance")


@frozen
class LampType:
    name: str
    options: type
    create: Callable[[Any, str], str]
    extra: str = ""


@frozen
class LampSettings:
    bulb: str = option(help="What shines.")
    watts: int = option(5, "How much it takes.", check=ge(1))
    options: Any = option(None, "")


@frozen
class BrightSettings(Settings):
    lamps: dict[str, LampSettings] = option(dict, "What shines, by name.")


@frozen
class NeonOptions:
    """A tube."""

    colour: str = option("red", "Of which colour.")


@hookspec
def appliance_lamps() -> Sequence[LampType]:  # type: ignore[empty-body]
    """Name the lamps that this plugin brings."""


LAMP = Kind(appliance_lamps, LampType, "lamps", LampSettings, "lamp", str)


class Neon:
    @hookimpl
    def appliance_lamps(self) -> Sequence[LampType]:
        return [LampType("neon", NeonOptions, lambda options, room: f"{options.colour} in the {room}")]


@pytest.fixture
def host() -> PluginHost:
    built = PluginHost([("neon", Neon)], kinds=(*KINDS, LAMP))
    built.discover()
    return built


def test_a_kind_is_configured_checked_and_built(host: PluginHost) -> None:
    text = "lamps: {door: {bulb: neon, watts: 9, colour: blue}}"
    settings = parse(text, "box.yaml", host.extensions, {}, schema=BrightSettings)
    assert isinstance(settings, BrightSettings)
    assert settings.lamps == {"door": LampSettings("neon", 9, NeonOptions("blue"))}
    assert host.begin(LAMP, "door", settings.lamps["door"], "hall")() == "blue in the hall"
    assert host.statuses()[0].backends == ("neon",)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{}", "lamps.door.bulb: is missing, expected neon"),
        ("{bulb: nein}", 'lamps.door.bulb: found "nein", expected neon; did you mean "neon"?'),
        ("{bulb: neon, watts: 0}", "lamps.door.watts: found 0, must be at least 1"),
        ("{bulb: neon, color: red}", 'lamps.door.color: unknown option; did you mean "colour"?'),
    ],
)
def test_what_is_wrong_is_said_in_its_own_words(host: PluginHost, entry: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"lamps: {{door: {entry}}}", "box.yaml", host.extensions, {}, schema=BrightSettings)
    assert words in str(caught.value)


def test_the_documents_tell_of_it(host: PluginHost) -> None:
    text = example(host.extensions, BrightSettings)
    assert "#my-neon:\n" in text and "#bulb: neon\n" in text
    assert "## `lamps.NAME` with `bulb: neon`\n\nA tube.\n" in reference(host.extensions, BrightSettings)


def test_what_breaks_its_contract_is_named() -> None:
    class Clashing:
        @hookimpl
        def appliance_lamps(self) -> Sequence[LampType]:
            return [LampType("neon", LampSettings, lambda options, room: room)]

    broken = PluginHost([("neon", Clashing)], kinds=(LAMP,))
    broken.discover()
    assert broken.statuses()[0].state is PluginState.BROKEN
    assert "bulb 'neon' has options that every lamp has: bulb, options, watts" in broken.statuses()[0].message


def test_what_nobody_brings_is_named(host: PluginHost) -> None:
    with pytest.raises(ConfigError, match="lamp 'door' needs bulb 'gas', and no plugin brings it"):
        host.begin(LAMP, "door", LampSettings("gas"), "hall")()


def test_what_fails_while_it_is_built_is_named() -> None:
    class Failing:
        @hookimpl
        def appliance_lamps(self) -> Sequence[LampType]:
            return [LampType("neon", NeonOptions, lambda options, room: room[99])]

    failing = PluginHost([("neon", Failing)], kinds=(LAMP,))
    failing.discover()
    with pytest.raises(PluginError, match="door: plugin neon failed: IndexError"):
        failing.begin(LAMP, "door", LampSettings("neon", options=NeonOptions()), "hall")()
