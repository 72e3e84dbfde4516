"""The text of the configuration after a change: what was asked for is there, and all else is as it was."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.config.document import read_document
from appliance.editing.text import changed
from appliance.plugin_host import PluginHost

FILE = """\
# The box at the door.
device: {name: booth}   # as on its lid

panel:
  # Push buttons by BCM pin number.
  buttons:
    17: record.toggle  # the red one
    #27:
      #press: null
  leds:
    18: status
recording:
  preroll: 5s

# Where clips go.
destinations:
  office:
    backend: folder
    path: /srv/office
    active_hours:
      - "22:00-06:00"
  # The other one.
  cloud:
    backend: http
    url: https://example.org/in
    headers: {Authorization: !secret cloud}

#feeds:
"""


@pytest.mark.parametrize(
    ("place", "source", "old", "new"),
    [
        ("recording.preroll", "10s", "preroll: 5s", "preroll: 10s"),
        ("recording.preroll", None, "  preroll: 5s\n", ""),
        ("recording.max_duration", "5m", "preroll: 5s\n", "preroll: 5s\n  max_duration: 5m\n"),
        ("device.name", "b", "{name: booth}", "{name: b}"),
        ("device.location.latitude", "5", "{name: booth}", "{name: booth, location: {latitude: 5}}"),
        ("device.name", None, "{name: booth}", "{}"),
        ("panel.buttons.17", "play.next", "17: record.toggle ", "17: play.next "),
        ("panel.buttons.27", "play.next", "# the red one\n", "# the red one\n    27: play.next\n"),
        ("panel.buttons.17", None, "    17: record.toggle  # the red one\n", ""),
        ("destinations.office.active_hours", "[a, b]", ':\n      - "22:00-06:00"', ": [a, b]"),
        ("destinations.office.active_hours", None, '    active_hours:\n      - "22:00-06:00"\n', ""),
        ("destinations.cloud.url", "x", "https://example.org/in", "x"),
        ("destinations.cloud.auth.bearer", "x", "!secret cloud}\n", "!secret cloud}\n    auth:\n      bearer: x\n"),
        ("feeds.news.feed", "podcast", "#feeds:\n", "#feeds:\n"),
    ],
)
def test_nothing_else_moves(place: str, source: str | None, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    after = changed(FILE, {tuple(place.split(".")): source})
    wanted = FILE.replace(old, new)
    if place.startswith("feeds"):  # what is new at the top comes behind the last of its neighbours
        wanted = FILE.replace("!secret cloud}\n", "!secret cloud}\nfeeds:\n  news:\n    feed: podcast\n")
    assert after == wanted


def test_an_empty_file_and_an_empty_heading() -> None:
    assert changed("", {("device", "name"): "a"}) == "device:\n  name: a\n"
    assert changed("# x", {("device", "name"): "a"}) == "# x\ndevice:\n  name: a\n"
    assert changed("device:\n  # no name\n", {("device", "name"): "a"}) == "device:\n  name: a\n  # no name\n"
    assert changed("{device: }", {("device", "name"): "a"}) == "{device: {name: a}}"


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.sampled_from(["1", "x y", '"q: #"', "", "|\n        text\n        more\n", "[p, {q: r}]"]),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=6,
)
COMMENTS = st.sampled_from(["", "  # said", "\n# said\n"])


def written(value: Any, comment: str, depth: int = 0) -> str:
    lines = ""
    for name, item in value.items():
        lines += f"{'  ' * depth}{name}:"
        if isinstance(item, dict):
            lines += f"{comment if depth else ''}\n{written(item, comment, depth + 1)}"
        else:
            lines += f" {item}" + ("" if item.startswith("|") else f"{comment}\n")
    return lines


def plain(text: str) -> Any:
    return bare(read_document(text, "file", lambda tag, name: "").root)


def bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items()} or None
    return value


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=3),
    COMMENTS,
    st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    st.sampled_from(["5m", '"a b"', "[x, y]", None]),
)
@example({"a": {"b": "|\n        text\n        more\n"}}, "\n# said\n", ("a", "c"), "5m")
def test_a_changed_file_reads_as_it_should(
    values: Any, comment: str, place: tuple[str, ...], source: str | None
) -> None:
    text = written(values, comment)
    before = read_document(text, "file", lambda tag, name: "").root
    after = changed(text, {place: source})
    there: Any = values
    for name in place:
        there = there.get(name) if isinstance(there, dict) else None
    wanted: Any = before
    for name in place[:-1] if source or there is not None else ():
        held = wanted.get(name)
        wanted[name] = held if isinstance(held, dict) else {}
        wanted = wanted[name]
    if source is None:
        wanted.pop(place[-1] if there is not None else None, None)
    else:
        wanted[place[-1]] = read_document(f"it: {source}", "file", lambda tag, name: "").root["it"]
    if bare(before):
        assert plain(after) == bare(before)
    if source and there is None:
        assert after.count("# said") == text.count("# said")


def test_every_option_of_the_example_can_be_written_without_losing_a_comment() -> None:
    from appliance.config.reference import example as whole

    plugins = PluginHost.installed()
    plugins.discover()
    text = whole(plugins.extensions)
    after = changed(text, {("recording", "preroll"): "5s", ("panel", "buttons", "5"): "record.stop"})
    lines = iter(after.splitlines())
    assert all(line in lines for line in text.splitlines())
