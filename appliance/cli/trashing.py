"""`appliance clips delete`, `trash` and `restore`: what a person throws away, and brings back."""

from typing import Any

import click

from appliance.arguments import check_meant
from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json
from appliance.phrases import counted


@click.command()
@click.argument("chosen", metavar="CLIPS...", nargs=-1, required=True)
@click.option("--now", is_flag=True, help="For good, also what is in the trash.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_remote
def delete(remote: Remote, chosen: tuple[str, ...], now: bool, yes: bool, as_json: bool) -> None:
    """Move CLIPS to the trash and cancel their deliveries. What was delivered stays where it is.

    Each is given by its id, the first six characters of that or more, or its name. `appliance clips restore` brings
    them back, until room is needed or 30 days are over.
    """
    found = {entry["clip"]["id"]: _to_delete(entry) for entry in (_meant(remote, clip) for clip in chosen)}
    if now and not yes:
        for told in found.values():
            say(told, error=as_json)
        click.confirm(f"Delete {counted(len(found), 'clip')} for good?", abort=True, err=as_json)
    for clip_id, told in found.items():
        remote.call("clips.delete", clip=clip_id, now=now)
        if not as_json:
            say(f"{'deleted for good' if now else 'moved to the trash'}: {told}")
    if as_json:
        say_json({"deleted": [*found], "for_good": now})


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_remote
def trash(remote: Remote, as_json: bool) -> None:
    """List the clips in the trash. `appliance clips delete --now` deletes them for good."""
    found = remote.call("clips.trash")
    if as_json:
        say_json(found)
        return
    from appliance.cli import show

    for entry in found:
        say(f"{entry['clip']['name']}, {show.summary(entry['clip'])}, {show.trashed(entry)}")
    if not found:
        say("the trash is empty")


@click.command()
@click.argument("chosen", metavar="CLIPS...", nargs=-1, required=True)
@json_option
@pass_remote
def restore(remote: Remote, chosen: tuple[str, ...], as_json: bool) -> None:
    """Bring CLIPS back from the trash. Their deliveries go on."""
    back = []
    for clip in chosen:
        back.append(remote.call("clips.restore", clip=clip))
        if not as_json:
            say(f"{back[-1]['name']} is back")
    if as_json:
        say_json(back)


def _meant(remote: Remote, clip: str) -> dict[str, Any]:
    entry: dict[str, Any] = remote.call("clips.show", clip=clip)
    check_meant(clip, entry["clip"])
    return entry


def _to_delete(entry: dict[str, Any]) -> str:
    """A clip that is to be deleted, in words: what it is, and what else there is of it."""
    from appliance.cli import show

    there = [delivery["destination"] for delivery in entry["deliveries"] if delivery["state"] == "delivered"]
    arrived = f"has arrived at {' and '.join(there)}" if there else "has not arrived anywhere"
    return f"{entry['clip']['name']}, {show.summary(entry['clip'])}, which {arrived}"
