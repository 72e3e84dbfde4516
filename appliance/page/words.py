"""What the recorder answers, as the page says it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from appliance.circumstances import GREETING_RECORD, Starter, field_text
from appliance.page.languages import _, current, day, number, several
from appliance.page.sentences import sentence
from appliance.phrases import WELL, moment
from appliance.phrases import size as plain_size
from appliance.recipes import ENCRYPTED

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

TOTALS = {
    "delivered": "arrived",
    "sending": "on the way",
    "pending": "waiting",
    "parked": "waiting for a person",
    "cancelled": "called off",
}
"""The same behind a count of clips."""

_DOES = {"idle": "Ready", "recording": "Recording", "paused": "Paused"}

_LENGTHS = (
    ("{count} year", "{count} years", 365.25 * 86_400),
    ("{count} day", "{count} days", 86_400),
    ("{count} hour", "{count} hours", 3600),
    ("{count} minute", "{count} minutes", 60),
)

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
        said = _("Paused at {time}") if status["recorder"] == "paused" else _("Recording {time}")
        return said.format(time=clock(take["seconds"]))
    if playback:
        return _("Playing {title}").format(title=playback["title"])
    return _(_DOES.get(status["recorder"], str(status["recorder"])))


def safety(status: Plain) -> str:
    """How much of what was recorded has arrived where it should be."""
    totals: Counter[str] = Counter()
    for counts in status["deliveries"].values():
        totals.update(counts)
    waiting = sum(number for state, number in totals.items() if state not in ("delivered", "cancelled"))
    if not status["deliveries"] and status["destinations"]:
        return _("Nothing was to be sent yet")
    if not status["deliveries"]:
        return _("Clips are kept on this box alone: no destination is set up")
    if waiting:
        on_the_way = several("{count} delivery on the way", "{count} deliveries on the way", waiting)
        return f"{on_the_way}, " + several("{count} arrived", "{count} arrived", totals["delivered"])
    return _("Everything has arrived") + ": " + several("{count} delivery", "{count} deliveries", totals["delivered"])


def way(sending: Plain) -> str:
    """How far something is on its way."""
    left = sending["seconds_left"]
    done = _("{part} of {whole}").format(part=size(sending["sent"]), whole=size(sending["size"]))
    return done if left is None else f"{done}, " + _("{time} left").format(time=clock(left))


def room(status: Plain) -> str:
    """How much more can be recorded."""
    return _("Room for {time} of sound").format(time=long(status["storage"]["free_seconds"]))


def long(seconds: float) -> str:
    """A long time, roughly: `31 hours`."""
    for one, more, length in _LENGTHS:
        if seconds >= 2 * length:
            return several(one, more, int(seconds / length))
    return several("{count} second", "{count} seconds", int(seconds))


def size(count: int) -> str:
    """A count of bytes, roughly: `1.2 MB`."""
    return number(plain_size(count))


def at(seconds: float) -> str:
    """A moment, by the time of the box, to the minute."""
    moment = datetime.fromtimestamp(seconds)
    return f"{day(moment)} {moment:%H:%M}"


def state(word: str) -> str:
    """How a delivery is, in words."""
    return _(STATES.get(word, word))


def total(word: str) -> str:
    """How so many deliveries are, in words."""
    return _(TOTALS.get(word, word))


def planned(status: Plain) -> Iterator[tuple[str, str]]:
    """What each schedule does now, or does next, by its name."""
    for name, schedule in status.get("schedules", {}).items():
        if schedule["ends"] is not None:
            yield name, _("records until {time}").format(time=at(schedule["ends"]))
        elif schedule["next"]:
            window = schedule["next"][0]
            yield name, _("records next {begin} to {end}").format(begin=at(window["begin"]), end=at(window["end"]))
        else:
            yield name, _("records never within a year")


def listening(status: Plain) -> Iterator[tuple[str, str]]:
    """What each trigger does, by its name."""
    for name, trigger in status.get("triggers", {}).items():
        if trigger["hears"]:
            yield name, _("hears something, and has it recorded")
        elif trigger["listening"]:
            yield name, _("listens: the microphone is open")
        else:
            yield name, _("does not listen now")


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
        "encrypted": found.get("path", "").endswith(ENCRYPTED),
        "heading": clip["title"] or start.strftime("%H:%M:%S"),
        "title": clip["title"],
        "labels": clip["labels"],
        "starred": clip["starred"],
        "approved": clip["approved"],
        "undecided": bool((clip.get("begun") or {}).get("draft")) and clip["verdict"] != "too_short",
        "note": clip["note"],
        "texts": [each for each in clip["texts"] if each["text"]],
        "fields": {name: _field(held) for name, held in clip["fields"].items()},
        "continues": clip["continues"],
        "is_greeting": (clip.get("begun") or {}).get("which") == GREETING_RECORD,
        "of_guest": (clip.get("begun") or {}).get("by") == Starter.GUEST,
        "marks": [(each["offset"] / clip["format"]["rate"], each["label"]) for each in clip["marks"]],
        "day": start.strftime("%Y-%m-%d"),
        "date": day(start),
        "time": start.strftime("%H:%M:%S"),
        "iso": start.isoformat(timespec="seconds"),
        "seconds": clip["frames"] / clip["format"]["rate"],
        "length": clock(clip["frames"] / clip["format"]["rate"]),
        "size": size(clip["size"]),
        "verdict": _(VERDICTS.get(clip["verdict"], str(clip["verdict"]))),
        "gaps": several("{count} gap", "{count} gaps", len(clip["gaps"])) if clip["gaps"] else "",
        "clock": start.year < 2020 or (clip["started"]["source"] == "none" and not clip.get("corrected")),
        "deliveries": [_delivery(each) for each in found["deliveries"]],
    }


def _field(held: object) -> str:
    return (_("yes") if held else _("no")) if isinstance(held, bool) else field_text(held)


def _delivery(delivery: Plain) -> Plain:
    receipt = delivery["receipt"]
    state = str(delivery["state"])
    said = _(STATES.get(state, state))
    if receipt and state == "delivered":
        said = _("has it, byte for byte") if receipt["verified"] else _("says that it has it")
        if receipt["on_own_disk"]:
            said += ", " + _("on the box's own card")
    elif delivery["last_error"]:
        said += f": {sentence(delivery['last_error'])}"
    return {"destination": delivery["destination"], "state": state, "said": said}


def fault(raised: Plain) -> Plain:
    """What the table of faults says of one: its `cause`, and its `next_step` where that says more than the message."""
    from appliance import faults
    from appliance.faultkind import FaultKind

    name, owner = raised["name"].partition(":")[0], raised.get("owner")
    kinds = [each for each in vars(faults).values() if isinstance(each, FaultKind) and each.name == name]
    found = next((each for each in kinds if each.owner == owner), kinds[0] if kinds else None)
    if found is None:
        return {"cause": raised["name"], "next_step": ""}
    step = "" if current().code == "en" else found.next_step
    return {"cause": found.cause, "next_step": step}


def copy(checked: Plain) -> str:
    """What was found where a clip had been delivered to."""
    said = f"{checked['destination']}: {_(FOUND.get(checked['found'], str(checked['found'])))}"
    return f"{said} ({sentence(checked['message'])})" if checked["message"] else said


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
    import csv
    import io

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
