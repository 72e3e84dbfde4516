"""`appliance status` and `appliance events`: how the box is."""

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json
from appliance.events import EVENTS

PROGRESS = {"TakeProgress", "PlaybackProgress", "DeliveryProgress", "QueueChanged", "InboxChanged"}


@click.command()
@json_option
@pass_remote
def status(remote: Remote, as_json: bool) -> None:
    """Say how the box is."""
    answer = remote.call("status")
    if as_json:
        say_json(answer)
    else:
        from appliance.cli import show
        from appliance.codec import from_plain
        from appliance.report import Report

        show.status(from_plain(answer, Report))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.option("--progress", is_flag=True, help="Levels and progress as well.")
@pass_remote
def events(remote: Remote, as_json: bool, progress: bool) -> None:
    """Follow what happens, until Ctrl-C."""
    from appliance.describe import describe_plain

    wanted = [cls.__name__ for cls in EVENTS if progress or cls.__name__ not in PROGRESS]
    for event in remote.follow("subscribe", events=wanted):
        say_json(event, None) if as_json else say(describe_plain(event))
