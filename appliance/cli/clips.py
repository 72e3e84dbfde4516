"""`appliance clips`: finished takes and their deliveries."""

import re
import sys
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import click

from appliance.cli import joining, said, trashing
from appliance.cli.remote import Remote, pass_remote
from appliance.cli.searching import search_options
from appliance.cli.terminal import Progress, json_option, say, say_json
from appliance.cli.verbs import Verbs
from appliance.cli.withdraw import withdraw
from appliance.errors import DeliveryError, StorageError
from appliance.phrases import counted, size

_AGO = re.compile(r"([0-9]{1,30})([mhdw])")
_EARLIEST, _LATEST = -(1 << 63), (1 << 63) - 1
"""In nanoseconds since 1970 UTC; no clip is from before or after."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """`2026-11-22`, `2026-11-22T14:30`, or how long ago, `90m`, `12h`, `7d`, as nanoseconds since 1970 UTC."""
    if value is None:
        return None
    try:
        ago = _AGO.fullmatch(value)
        moment = datetime.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])}) if ago else datetime.fromisoformat(value)
    except OverflowError:
        return _EARLIEST
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a time. Say 2026-11-22, 2026-11-22T14:30, 12h or 7d") from error
    try:
        return min(max(round(moment.timestamp() * 1e9), _EARLIEST), _LATEST)
    except ValueError:  # the year 1, which is the year 0 somewhere on earth
        return _EARLIEST


since_option = click.option(
    "--since", metavar="WHEN", callback=_moment, help="From then on: 2026-11-22, 2026-11-22T14:30, 12h, 7d."
)
until_option = click.option("--until", metavar="WHEN", callback=_moment, help="Up to then.")


clips = Verbs("clips", "Clips: list, show, title, export, join, deliver, retry, forget, verify, delete.", "clips")
clips.add_command(withdraw)


for _command in (
    joining.join_,
    trashing.delete,
    trashing.trash,
    trashing.restore,
    said.title,
    said.label,
    said.labels,
    said.star,
    said.approve,
    said.keep,
    said.note,
    said.mark,
    said.unmark,
):
    clips.add_command(_command)


@clips.command("list")
@since_option
@until_option
@search_options
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many on a page.")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="The page; older clips follow.")
@json_option
@pass_remote
def list_(
    remote: Remote, /, since: int | None, until: int | None, limit: int, page: int, as_json: bool, **wanted: Any
) -> None:
    """List clips, newest first."""
    last = limit * page
    found = list(islice(remote.clips(since, until, last + 1, **wanted), last - limit, None))
    more, found = len(found) > limit, found[:limit]
    if as_json:
        say_json(found)
        return
    from appliance.cli import show

    show.clips(found)
    if not more:
        return
    if any(wanted.values()):
        say(f"there are more: --page {page + 1}")
    else:
        left = remote.call("clips.count", since_ns=since, until_ns=until) - last
        say(f"{counted(left, 'more clip')}: --page {page + 1}, or --limit {last + left} for all")


@clips.command("show")
@click.argument("clip")
@json_option
@pass_remote
def show_(remote: Remote, clip: str, as_json: bool) -> None:
    """Show everything about CLIP (its id, the beginning of it, or its name)."""
    found = remote.call("clips.show", clip=clip)
    if as_json:
        say_json(found)
    else:
        from appliance.cli import show

        show.clip(found)


@clips.command("export")
@since_option
@until_option
@click.option(
    "--to", "target", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to copy to."
)
@json_option
@pass_remote
def export_(remote: Remote, since: int | None, until: int | None, target: Path, as_json: bool) -> None:
    """Copy clips and their metadata to a folder, compare and sync them. The same bytes there already are let be."""
    from appliance.cli.export import COPIED, FAILED, MENDED, THERE, export

    def tell(name: str, outcome: str) -> None:
        if outcome in (MENDED, FAILED) or (outcome == COPIED and sys.stdout.isatty()):
            say(f"{name}: {outcome}", error=outcome == FAILED)

    with Progress() as progress:
        outcomes = export(
            remote.clips(since, until),
            target,
            tell,
            lambda name, copied, whole: progress.tell(f"{name}: {size(copied)} of {size(whole)}"),
        )
    copied, there = outcomes[COPIED] + outcomes[MENDED], outcomes[THERE]
    if as_json:
        say_json({"copied": copied, "there": there, "failed": outcomes[FAILED]})
    else:
        say(f"{counted(copied, 'clip')} copied to {target}, {counted(there, 'was', 'were')} there already")
    if failed := outcomes[FAILED]:
        raise StorageError(
            f"{counted(failed, 'clip')} could not be read here and {'is' if failed == 1 else 'are'} not in {target}: "
            "see `appliance status`, and whether you may read the folder of the clips"
        )


@clips.command()
@click.argument("chosen", metavar="[CLIPS]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every clip.")
@click.option("--to", "destination", required=True, help="Name of the destination.")
@json_option
@pass_remote
def deliver(remote: Remote, chosen: tuple[str, ...], everything: bool, destination: str, as_json: bool) -> None:
    """Queue CLIPS for a destination that does not have them yet."""
    if bool(chosen) == everything:
        raise click.UsageError("name clips, or say --all")
    queued = remote.call("clips.deliver", clips=None if everything else list(chosen), to=destination)
    if as_json:
        say_json({"queued": queued})
    else:
        said = f"{counted(queued, 'clip')} queued for {destination}"
        say(said if queued else f"{said}: whatever goes there is there, or waits already")
        if queued:
            from appliance.cli.following import until_delivered

            until_delivered(remote, destination)


@clips.command()
@click.argument("clip", required=False)
@click.option("--to", "destination", help="Only this destination.")
@json_option
@pass_remote
def retry(remote: Remote, clip: str | None, destination: str | None, as_json: bool) -> None:
    """Try again now what waits or is parked."""
    count = remote.call("clips.retry", clip=clip, to=destination)
    if as_json:
        say_json({"tried": count})
    else:
        say(f"{counted(count, 'delivery', 'deliveries')} tried again")


@clips.command()
@click.option("--to", "destination", required=True, help="Name of the destination.")
@json_option
@pass_remote
def forget(remote: Remote, destination: str, as_json: bool) -> None:
    """Let no clip wait for a destination any more that is not in the configuration. The clips stay."""
    count = remote.call("clips.forget", to=destination)
    if as_json:
        say_json({"forgotten": count})
    else:
        say(f"{counted(count, 'clip')} {'waits' if count == 1 else 'wait'} for {destination} no more")


@clips.command()
@click.argument("chosen", metavar="[CLIPS]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every clip, those deleted on this box included.")
@click.option("--to", "destination", help="Only this destination.")
@click.option("--resend", is_flag=True, help="Queue what is missing or different again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@pass_remote
def verify(
    remote: Remote, chosen: tuple[str, ...], everything: bool, destination: str | None, resend: bool, as_json: bool
) -> None:
    """Look again at what destinations have of CLIPS.

    Each copy is ok, there (of the right size, no more to be proved), missing, different, unknown (the destination
    cannot be asked) or failed (it did not answer as it should). A copy that is lost no longer lets its clip be deleted
    here.
    """
    if bool(chosen) == everything:
        raise click.UsageError("name clips, or say --all")
    found: Counter[str] = Counter()
    clips = None if everything else list(chosen)
    with Progress() as progress:
        progress.tell("looking at what is there")
        for checked in remote.stream("clips.verify", clips=clips, to=destination, resend=resend):
            found[checked["found"]] += 1
            say_json(checked, None) if as_json else say(_checked(checked))
            progress.tell(f"{counted(found.total(), 'copy', 'copies')} looked at")
    copies = counted(found.total(), "copy", "copies")
    if not as_json:
        say(f"{copies}: " + (", ".join(f"{found[word]} {word}" for word in found) or "none"))
    if bad := found["missing"] + found["different"] + found["failed"]:
        advice = "" if resend else ". `appliance clips verify --resend` queues what is missing or different again"
        raise DeliveryError(f"not known to be good: {bad} of {copies}{advice}")


def _checked(checked: dict[str, Any]) -> str:
    message = f" ({checked['message']})" if checked["message"] else ""
    resent = ", sent again" if checked["resent"] else ""
    return f"{checked['found']:9} {checked['destination']}: {checked['remote_name']}{message}{resent}"
