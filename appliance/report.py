"""How the box is, as one value whose every field is described.

It is what `appliance status --json` prints, a heartbeat posts, services get from `house.report()` and systemd shows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import Factory

from appliance.circumstances import Gain
from appliance.codec import to_plain
from appliance.events import DeliveryProgress
from appliance.machine import Player, Recorder
from appliance.models import AudioFormat, Clip, DeliveryState
from appliance.phrases import WELL, counted, duration
from appliance.quantities import Kind, told
from appliance.status import PlaybackStatus, TakeStatus
from appliance.values import frozen

VERSION = 1
"""Grows when something is told otherwise than before, and not when more is told."""


@frozen(kw_only=True)
class FaultReport:
    """What a person should know until it is over."""

    name: str = told("", "Its name in the table of faults, with whom it concerns after a colon", Kind.TEXT)
    message: str = told("", "What is wrong, why, and what to do", Kind.TEXT)
    urgent: bool = told(False, "Whether nothing can be recorded, or what is will not last", Kind.FLAG)
    owner: str = told("", "The part of the box that raised it", Kind.TEXT)
    since: float | None = told(None, "When it began", Kind.TIME)


@frozen(kw_only=True)
class ContactReport:
    """How attempts to reach the world outside go."""

    failures: int = told(0, "Failed attempts since the last that went well", Kind.GAUGE, "attempts")
    failing_since: float | None = told(None, "When the first of them was", Kind.TIME)
    last_error: str = told("", "Why the last one failed, while that still counts", Kind.TEXT)
    next_try: float | None = told(None, "How long until the next one; null where none is due", Kind.GAUGE, "s")

    @property
    def trouble(self) -> str:
        """What keeps it from its work, and until when; empty for nothing."""
        if self.last_error.endswith((".", "?", "!")):
            return f"{self.last_error} {self._again.capitalize()}"
        return f"{self.last_error}, {self._again}" if self.last_error else ""

    @property
    def _again(self) -> str:
        if self.next_try is None:
            return "not tried again by itself"
        if self.next_try < 1:
            return "trying again now"
        return f"next try in {duration(self.next_try) if self.next_try >= 60 else f'{self.next_try:.0f} s'}"


@frozen(kw_only=True)
class DestinationReport(ContactReport):
    """A destination of the configuration."""

    waiting: int = told(0, "Clips that are on their way, or wait to be sent", Kind.GAUGE, "clips")
    parked: int = told(0, "Clips that are not sent before a person has acted", Kind.GAUGE, "clips")
    oldest_waiting: float | None = told(
        None, "How long ago the oldest clip began that has not arrived; null where no clock tells", Kind.GAUGE, "s"
    )


@frozen(kw_only=True)
class FeedReport(ContactReport):
    """A feed of the configuration."""

    unheard: int = told(0, "Messages of it that nobody has heard yet", Kind.GAUGE, "messages")
    pulls: int = told(0, "Pulls that have ended since its configuration was read", Kind.COUNTER)


@frozen(kw_only=True)
class StorageReport:
    """The disk that recordings are kept on."""

    free: int = told(0, "What may still be written", Kind.GAUGE, "bytes")
    total: int = told(0, "The size of the disk", Kind.GAUGE, "bytes")
    free_files: int | None = told(
        None, "How many more files may be made (inodes); null where that is not counted", Kind.GAUGE, "files"
    )
    free_seconds: float = told(0, "How much sound that is", Kind.GAUGE, "s")
    reserve: int = told(0, "What is kept free", Kind.GAUGE, "bytes")
    full_in_days: float | None = told(None, "Until it is full at the pace of the last week", Kind.GAUGE, "days")
    warning: str = told("", "Why clips can never make room; empty where they can", Kind.TEXT)


@frozen(kw_only=True)
class WindowReport:
    """A time in which a schedule records."""

    begin: float = told(0.0, "When it begins", Kind.TIME)
    end: float = told(0.0, "When it ends", Kind.TIME)


@frozen(kw_only=True)
class ScheduleReport:
    """A schedule of the configuration."""

    on: bool = told(False, "Whether it is on now", Kind.FLAG)
    ends: float | None = told(None, "When that ends; null where it is not on", Kind.TIME)
    next: tuple[WindowReport, ...] = told((), "Its next windows, three at most", Kind.OBJECT)


@frozen(kw_only=True)
class TriggerReport:
    """A trigger of the configuration."""

    listening: bool = told(False, "Whether it has the microphone open now", Kind.FLAG)
    hears: bool = told(False, "Whether it hears something", Kind.FLAG)
    level: float | None = told(
        None,
        "How loud it was for it within the last quarter of a second; null while nobody listens",
        Kind.GAUGE,
        "dBFS",
    )
    threshold: float = told(0.0, "How loud it must be now", Kind.GAUGE, "dBFS")


def _is_well(report: "Report") -> bool:
    return not (report.faults or report.unknown)


def _summary(report: "Report") -> str:
    troubles = [fault.message for fault in sorted(report.faults, key=lambda fault: not fault.urgent)]
    first, *more = troubles or [*report.troubles()] or [WELL]
    return f"{first} (and {len(more)} more)" if more else first


@frozen(kw_only=True)
class Report:
    """The whole box."""

    report_version: int = told(VERSION, "The version of this description", Kind.STATE)
    device: str = told("", "The name of the box", Kind.TEXT)
    version: str = told("", "The release of the appliance", Kind.TEXT)
    time: float = told(0.0, "When this was found out", Kind.TIME)
    pid: int = told(0, "The number of the process", Kind.STATE)
    turn: int = told(1, "Configurations that the process has taken, with the first", Kind.COUNTER)
    uptime: float = told(0.0, "How long the process has been running", Kind.GAUGE, "s")
    recorder: Recorder = told(Recorder.IDLE, "What the recorder does: idle, recording, paused", Kind.STATE)
    player: Player = told(Player.STOPPED, "What the player does: stopped, playing, paused", Kind.STATE)
    take: TakeStatus | None = told(None, "The take in progress", Kind.OBJECT)
    recording_id: str | None = told(
        None,
        "The take that the recording in progress began with: as `take_id`, it names whatever has carried it on, too",
        Kind.TEXT,
    )
    playback: PlaybackStatus | None = told(None, "What plays", Kind.OBJECT)
    microphone: AudioFormat | None = told(
        None, "What the next take will be recorded in, where that is known", Kind.OBJECT
    )
    gain: Gain | None = told(
        None, "How the mixer of the sound card turns the microphone; null where it has none, or is away", Kind.OBJECT
    )
    listening: float = told(
        0.0,
        "How much sound is kept in memory while nothing is recorded; 0 where the microphone is closed",
        Kind.GAUGE,
        "s",
    )
    last_clip: Clip | None = told(None, "The clip made last", Kind.OBJECT)
    sending: tuple[DeliveryProgress, ...] = told((), "What is being sent", Kind.OBJECT)
    waiting: int = told(0, "Deliveries to be made, to all destinations", Kind.GAUGE, "deliveries")
    oldest_waiting: float | None = told(
        None, "How long ago the oldest clip began that has not arrived; null where no clock tells", Kind.GAUGE, "s"
    )
    unheard: int = told(0, "Messages that nobody has heard yet", Kind.GAUGE, "messages")
    undecided: int = told(
        0,
        "Stories of a booth, and new greetings, that somebody has still to keep or to delete, before they go anywhere",
        Kind.GAUGE,
        "clips",
    )
    volume: int | None = told(None, "The volume of the player", Kind.GAUGE, "%")
    rate: float = told(1.0, "How fast the player plays", Kind.GAUGE, "times the recorded speed")
    faults: tuple[FaultReport, ...] = told((), "What a person should know", Kind.OBJECT)
    deliveries: Mapping[str, Mapping[DeliveryState, int]] = told(
        dict, "For each destination, how many clips are in which state", Kind.GAUGE, "clips"
    )
    destinations: Mapping[str, DestinationReport] = told(dict, "The destinations of the configuration", Kind.OBJECT)
    feeds: Mapping[str, FeedReport] = told(dict, "The feeds of the configuration", Kind.OBJECT)
    removed_destinations: Mapping[str, int] = told(
        dict, "Destinations no longer in the configuration, with how many clips wait for them", Kind.GAUGE, "clips"
    )
    removed_feeds: Mapping[str, int] = told(
        dict, "Feeds no longer in the configuration, with how many messages nobody has heard", Kind.GAUGE, "messages"
    )
    schedules: Mapping[str, ScheduleReport] = told(dict, "The schedules of the configuration", Kind.OBJECT)
    triggers: Mapping[str, TriggerReport] = told(dict, "The triggers of the configuration", Kind.OBJECT)
    storage: StorageReport = told(StorageReport, "The disk that recordings are kept on", Kind.OBJECT)
    unknown: str = told("", "Why destinations, feeds and disk are not known now; empty where they are", Kind.TEXT)
    ok: bool = told(Factory(_is_well, takes_self=True), "Whether there is no fault, and nothing unknown", Kind.FLAG)
    summary: str = told(Factory(_summary, takes_self=True), "The most important of it, in words", Kind.TEXT)

    def troubles(self) -> Iterator[str]:
        """What is not known, and work that fails, in words, each with the next try."""
        if self.unknown:
            yield f"not all is known: {self.unknown}"
        for name, destination in self.destinations.items():
            if destination.waiting and destination.trouble:
                waiting = counted(destination.waiting, "clip")
                yield f"{waiting} {'waits' if destination.waiting == 1 else 'wait'} for {name}: {destination.trouble}"
        for name, feed in self.feeds.items():
            if feed.trouble:
                yield f"feed {name} brings nothing: {feed.trouble}"

    def plain(self) -> dict[str, Any]:
        """As JSON objects, lists, strings and numbers."""
        plain: dict[str, Any] = to_plain(self)
        return plain
