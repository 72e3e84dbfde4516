"""When a person is told what: a pure machine over what is known of the box. It waits for nothing and sends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from math import inf
from typing import Any

from attrs import evolve, frozen

from appliance.plugin import Clip, ClockSource, ClockStamp, FaultReport, Seconds, Verdict, counted, duration
from appliance_notify.memory import Memory
from appliance_notify.notes import Kind, Note
from appliance_notify.options import Clips, Rules
from appliance_notify.templates import fill

_DAY = 86_400

_ODD: Mapping[str, str] = {
    Verdict.SILENT: "it is silent",
    Verdict.TOO_QUIET: "it is very quiet",
    Verdict.CLIPPING: "it is too loud",
    Verdict.GAPS: "some of it is missing",
}


def trusted(now: ClockStamp) -> bool:
    """Whether the wall clock may be believed."""
    return now.source is not ClockSource.NONE


def note(kind: Kind, text: str, now: ClockStamp, about: str = "", *, urgent: bool = False, link: str = "") -> Note:
    """What happens now, as a note."""
    at = now.wall_ns / 1e9 if trusted(now) else None
    return Note(kind, text, about, at, now.utc_offset, urgent, link)


# -- clips -------------------------------------------------------------------------------------------------------------


@frozen
class Recorded:
    """A clip, as far as people are told of it; `began` is in seconds since 1970 UTC."""

    id: str
    name: str
    seconds: float
    verdict: str
    began: float

    @classmethod
    def of(cls, clip: Clip) -> "Recorded":
        """From the clip itself."""
        return cls(clip.id, clip.name, clip.seconds, clip.verdict, clip.started.wall_ns / 1e9)

    @classmethod
    def of_plain(cls, clip: Mapping[str, Any]) -> "Recorded":
        """From a clip as `clips.list` tells of it."""
        seconds = clip["frames"] / clip["format"]["rate"]
        return cls(clip["id"], clip["name"], seconds, clip["verdict"], clip["started"]["wall_ns"] / 1e9)


def hear_clip(memory: Memory, rules: Rules, clip: Recorded, now: ClockStamp) -> Memory:
    """Somebody has recorded. What is too short to be delivered is not told of; nor is what was told before."""
    if memory.clips is not None and clip.id in memory.clips:
        return memory
    memory = memory.with_clip(clip.id, clip.began)
    if clip.verdict == Verdict.TOO_SHORT:
        return memory
    memory = evolve(memory, recorded=now.wall_ns / 1e9 if trusted(now) else memory.recorded, silent=False)
    if rules.clips is Clips.NO:
        return memory
    odd = f" ({_ODD[clip.verdict]})" if clip.verdict in _ODD else ""
    link = fill(rules.link, {"id": clip.id, "name": clip.name})
    text = f"{clip.name}, {duration(clip.seconds)}{odd}"
    return memory.with_note(evolve(note(Kind.CLIP, text, now, clip.id, link=link), name=clip.name))


# -- faults ------------------------------------------------------------------------------------------------------------


class Debounced:
    """Which faults have been there, or gone, for long enough to be told of. Times are CLOCK_MONOTONIC in seconds."""

    def __init__(self, patience: Seconds) -> None:
        self._patience = patience
        self._since: dict[tuple[str, bool], float] = {}
        """Since when a fault that is no news has been there, or one that people know of has not."""

    def look(self, present: Iterable[str], told: Iterable[str], now: float) -> tuple[list[str], list[str]]:
        """The faults to be told of, and those whose end is, going by what is there now and what people know of."""
        there, known = list(present), list(told)
        news = [name for name in there if name not in known]
        over = [name for name in known if name not in there]
        changes = [*((name, True) for name in news), *((name, False) for name in over)]
        self._since = {change: self._since.get(change, now) for change in changes}
        due = [change for change in changes if now - self._since[change] >= self._patience]
        return [name for name, came in due if came], [name for name, came in due if not came]

    def due(self, now: float) -> float:
        """Seconds until more of what was seen at the last look is due; infinite where nothing is."""
        left = (since + self._patience - now for since in self._since.values())
        return min((each for each in left if each > 0), default=inf)


def tell_faults(
    memory: Memory, faults: Mapping[str, FaultReport], news: Iterable[str], over: Iterable[str], now: ClockStamp
) -> Memory:
    """Faults that have come, and those that are over. One that is over before anybody was told becomes one line."""
    for name in news:
        fault = faults[name]
        memory = evolve(memory, told={**memory.told, name: fault.message})
        memory = memory.with_note(note(Kind.FAULT, fault.message, now, name, urgent=fault.urgent))
    for name in over:
        words, left = memory.told[name], {key: each for key, each in memory.told.items() if key != name}
        memory = evolve(memory, told=left)
        waiting = tuple(each for each in memory.notes if each.kind is Kind.FAULT and each.about == name)
        if waiting:
            memory = memory.without(waiting)
            since = f" (since {waiting[0].clock})" if waiting[0].clock else ""
            text = f"was wrong{since}, and is over: {words}"
        else:
            text = f"over: {words}"
        memory = memory.with_note(note(Kind.OVER, text, now, name))
    return memory


# -- silence -----------------------------------------------------------------------------------------------------------


def tell_silence(memory: Memory, rules: Rules, now: ClockStamp) -> Memory:
    """Whether nobody has recorded for too long; nothing while no clock tells."""
    if rules.silence is None or not trusted(now):
        return memory
    wall = now.wall_ns / 1e9
    if memory.recorded is None or memory.recorded > wall + _DAY:
        return evolve(memory, recorded=wall)
    quiet = wall - memory.recorded
    if memory.silent or quiet < rules.silence:
        return memory
    text = f"nobody has recorded for {_long(quiet)}. Is the box where people find it, and switched on?"
    return evolve(memory, silent=True).with_note(note(Kind.SILENCE, text, now))


def silence_due(memory: Memory, rules: Rules, now: ClockStamp) -> float:
    """Seconds until silence would be told of."""
    if rules.silence is None or memory.silent or memory.recorded is None or not trusted(now):
        return inf
    return max(0.0, memory.recorded + rules.silence - now.wall_ns / 1e9)


def _long(seconds: float) -> str:
    for least, unit, name in ((3 * _DAY, _DAY, "day"), (7200, 3600, "hour"), (120, 60, "minute")):
        if seconds >= least:
            return counted(int(seconds // unit), name)
    return counted(int(seconds), "second")


# -- the summary of a day ----------------------------------------------------------------------------------------------


def summary_due(memory: Memory, rules: Rules, now: ClockStamp) -> float:
    """Seconds until the next summary; 0 where it is time, infinite where there is none."""
    if rules.daily is None or not trusted(now):
        return inf
    local = _local(now)
    hour, minute = map(int, rules.daily.split(":"))
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if memory.summed_up == f"{local:%Y-%m-%d}":
        today += timedelta(days=1)
    return max(0.0, (today - local).total_seconds())


def summed_up(memory: Memory, now: ClockStamp) -> Memory:
    """Once the summary of today is made."""
    return evolve(memory, summed_up=f"{_local(now):%Y-%m-%d}", summed_up_to=now.wall_ns / 1e9)


def begun(memory: Memory, rules: Rules, now: ClockStamp) -> Memory:
    """A summary whose time was over before there was anybody to make it is none of today."""
    if memory.summed_up or rules.daily is None or not trusted(now) or summary_due(memory, rules, now) > 0:
        return memory
    return summed_up(memory, now)


def summary(clips: Sequence[Mapping[str, str]], room: float, well: str) -> str:
    """The day in words: for each new clip the state of its delivery by destination, the seconds of sound that there is
    room for, and how the box is.
    """
    room_words = f"Room for {_long(room)}." if room >= 1 else "No room for more."
    return f"{_new(clips)} {room_words} {well[:1].upper()}{well[1:]}."


def _new(clips: Sequence[Mapping[str, str]]) -> str:
    if not clips:
        return "No new recording."
    new = f"{counted(len(clips), 'new recording')}, "
    if not any(clips):
        return f"{new}kept on the box alone."
    missing = sum(any(state != "delivered" for state in clip.values()) for clip in clips)
    if missing:
        who = "it has" if len(clips) == 1 else f"{missing} of them {'has' if missing == 1 else 'have'}"
        return f"{new}{who} not arrived everywhere yet."
    if alone := sum(not clip for clip in clips):
        return f"{new}{alone} of them in no other place."
    they = "all " if len(clips) > 1 else ""
    return f"{new}{they}in {counted(min(len(clip) for clip in clips), 'place')}."


def _local(now: ClockStamp) -> datetime:
    return datetime.fromtimestamp(now.wall_ns / 1e9, timezone(timedelta(seconds=now.utc_offset)))
