"""`appliance settings`: what the page asks to be changed in the configuration."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from appliance.cli.remote import PATH, Remote
from appliance.clock import SystemClock
from appliance.control import protocol
from appliance.defaults import DEFAULT_CONFIG
from appliance.errors import ApplianceError, UsageError
from appliance.faults import CONFIGURATION

DEFAULT_VERSIONS = "/var/lib/appliance-settings"


@click.command()
@click.option("--config", "path", type=PATH, envvar="APPLIANCE_CONFIG", default=DEFAULT_CONFIG, show_default=True)
@click.option("--versions", type=PATH, envvar="STATE_DIRECTORY", default=DEFAULT_VERSIONS, show_default=True)
@click.pass_obj
def settings(remote: Remote, path: Path, versions: Path) -> None:
    """Answer on standard input and output what the page asks of the configuration.

    systemd starts it for each connection (`appliance-settings.socket`); it may write the configuration and no more.
    """
    from appliance.editing.editor import Editor
    from appliance.editing.versions import Versions
    from appliance.plugin_host import PluginHost

    plugins = PluginHost.installed()
    plugins.discover()
    clock = SystemClock()
    kept = Versions(versions, lambda: clock.wall_ns() / 1e9)
    editor = Editor(path, plugins.extensions, kept, remote.reload, _presets(), lambda: _refused(remote))
    words: dict[str, Callable[..., Any]] = {
        "form": editor.form,
        "review": editor.review,
        "remove": editor.remove,
        "preset": editor.preset,
        "presets": editor.preset_names,
        "use": editor.use,
        "versions": kept.told,
        "restore": editor.restore,
    }
    with suppress(ApplianceError):  # whoever asks is told better
        editor.settle()
    for line in _lines():
        sys.stdout.buffer.write(_answer(words, line))
        sys.stdout.buffer.flush()


def _presets() -> Path:
    """Where configurations to begin with lie: with what was installed, or with the source."""
    folders = [Path(sys.prefix), Path("/usr/local"), Path(__file__).parents[2]]
    found = [folder / "share/appliance/presets" for folder in folders]
    return next((each for each in found if each.is_dir()), found[0])


def _lines() -> Iterator[bytes]:
    while line := sys.stdin.buffer.readline(protocol.MAX_LINE):
        yield line


def _answer(words: dict[str, Callable[..., Any]], line: bytes) -> bytes:
    id = None
    try:
        asked = json.loads(line)
        id = asked["id"]
        return protocol.response(id, words[asked["method"]](**asked["params"]))
    except ApplianceError as error:
        return protocol.error_response(id, error)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return protocol.error_response(id, UsageError("found something else, expected a call as JSON-RPC"))


def _refused(remote: Remote) -> bool:
    return any(fault["name"] == CONFIGURATION.name for fault in remote.call("status")["faults"])
