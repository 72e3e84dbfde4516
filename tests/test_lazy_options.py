"""A box pays for the options of those plugins alone that its configuration names."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import attrs
import pytest
from attrs import frozen

from appliance.config.loader import parse
from appliance.config.options import loaded
from appliance.errors import ConfigError
from appliance.plugin import UploadBackendType, hookimpl, option
from appliance.plugin.kinds import KINDS
from appliance.plugin_host import PluginHost, PluginState
from appliance.testing.backends import MemoryBackend

NAMES_TWO = """
import sys
from appliance.config.loader import parse
from appliance.plugin_host import PluginHost
plugins = PluginHost.installed()
plugins.discover()
text = "destinations: {one: {backend: s3, bucket: clips}, two: {backend: rclone, remote: 'a:b'}}"
parse(text, "two", plugins.extensions, {})
print(*sorted(name for name in sys.modules if name.endswith(".options") and not name.startswith("appliance.")))
"""

BUILDS_ONE = """
import sys
from pathlib import Path
from appliance.config.loader import parse
from appliance.plugin_host import PluginHost
plugins = PluginHost.installed()
plugins.discover()
settings = parse("destinations: {web: {backend: http, url: 'https://example.org/'}}", "one", plugins.extensions, {})
plugins.build_upload("web", settings.destinations["web"], "box", Path("/nowhere"))
print(*(name for name in ("ssl", "requests", "concurrent.futures.thread") if name in sys.modules))
"""


@frozen
class Roomy:
    room: str = option("", "Which room.")


@frozen
class Greedy:
    backend: str = option("", "What every destination has.")


def drawer(options: object) -> PluginHost:
    @hookimpl
    def appliance_upload_backends() -> Sequence[UploadBackendType]:
        return [UploadBackendType("drawer", options, lambda *_: MemoryBackend())]  # type: ignore[arg-type]

    plugins = PluginHost([("drawer", lambda: SimpleNamespace(appliance_upload_backends=appliance_upload_backends))])
    plugins.discover()
    return plugins


def test_what_is_not_named_is_not_imported() -> None:
    run = subprocess.run([sys.executable, "-c", NAMES_TWO], capture_output=True, text=True, check=True)
    imported = {name for name in run.stdout.split() if "http" not in name}
    assert imported == {"appliance_upload_s3.options", "appliance_upload_rclone.options"}


def test_a_destination_that_was_sent_nothing_has_loaded_nothing_for_it() -> None:
    run = subprocess.run([sys.executable, "-c", BUILDS_ONE], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_all_of_the_appliances_own_fit() -> None:
    plugins = PluginHost.installed()
    plugins.discover()
    for kind in KINDS:
        for options in plugins.extensions[kind.common].values():
            assert not attrs.fields_dict(loaded(options)).keys() & attrs.fields_dict(kind.common).keys()


def test_options_are_imported_once_they_are_wanted() -> None:
    plugins = drawer(lambda: Roomy)
    settings = parse("destinations: {a: {backend: drawer, room: attic}}", "test", plugins.extensions, {})
    assert settings.destinations["a"].options == Roomy("attic")


def oh() -> type:
    raise ImportError("no module named oh")


@pytest.mark.parametrize(
    ("options", "words"),
    [(oh, "no module named oh"), (lambda: Greedy, "it has options that every entry has: backend")],
    ids=["missing", "greedy"],
)
def test_options_that_cannot_be_had_are_a_problem_of_their_entry(options: Callable[[], type], words: str) -> None:
    plugins = drawer(options)
    assert plugins.statuses()[0].state is PluginState.ACTIVE
    with pytest.raises(ConfigError, match=f"the plugin of its backend is broken: .*{words}"):
        parse("destinations: {a: {backend: drawer}}", "test", plugins.extensions, {})


def test_options_that_are_neither_break_the_plugin() -> None:
    status = drawer("Options").statuses()[0]
    assert status.state is PluginState.BROKEN
    assert "the options of backend 'drawer' are no attrs class" in status.message
