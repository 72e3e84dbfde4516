"""Answers of the appliance as pages for people."""

from collections import Counter
from datetime import datetime
from typing import Any

from appliance.cli.terminal import Painted, Part, entries, say, table, tell
from appliance.control.client import recordings
from appliance.models import Verdict
from appliance.phrases import WELL, counted, duration, moment, size
from appliance.report import Report, ScheduleReport, TriggerReport

Plain = dict[str, Any]

_CLOCKS = {"ntp": "ntp", "rtc": "rtc", "none": "none, it was not set"}
_STATE_STYLES = {
    "parked": "red",
    "pending": "yellow",
    "sending": "cyan",
    "accepted": "green",
    "delivered": "green",
    "cancelled": "dim",
}
"""The worst first."""


def status(report: Report) -> None:
    """The whole box, the most important first."""
    tell(Painted(report.device, "bold"), f": {_doing(report)}")
    for fault in report.faults:
        age = f" (for {duration(max(0.0, report.time - fault.since))})" if fault.since else ""
        _item(Painted("fault", "red"), f" {fault.name}: {fault.message}{age}")
    troubles = [*report.troubles()]
    for trouble in troubles:
        _item(Painted(trouble, "yellow"))
    if report.ok and not troubles:
        _item(Painted(WELL, "green"))
    if report.listening:
        _item(Painted("microphone open", "yellow"), f": the last {duration(report.listening)} are kept in memory")
    if report.microphone:
        _item(f"records in {report.microphone}")
    if report.gain:
        _item(f"gain {report.gain}")
    for name, counts in report.deliveries.items():
        _item(f"{name}: " + ", ".join(f"{count} {state}" for state, count in counts.items() if count))
    for each in report.sending:
        way = f"{size(each.sent)} of {size(each.size)} at {size(each.rate)}/s{_left(each.seconds_left)}"
        _item(f"{each.destination}: {way}")
    gone = "is no longer in the configuration"
    for name, count in report.removed_destinations.items():
        still = "1 clip still waits" if count == 1 else f"{count} clips still wait"
        _item(f"{name} {gone}: {still} for it")
        tell(f"    put it back, or run `appliance clips forget --to {name}`", hang=4)
    for name, count in report.removed_feeds.items():
        _item(f"{name} {gone}: {counted(count, 'message')} of it not heard yet")
    if report.unheard:
        _item(f"{counted(report.unheard, 'message')} not heard yet")
    if report.undecided:
        _item(f"{counted(report.undecided, 'recording')} not decided: `appliance clips list --undecided`")
    for name, schedule in report.schedules.items():
        _item(f"schedule {name}: {_schedule(schedule)}")
    for name, trigger in report.triggers.items():
        _item(f"trigger {name}: {_trigger(trigger)}")
    last = report.last_clip
    if last and last.verdict is Verdict.GAPS:
        lost = duration(last.format.seconds(sum(gap.frames for gap in last.gaps)))
        _item(f"the last clip lacks {lost}: `appliance clips show {last.id}` says why")
    storage = report.storage
    if not report.unknown:
        free = f"{size(storage.free)} free, {size(storage.reserve)} of it in reserve"
        _item(f"room for {duration(storage.free_seconds)} of sound ({free})")
    if storage.warning:
        _item(Painted("warning", "yellow"), f" {storage.warning}")
    _item(Painted(f"version {report.version}, up {duration(report.uptime)}, process {report.pid}", "dim"))


def _item(*words: Part) -> None:
    tell("  ", *words, hang=4)


def _schedule(schedule: ScheduleReport) -> str:
    now = f"on until {_when(schedule.ends)}" if schedule.ends is not None else ""
    following = ", ".join(f"{_when(window.begin)} to {_when(window.end)}" for window in schedule.next)
    return ", ".join(filter(None, (now, f"next {following}" if following else ""))) or "no window within a year"


def _trigger(trigger: TriggerReport) -> str:
    if not trigger.listening:
        return "does not listen now"
    now = "no sound yet" if trigger.level is None else f"{trigger.level:.1f} dBFS now"
    hears = "hears something" if trigger.hears else f"records from {trigger.threshold:.1f} dBFS on"
    return f"listens, {now}, {hears}"


def _when(at: float) -> str:
    """A moment in local time, to the minute."""
    return f"{datetime.fromtimestamp(at):%a %Y-%m-%d %H:%M}"


def _doing(report: Report) -> str:
    take, playback = report.take, report.playback
    if take:
        gaps = f", {counted(take.gaps, 'gap')}" if take.gaps else ""
        return f"{report.recorder} {duration(take.seconds)}, peak {take.peak_dbfs:.1f} dBFS{gaps}"
    if playback:
        about = "about " if playback.estimated else ""
        place = f"{duration(playback.position)} of {about}{duration(playback.seconds)}"
        return f"{report.player} {playback.title}, {place}" + (f": {playback.waits}" if playback.waits else "")
    return report.recorder


def _left(seconds: float | None) -> str:
    return f", {duration(seconds)} left" if seconds is not None else ""


def started(clip: Plain) -> str:
    """When the clip began, in the local time of its box."""
    return _moment(clip.get("corrected") or clip["started"])


def _moment(stamp: Plain) -> str:
    return moment(stamp).strftime("%Y-%m-%d %H:%M:%S")


def _recorded(clip: Plain) -> str:
    """When the clip began, and which clock said so."""
    stamp, corrected = clip["started"], clip.get("corrected")
    if not corrected:
        return f"{_moment(stamp)} (clock: {_CLOCKS[stamp['source']]})"
    source = _CLOCKS[corrected["source"]]
    return f"{_moment(corrected)} (clock: {source}, set later; at the press it said {_moment(stamp)})"


def summary(clip: Plain) -> str:
    """When it was recorded, and how long it is."""
    return f"recorded {_moment(clip['corrected'] or clip['started'])}, {duration(_seconds(clip))} long"


def trashed(entry: Plain) -> str:
    """Since when a clip is in the trash."""
    since = entry["since_ns"]
    return f"deleted {datetime.fromtimestamp(since // 10**9):%Y-%m-%d %H:%M}" if since else "deleted at a time unknown"


def _seconds(clip: Plain) -> float:
    return float(clip["frames"] / clip["format"]["rate"])


def clips(found: list[Plain]) -> None:
    """A line or two for each recording: parts that carry each other on are shown as one."""
    entries(
        (
            parts[0]["clip"]["id"],
            started(parts[0]["clip"]),
            duration(sum(_seconds(part["clip"]) for part in parts)),
            _judged(parts),
            _summary([delivery for part in parts for delivery in part["deliveries"]]),
            said(parts[0]["clip"]),
        )
        for parts in recordings(found, lambda entry: entry["clip"])
    )
    if not found:
        say("no clips")


def _judged(parts: list[Plain]) -> str:
    """What is odd about any of the parts, or that all are well, and how many there are."""
    verdicts = dict.fromkeys(part["clip"]["verdict"] for part in parts)
    words = [verdict for verdict in verdicts if verdict != "ok"] or ["ok"]
    recovered = ", recovered" if any(part["clip"]["recovered"] for part in parts) else ""
    return ", ".join(words) + recovered + (f", {len(parts)} parts" if len(parts) > 1 else "")


def _summary(deliveries: list[Plain]) -> Painted:
    """What became of a clip at all destinations together."""
    states = Counter(_state(delivery) for delivery in deliveries)
    style = next((style for state, style in _STATE_STYLES.items() if states[state]), "yellow")
    if len(deliveries) == 1:
        return Painted(_state(deliveries[0]) + _how_far(deliveries[0]), style)
    return Painted(", ".join(f"{count} {state}" for state, count in states.items()), style)


def _state(delivery: Plain) -> str:
    """In one word; what was delivered is proved to be there, else it was accepted only."""
    state, receipt = str(delivery["state"]), delivery["receipt"]
    return "accepted" if state == "delivered" and receipt and not receipt["verified"] else state


def _how_far(delivery: Plain) -> str:
    sending = delivery["progress"]
    if not (sending and sending["size"]):
        return ""
    return f" {sending['sent'] / sending['size']:.0%}{_left(sending['seconds_left'])}"


def said(clip: Plain) -> str:
    """What a person says of a clip, in short: its star, its title, its labels, and whether it is approved."""
    draft = (clip.get("begun") or {}).get("draft") and clip["verdict"] != Verdict.TOO_SHORT
    told = ["*" * clip["starred"], clip["title"], *_labels(clip)]
    return " ".join(filter(None, (*told, clip["approved"] and "(approved)", draft and "(not decided)")))


def _labels(clip: Plain) -> list[str]:
    return [f"#{label}" for label in clip["labels"]]


def clip(entry: Plain) -> None:
    """Everything about one clip."""
    clip = entry["clip"]
    levels, audio = clip["levels"], clip["format"]
    _line("name", clip["name"])
    if about := said(clip):
        _line("said", about)
    for line in clip["note"].splitlines():
        _line("note", line)
    _line("file", entry["path"])
    _line("recorded", _recorded(clip))
    _line("length", f"{duration(_seconds(clip))}, {size(clip['size'])}")
    _line("format", f"{audio['rate']} Hz {audio['sample']}, {counted(audio['channels'], 'channel')}")
    _line("levels", f"peak {levels['peak_dbfs']:.1f} dBFS, RMS {levels['rms_dbfs']:.1f} dBFS")
    _line("", f"{levels['clipped']:.2%} clipped, {levels['silent']:.2%} digital silence")
    _line("verdict", clip["verdict"] + (", recovered after a power cut or crash" if clip["recovered"] else ""))
    if clip["continues"]:
        _line("continues", f"clip {clip['continues']}")
    if clip["drift_ppm"] is not None:
        _line("crystal", f"{clip['drift_ppm']:+.1f} ppm")
    for gap in clip["gaps"]:
        lost, uncertainty = (duration(gap[frames] / audio["rate"]) for frames in ("frames", "uncertainty"))
        filled = "filled with silence" if gap["filled"] else "not filled"
        _line("gap", f"{_at(gap, audio)}: {lost} lost, give or take {uncertainty}, {gap['cause']}, {filled}")
    for mark in clip["marks"]:
        _line("mark", _at(mark, audio) + (f": {mark['label']}" if mark.get("label") else ""))
    for pause in clip["pauses"]:
        _line("pause", f"{_at(pause, audio)}: {duration(pause['seconds'])}")
    for delivery in entry["deliveries"]:
        state = _state(delivery)
        style = _STATE_STYLES.get(state, "yellow")
        attempts = counted(delivery["attempts"], "attempt")
        _line("delivery", f"{delivery['destination']}: ", Painted(state, style), f"{_how_far(delivery)}, {attempts}")
        if receipt := delivery["receipt"]:
            checksum = f", {receipt['algorithm']} {receipt['checksum']}" if receipt["checksum"] else ""
            _line("", f"receipt: {receipt['remote_name']}, {size(receipt['size'])}{checksum}")
        elif delivery["last_error"]:
            _line("", delivery["last_error"])


def _line(name: str, *words: Part) -> None:
    tell(Painted(f"{name:9} ", "dim"), *words, hang=10)


def _at(thing: Plain, audio: Plain) -> str:
    return f"at {duration(thing['offset'] / audio['rate'])}"


def tracks(found: list[Plain]) -> None:
    """The inbox."""
    if not found:
        say("the inbox is empty")
        return
    table(
        ("track", "feed", "heard", "size", "title"),
        ((str(track["id"]), track["feed"], _heard(track), size(track["size"]), track["title"]) for track in found),
    )


def _heard(track: Plain) -> str:
    return "cannot be played" if track.get("unplayable") else "yes" if track["played"] else "no"


def cards(found: list[Plain]) -> None:
    """Sound cards with the words that choose them."""
    if not found:
        say("no sound card is plugged in")
        return
    table(
        ("card", "microphone", "speaker", "device words"),
        ((card["name"], card["capture"], card["playback"], "  ".join(card["words"])) for card in found),
    )


def plugins(found: list[Plain]) -> None:
    """Plugins and how they are."""
    table(
        ("plugin", "from", "state", "brings", "message"),
        (
            (
                plugin["name"],
                f"{plugin['distribution']} {plugin['version']}".strip(),
                plugin["state"],
                ", ".join(plugin["backends"]),
                plugin["message"],
            )
            for plugin in found
        ),
    )
