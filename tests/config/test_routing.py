"""Which clips go where."""

from typing import Any

import pytest
from attrs import frozen

from appliance.circumstances import Begun, Fields, Starter
from appliance.config.loader import parse, usable
from appliance.config.routing import OnlySettings, goes_to
from appliance.config.settings import DestinationSettings
from appliance.errors import ConfigError

BUTTON, DAWN = Begun(Starter.BUTTON, "17", "interview"), Begun(Starter.SCHEDULE, "dawn")
FIELDS: Fields = {"room": "hall", "consent": True, "grade": 2}


@frozen
class Nothing:
    """Options of a backend that needs none."""


@pytest.mark.parametrize(
    ("only", "button", "dawn"),
    [
        ({}, True, True),
        ({"button": 17}, True, False),
        ({"button": 1}, False, False),
        ({"schedule": "dawn"}, False, True),
        ({"profile": "interview"}, True, False),
        ({"kind": Starter.SCHEDULE}, False, True),
        ({"fields": {"room": "hall"}}, True, True),
        ({"fields": {"room": ["studio", "hall"], "consent": True}}, True, True),
        ({"fields": {"room": "studio"}}, False, False),
        ({"fields": {"grade": 2}}, True, True),
        ({"fields": {"grade": 2.0}}, True, True),
        ({"fields": {"speaker": "Ada"}}, False, False),
        ({"button": 17, "fields": {"consent": False}}, False, False),
    ],
)
def test_everything_that_is_named_must_fit(only: dict[str, Any], button: bool, dawn: bool) -> None:
    settings = OnlySettings(**only)
    assert (goes_to("nas", settings, BUTTON, FIELDS), goes_to("nas", settings, DAWN, FIELDS)) == (button, dawn)


def test_what_began_it_may_say_where_it_goes() -> None:
    never = OnlySettings(button=1)
    assert goes_to("nas", never, Begun(destinations=("nas",)), {})
    assert not goes_to("web", OnlySettings(), Begun(destinations=("nas",)), {})
    assert not goes_to("nas", OnlySettings(), Begun(destinations=("nas",), test=True), {})
    assert goes_to("nas", OnlySettings(), None, {}), "a clip of an older release goes everywhere"


def test_a_destination_that_waits_for_what_never_comes_is_told() -> None:
    text = """\
recording: {fields: {room: {choices: [hall]}}}
destinations:
  a: {backend: none, only: {button: 17}}
  b: {backend: none, only: {profile: talk}}
  c: {backend: none, only: {fields: {room: [hall, cellar]}}}
"""
    with pytest.raises(ConfigError) as error:
        parse(text, "file", {DestinationSettings: {"none": Nothing}})
    assert str(error.value).splitlines() == [
        "file:3: destinations.a.only: there is no button '17': the configuration has none",
        "file:4: destinations.b.only: there is no profile 'talk': the configuration has none",
        "file:5: destinations.c.only: field room: found 'cellar', expected one of hall",
    ]


def test_at_a_start_it_is_told_and_sends_what_it_can() -> None:
    text = "destinations: {a: {backend: none, only: {profile: talk}}, b: {backend: none}}"
    found = usable(text, "file", {DestinationSettings: {"none": Nothing}}, {})
    assert {name: each.backend for name, each in found.settings.destinations.items()} == {"a": "none", "b": "none"}
    assert list(found.left_out) == ["destinations.a.only"]


def test_whoever_wants_a_destination_that_is_left_out_waits_as_clips_do() -> None:
    text = """\
panel: {buttons: {17: {press: record.toggle, take: {destinations: [a]}}}}
destinations: {a: {backend: nonesuch}}
"""
    found = usable(text, "file", {DestinationSettings: {"none": Nothing}}, {})
    assert found.settings.panel.buttons[17].take.destinations == ("a",)
    assert list(found.left_out) == ["destinations.a"]
