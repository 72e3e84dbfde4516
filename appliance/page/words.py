"""What the recorder answers, as the page says it."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from appliance.describe import WELL, counted, moment, size

Plain = dict[str, Any]

VERDICTS = {
    "ok": "",
    "silent": "Nothing can be heard",
    "too_quiet": "Very quiet",
    "clipping": "Too loud: distorted",
    "too_short": "Very short",
    "gaps": "Something is missing",
}
"""What a verdict means for somebody who listens; one that is not here is shown as it is."""

STATES = {
    "delivered": "has it",
    "sending": "being sent",
    "pending": "waits",
    "parked": "waits for a person",
    "cancelled": "was called off",
}

FOUND = {
    "ok": "is as it was",
    "there": "is there, of the right size",
    "missing": "is missing",
    "different": "is another one now",
    "unknown": "cannot be looked at",
    "failed": "did not answer as it should",
}
"""What was found where a clip had been delivered to; what is not here is said as it is."""


def is_well(status: Plain) -> bool:
    """Whether the report has nothing to tell but that."""
    return bool(status["summary"] == WELL)


def doing(status: Plain) -> str:
    """What the box does, in a few words."""
    take, playback = status["take"], status["playback"]
    if take:
        state = "Paused at" if status["recorder"] == "paused" else "Recording"
        return f"{state} {clock(take['seconds'])}"
    if playback:
        return f"Playing {playback['title']}"
    return "Ready" if status["recorder"] == "idle" else str(status["recorder"]).capitalize()


def safety(status: Plain) -> str:
    """How much of what was recorded has arrived where it should be."""
    totals: Counter[str] = Counter()
    for counts in status["deliveries"].values():
        totals.update(counts)
    waiting = sum(number for state, number in totals.items() if state not in ("delivered", "cancelled"))
    if not status["deliveries"]:
        return "Clips are kept on this box alone: no destination is set up"
    if waiting:
        return f"{counted(waiting, 'delivery', 'deliveries')} on the way, {totals['delivered']} arrived"
    return f"Everything has arrived: {counted(totals['delivered'], 'delivery', 'deliveries')}"


def way(sending: Plain) -> str:
    """How far something is on its way."""
    left = sending["seconds_left"]
    done = f"{size(sending['sent'])} of {size(sending['size'])}"
    return done if left is None else f"{done}, {clock(left)} left"


def room(status: Plain) -> str:
    """How much more can be recorded."""
    return f"Room for {long(status['storage']['free_seconds'])} of sound"


def long(seconds: float) -> str:
    """A long time, roughly: `31 hours`."""
    for unit, length in (("year", 365.25 * 86_400), ("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return counted(int(seconds / length), unit)
    return counted(int(seconds), "second")


def clock(seconds: float) -> str:
    """`0:42`, `12:03`, `1:02:09`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def iso(seconds: float) -> str:
    """A moment, by the time of the box (RFC 3339)."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def began(clip: Plain) -> datetime:
    """When a clip began, as far as is known by now."""
    return moment(clip.get("corrected") or clip["started"])


def entry(found: Plain) -> Plain:
    """A clip as a page shows it."""
    clip, start = found["clip"], began(found["clip"])
    return {
        "id": clip["id"],
        "name": clip["name"],
        "heading": clip["title"] or start.strftime("%H:%M:%S"),
        "title": clip["title"],
        "labels": clip["labels"],
        "starred": clip["starred"],
        "note": clip["note"],
        "continues": clip["continues"],
        "marks": [each["offset"] / clip["format"]["rate"] for each in clip["marks"]],
        "day": start.strftime("%Y-%m-%d"),
        "time": start.strftime("%H:%M:%S"),
        "iso": start.isoformat(timespec="seconds"),
        "seconds": clip["frames"] / clip["format"]["rate"],
        "length": clock(clip["frames"] / clip["format"]["rate"]),
        "size": size(clip["size"]),
        "verdict": VERDICTS.get(clip["verdict"], clip["verdict"]),
        "gaps": counted(len(clip["gaps"]), "gap") if clip["gaps"] else "",
        "clock": start.year < 2020 or (clip["started"]["source"] == "none" and not clip.get("corrected")),
        "deliveries": [_delivery(each) for each in found["deliveries"]],
    }


def _delivery(delivery: Plain) -> Plain:
    receipt = delivery["receipt"]
    state = str(delivery["state"])
    said = STATES.get(state, state)
    if receipt and state == "delivered":
        said = "has it, byte for byte" if receipt["verified"] else "says that it has it"
        if receipt["on_own_disk"]:
            said += ", on the box's own card"
    elif delivery["last_error"]:
        said += f": {delivery['last_error']}"
    return {"destination": delivery["destination"], "state": state, "said": said}


def copy(checked: Plain) -> str:
    """What was found where a clip had been delivered to."""
    said = f"{checked['destination']}: {FOUND.get(checked['found'], checked['found'])}"
    return f"{said} ({checked['message']})" if checked["message"] else said


def track(found: Plain) -> Plain:
    """A message as a page shows it."""
    return {
        "id": found["id"],
        "title": found["title"],
        "feed": found["feed"],
        "path": found["path"],
        "size": size(found["size"]),
        "heard": found["played"],
        "broken": found["unplayable"],
    }


def table(found: Iterable[Plain], names: Iterable[str]) -> bytes:
    """Clips, whose files have these names, as CSV (RFC 4180), one a line.

    No cell begins as a formula would: spreadsheets would run it.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    columns = ["file", "title", "labels", "star", "note"]
    writer.writerow([*columns, "started", "seconds", "bytes", "verdict", "gaps", "arrived at"])
    for name, each in zip(names, found, strict=True):
        clip = each["clip"]
        arrived = " ".join(one["destination"] for one in each["deliveries"] if one["state"] == "delivered")
        row = [name, clip["title"], ", ".join(clip["labels"]), "*" * clip["starred"], clip["note"]]
        row += [began(clip).isoformat(timespec="seconds")]
        row += [f"{clip['frames'] / clip['format']['rate']:.3f}", str(clip["size"]), clip["verdict"]]
        writer.writerow([_cell(cell) for cell in (*row, str(len(clip["gaps"])), arrived)])
    return text.getvalue().encode()


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
