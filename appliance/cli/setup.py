"""`appliance devices`, `plugins` and `config`: what the box is made of."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.cli.groups import Group
from appliance.cli.remote import PATH, Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json, say_page
from appliance.codec import to_plain
from appliance.config.settings import Settings
from appliance.defaults import DEFAULT_CONFIG
from appliance.errors import ApplianceError, ConfigError, NotRunning
from appliance.plugin.kinds import SERVICE
from appliance.plugin.upload import UploadBackend
from appliance.plugin_host import PluginHost

if TYPE_CHECKING:
    from appliance.housekeeping.outlook import Outlook


@click.command()
@json_option
@pass_remote
def devices(remote: Remote, as_json: bool) -> None:
    """List sound cards, with the words to put into the configuration."""
    try:
        cards = remote.call("devices")
    except NotRunning:
        from appliance.audio.alsa import AlsaCards

        cards = to_plain(AlsaCards().cards())
    if as_json:
        say_json(cards)
    else:
        from appliance.cli import show

        show.cards(cards)


@click.command()
@json_option
@pass_remote
def plugins(remote: Remote, as_json: bool) -> None:
    """List plugins and how they are."""
    try:
        statuses = remote.call("plugins")
    except NotRunning:
        statuses = to_plain(_plugins().statuses())
    if as_json:
        say_json(statuses)
    else:
        from appliance.cli import show

        show.plugins(statuses)


@click.group(cls=Group)
def config() -> None:
    """The configuration: check, reload, example, reference."""


@config.command()
@click.argument("path", type=PATH, default=DEFAULT_CONFIG, envvar="APPLIANCE_CONFIG")
@json_option
@pass_remote
def check(remote: Remote, path: Path, as_json: bool) -> None:
    """Check the configuration at PATH, and say everything that is wrong with it or will be."""
    warnings: list[str] = []
    try:
        _check(remote, path, warnings)
    except ConfigError as error:
        if as_json:
            say_json({"good": False, "problems": error.problems, "warnings": warnings})
        raise
    if as_json:
        say_json({"good": True, "problems": [], "warnings": warnings})
        return
    for warning in warnings:
        say(f"{path}: warning: {warning}")
    say(f"{path} is good")


def _check(remote: Remote, path: Path, warnings: list[str]) -> None:
    """Collect what a person should know of a configuration. Raises ConfigError with every problem."""
    from appliance.config.loader import load
    from appliance.limits import leave

    host = _plugins()
    settings = load(path, host.extensions)
    warnings += host.disable(settings.disabled_plugins)
    problems = []
    directory, device = settings.storage.directory, settings.device.label
    backends = {}
    for name, destination in settings.destinations.items():
        try:
            backends[name] = host.build_upload(name, destination, device, directory)
        except ConfigError as error:
            problems.append(f"{path}: destinations: {error}")
    for name, feed in settings.feeds.items():
        try:
            leave(host.build_feed(name, feed, device, directory).close, f"feed {name}")
        except ConfigError as error:
            problems.append(f"{path}: feeds: {error}")
    for name, service in settings.services.items():
        try:
            host.find(SERVICE, name, service)
        except ConfigError as error:
            problems.append(f"{path}: services: {error}")
    outlook = _outlook(settings, backends, remote)
    if outlook.space.in_vain:
        problems.append(f"{path}: storage.directory: {outlook.space.in_vain}")
    if outlook.warning:
        warnings.append(outlook.warning)
    for name, backend in backends.items():
        leave(backend.close, f"destination {name}")
    if problems:
        raise ConfigError(*problems)


def _outlook(settings: Settings, backends: Mapping[str, UploadBackend], remote: Remote) -> "Outlook":
    """What is to come of the room that is left, by what the appliance recorded lately where it is running."""
    from appliance.housekeeping.prospects import foresee

    days = None
    with suppress(ApplianceError):
        days = remote.call("status")["storage"]["full_in_days"]
    return foresee(settings, backends, days)


@config.command()
@json_option
@pass_remote
def reload(remote: Remote, as_json: bool) -> None:
    """Let the running appliance read its configuration anew; a take in progress is finished before it is used."""
    used = remote.reload()
    if as_json:
        say_json({"used": used})
    elif used:
        say("the new configuration is used from now on")
    else:
        say("the new configuration is good; it is used once the take in progress is finished")


@config.command()
def reference() -> None:
    """Print every option, with the plugins installed here, as Markdown."""
    from appliance.config.reference import reference as text

    host = _plugins()
    say_page(text(host.extensions))


@config.command()
def example() -> None:
    """Print a configuration that names every option with its default."""
    from appliance.config.reference import example as text

    host = _plugins()
    say_page(text(host.extensions))


def _plugins() -> PluginHost:
    host = PluginHost.installed()
    host.discover()
    return host
