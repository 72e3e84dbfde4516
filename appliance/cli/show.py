"""Answers of the appliance as tables for people. The only module that imports rich.

What the appliance, a server or a person has named may hold brackets, which rich would take for its markup.
"""

from datetime import datetime, timedelta, timezone
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from appliance.describe import counted, duration, size

Plain = dict[str, Any]

_CLOCKS = {"ntp": "ntp", "rtc": "rtc", "none": "none, it was not set"}
_RESULT_STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}
_STATE_STYLES = {"delivered": "green", "sending": "cyan", "parked": "red", "cancelled": "dim"}


def status(answer: Plain) -> None:
    """The whole box, the most important first."""
    console = Console(emoji=False, highlight=False)
    console.print(f"[bold]{escape(answer['device'])}[/]: {escape(_doing(answer))}")
    for fault in answer["faults"]:
        console.print(f"  [red]fault[/] {escape(fault['name'])}: {escape(fault['message'])}")
    if not answer["faults"]:
        console.print("  [green]nothing is wrong[/]")
    for name, counts in answer["deliveries"].items():
        console.print(f"  {name}: " + ", ".join(f"{count} {state}" for state, count in counts.items() if count))
    for sending in answer["sending"]:
        console.print(f"  {sending['destination']}: {_progress(sending)}")
    if answer["unheard"]:
        console.print(f"  {counted(answer['unheard'], 'message')} not heard yet")
    storage = answer["storage"]
    reserve = f"{size(storage['reserve'])} of it in reserve"
    console.print(f"  room for {duration(storage['free_seconds'])} of sound ({size(storage['free'])} free, {reserve})")
    if storage["warning"]:
        console.print(f"  [yellow]warning[/] {escape(storage['warning'])}")
    console.print(f"  [dim]version {answer['version']}, up {duration(answer['uptime'])}, process {answer['pid']}[/]")


def _doing(answer: Plain) -> str:
    take, playback = answer["take"], answer["playback"]
    if take:
        gaps = f", {counted(take['gaps'], 'gap')}" if take["gaps"] else ""
        return f"{answer['recorder']} {duration(take['seconds'])}, peak {take['peak_dbfs']:.1f} dBFS{gaps}"
    if playback:
        place = f"{duration(playback['position'])} of {duration(playback['seconds'])}"
        return f"{answer['player']} {playback['title']}, {place}"
    return "idle" if answer["recorder"] == "idle" else str(answer["recorder"])


def _progress(sending: Plain) -> str:
    return f"{size(sending['sent'])} of {size(sending['size'])} at {size(sending['rate'])}/s{_left(sending)}"


def _left(sending: Plain) -> str:
    return f", {duration(sending['seconds_left'])} left" if sending["seconds_left"] is not None else ""


def started(clip: Plain) -> str:
    """When the clip began, in the local time of its box."""
    return _moment(clip.get("corrected") or clip["started"])


def _moment(stamp: Plain) -> str:
    zone = timezone(timedelta(seconds=stamp["utc_offset"]))
    return datetime.fromtimestamp(stamp["wall_ns"] / 1e9, zone).strftime("%Y-%m-%d %H:%M:%S")


def _recorded(clip: Plain) -> str:
    """When the clip began, and which clock said so."""
    stamp, corrected = clip["started"], clip.get("corrected")
    if not corrected:
        return f"{_moment(stamp)} (clock: {_CLOCKS[stamp['source']]})"
    source = _CLOCKS[corrected["source"]]
    return f"{_moment(corrected)} (clock: {source}, set later; at the press it said {_moment(stamp)})"


def _seconds(clip: Plain) -> float:
    return float(clip["frames"] / clip["format"]["rate"])


def clips(found: list[Plain]) -> None:
    """One clip a row, a line in it for each destination."""
    table = Table("id", "recorded", "length", "peak dBFS", "gaps", "verdict", "deliveries")
    for entry in found:
        clip = entry["clip"]
        table.add_row(
            clip["id"],
            started(clip),
            duration(_seconds(clip)),
            f"{clip['levels']['peak_dbfs']:.1f}",
            str(len(clip["gaps"])),
            escape(clip["verdict"]) + (", recovered" if clip["recovered"] else ""),
            "\n".join(_delivery(delivery) for delivery in entry["deliveries"]),
        )
    Console(emoji=False, highlight=False).print(table if found else "no clips")


def _delivery(delivery: Plain) -> str:
    state = delivery["state"]
    style = _STATE_STYLES.get(state, "yellow")
    verified = " (verified)" if (delivery["receipt"] or {}).get("verified") else ""
    sending = delivery["progress"]
    progress = f" {sending['sent'] / sending['size']:.0%}{_left(sending)}" if sending and sending["size"] else ""
    return f"{delivery['destination']}: [{style}]{escape(state)}[/]{verified}{progress}"


def clip(entry: Plain) -> None:
    """Everything about one clip."""
    console = Console(emoji=False, highlight=False)
    clip = entry["clip"]
    levels, audio = clip["levels"], clip["format"]
    table = Table(show_header=False, box=None)
    table.add_row("name", escape(clip["name"]))
    table.add_row("file", escape(entry["path"]))
    table.add_row("recorded", _recorded(clip))
    table.add_row("length", f"{duration(_seconds(clip))}, {counted(clip['frames'], 'frame')}, {size(clip['size'])}")
    table.add_row("format", f"{audio['rate']} Hz {audio['sample']}, {counted(audio['channels'], 'channel')}")
    table.add_row("levels", f"peak {levels['peak_dbfs']:.1f} dBFS, RMS {levels['rms_dbfs']:.1f} dBFS")
    table.add_row("", f"{levels['clipped']:.2%} clipped, {levels['silent']:.2%} digital silence")
    table.add_row(
        "verdict", escape(clip["verdict"]) + (", recovered after a power cut or crash" if clip["recovered"] else "")
    )
    if clip["continues"]:
        table.add_row("continues", f"clip {clip['continues']}, which ended when another microphone was plugged in")
    if clip["drift_ppm"] is not None:
        table.add_row("crystal", f"{clip['drift_ppm']:+.1f} ppm")
    for gap in clip["gaps"]:
        filled = "filled with silence" if gap["filled"] else "not filled"
        table.add_row(
            "gap", f"{_at(gap, audio)}: {gap['frames']} ± {gap['uncertainty']} frames, {gap['cause']}, {filled}"
        )
    for mark in clip["marks"]:
        table.add_row("mark", _at(mark, audio))
    for pause in clip["pauses"]:
        table.add_row("pause", f"{_at(pause, audio)}: {duration(pause['seconds'])}")
    for delivery in entry["deliveries"]:
        table.add_row("delivery", _delivery(delivery) + f", {counted(delivery['attempts'], 'attempt')}")
        if receipt := delivery["receipt"]:
            checksum = f", {receipt['algorithm']} {receipt['checksum']}" if receipt["checksum"] else ""
            table.add_row("", escape(f"receipt: {receipt['remote_name']}, {size(receipt['size'])}{checksum}"))
        elif delivery["last_error"]:
            table.add_row("", escape(delivery["last_error"]))
    console.print(table)


def _at(thing: Plain, audio: Plain) -> str:
    return f"at {duration(thing['offset'] / audio['rate'])} (frame {thing['offset']})"


def tracks(found: list[Plain]) -> None:
    """The inbox."""
    table = Table("track", "feed", "title", "size", "heard")
    for track in found:
        heard = "cannot be played" if track.get("unplayable") else "yes" if track["played"] else "no"
        table.add_row(str(track.get("id", "")), track["feed"], track["title"], size(track["size"]), heard)
    Console(emoji=False, highlight=False, markup=False).print(table if found else "the inbox is empty")


def cards(found: list[Plain]) -> None:
    """Sound cards with the words that choose them."""
    table = Table("card", "device words", "microphone", "speaker")
    for card in found:
        table.add_row(card["name"], "\n".join(card["words"]), card["capture"], card["playback"])
    Console(emoji=False, highlight=False, markup=False).print(table if found else "no sound card is plugged in")


def plugins(found: list[Plain]) -> None:
    """Plugins and how they are."""
    table = Table("plugin", "from", "state", "brings", "message")
    for plugin in found:
        source = f"{plugin['distribution']} {plugin['version']}".strip()
        table.add_row(plugin["name"], source, plugin["state"], ", ".join(plugin["backends"]), plugin["message"])
    Console(emoji=False, highlight=False, markup=False).print(table)


def examination(step: Plain) -> None:
    """One step of the doctor: a finding with its next step, or a prompt."""
    grid = Table.grid(padding=(0, 1))
    if "prompt" in step:
        grid.add_row("[dim]....[/]", escape(step["prompt"]))
    else:
        style = _RESULT_STYLES[step["result"]]
        grid.add_row(f"[{style}]{step['result']}[/]", f"[bold]{escape(step['name'])}[/]: {escape(step['words'])}")
        for line in step["next_step"].splitlines():
            grid.add_row("", escape(line))
    Console(emoji=False, highlight=False).print(grid)
