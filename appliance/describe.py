"""Events in words: one line each, for the log, for `appliance events` and for whoever watches."""

import re
from collections.abc import Callable
from typing import Any

from appliance import events
from appliance.codec import from_plain
from appliance.events import Event
from appliance.listed import Repeat
from appliance.phrases import counted, duration, size

_REPEATED = {Repeat.OFF: "played once", Repeat.ALL: "all of it over and over", Repeat.ONE: "this track over and over"}
_FINISHED = {False: "is", True: "was left behind, and is mended and"}


def _spaced(name: str) -> str:
    """`RecordStop` in words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _repeated(repeat: Repeat) -> str:
    return _REPEATED[repeat]


_SWITCHED = {True: "", False: ", and switched off"}
_SAFE = {True: "safe", False: "kept in memory only"}


def _length(event: events.PlaybackReady | events.PlaybackStarted) -> str:
    return ("about " if event.estimated else "") + duration(event.seconds) if event.seconds else "of unknown length"


_WORDS: dict[type[Event], Callable[[Any], str]] = {
    events.ApplianceReady: lambda e: "ready",
    events.MicrophoneReady: lambda e: f"the microphone is there and records in {e.format}",
    events.MicrophoneOpen: lambda e: (
        f"microphone open: the last {duration(e.seconds)} are kept in memory"
        if e.seconds
        else "microphone closed while nothing is recorded"
    ),
    events.MicrophoneTuned: lambda e: (
        f"the microphone is turned to {e.gain}{_SWITCHED[e.gain.on]}" if e.gain else "no mixer turns the microphone"
    ),
    events.TakeStarted: lambda e: f"recording {e.name}, {e.format}",
    events.TakeProgress: lambda e: f"recording {duration(e.seconds)}, peak {e.peak_dbfs:.1f} dBFS",
    events.TakePaused: lambda e: "recording paused",
    events.TakeResumed: lambda e: "recording goes on",
    events.MarkSet: lambda e: f"mark set at {duration(e.offset / e.rate)}" + (f": {e.label}" if e.label else ""),
    events.GapFound: lambda e: (
        f"gap: {duration(e.gap.frames / e.rate)} lost at {duration(e.gap.offset / e.rate)} "
        f"(give or take {duration(e.gap.uncertainty / e.rate)}), {e.gap.cause}"
    ),
    events.TakeContinues: lambda e: f"{e.reason}: recording goes on in a linked clip, {e.format}",
    events.TakeNearlyUp: lambda e: f"recording ends in {duration(e.seconds_left)}, at its longest duration",
    events.TakeSealed: lambda e: f"take {e.clip.name} is whole, {duration(e.clip.seconds)}",
    events.TakeDiscarded: lambda e: "take discarded, as asked",
    events.TakeFailed: lambda e: f"recording failed: {e.message}",
    events.ClipFinished: lambda e: (
        f"clip {e.clip.name} {_FINISHED[e.clip.recovered]} {_SAFE[e.lasting]}: {duration(e.clip.seconds)}, "
        f"peak {e.clip.levels.peak_dbfs:.1f} dBFS, {counted(len(e.clip.gaps), 'gap')}, verdict {e.verdict}"
    ),
    events.ClipRestored: lambda e: f"clip {e.clip.name} is back from the trash",
    events.ClipDeleted: lambda e: f"clip {e.clip_id} deleted: {e.reason}",
    events.ClipCorrected: lambda e: f"clip {e.clip.name} now has its true start, by {e.clip.began.source}",
    events.ClipDescribed: lambda e: f"what is said of clip {e.clip.name} was changed",
    events.PlaybackReady: lambda e: f"{e.title} can be played, {_length(e)}",
    events.PlaybackStarted: lambda e: f"playing {e.title}, {_length(e)}",
    events.PlaybackProgress: lambda e: f"playing, at {duration(e.position)}",
    events.PlaybackSeeking: lambda e: f"playback goes to {duration(e.position)}",
    events.PlaybackSeeked: lambda e: f"playback is at {duration(e.position)}",
    events.PlaybackWaiting: lambda e: f"playback waits at {duration(e.position)}: {e.message}",
    events.PlaybackUnderrun: lambda e: f"playback was interrupted, {counted(e.count, 'time')}: the box was too busy",
    events.PlaybackPaused: lambda e: f"playback paused at {duration(e.position)}",
    events.PlaybackResumed: lambda e: f"playback goes on at {duration(e.position)}",
    events.PlaybackFinished: lambda e: "playback finished" if e.completed else "playback stopped",
    events.PlaybackContinues: lambda e: "the next track follows",
    events.PlaylistChanged: lambda e: (
        f"playlist: {e.current + 1} of {counted(len(e.items), 'track')}, {e.items[e.current].title}; "
        f"{_repeated(e.repeat)}"
        if e.items
        else "playlist: empty"
    ),
    events.TrackRemoved: lambda e: "a message is not in the inbox any more",
    events.TrackHeard: lambda e: "the message counts as heard",
    events.PlaybackFailed: lambda e: f"playback failed: {e.message}",
    events.NothingToPlay: lambda e: e.message,
    events.NothingToSplit: lambda e: e.message,
    events.Said: lambda e: (
        f"the box cannot say {e.say_id}: {e.message}" if e.message else f"the box has said {e.say_id}"
    ),
    events.FlowDue: lambda e: "the flow goes on",
    events.WithdrawalCode: lambda e: f"withdrawal code {e.code} for clip {e.clip_id}",
    events.BellDue: lambda e: "new messages may ring",
    events.GreetingChanged: lambda e: (
        "the greeting is the configured one"
        if e.path is None
        else "the greeting is the recorded one"
        if e.path.suffix
        else "the greeting is one that was sent to the box"
    ),
    events.SoundsChanged: lambda e: f"sounds that were sent to the box say: {', '.join(sorted(e.sounds)) or 'nothing'}",
    events.FlowMoved: lambda e: f"flow: {e.step.replace('_', ' ')}",
    events.VolumeChanged: lambda e: f"volume {e.percent}%",
    events.RateChanged: lambda e: f"playing at {e.rate:g} times the speed",
    events.DeliveryStarted: lambda e: f"{e.destination}: sending {e.clip_id}, {size(e.size)}, attempt {e.attempt}",
    events.DeliveryProgress: lambda e: (
        f"{e.destination}: {size(e.sent)} of {size(e.size)} of {e.clip_id}, {size(e.rate)}/s"
    ),
    events.DeliverySucceeded: lambda e: (
        f"{e.destination}: {e.clip_id} arrived as {e.receipt.remote_name}, "
        + ("verified" if e.receipt.verified else "accepted")
    ),
    events.DeliveryPostponed: lambda e: (
        f"{e.destination}: {e.clip_id} did not arrive, next try in {duration(e.seconds)}: {e.message}"
    ),
    events.DeliveryParked: lambda e: f"{e.destination}: {e.clip_id} waits for a person: {e.message}",
    events.DeliveryCancelled: lambda e: f"{e.destination}: delivery of {e.clip_id} cancelled",
    events.QueueChanged: lambda e: f"{counted(e.waiting, 'delivery', 'deliveries')} waiting",
    events.TrackDue: lambda e: f"{e.track.feed}: the quiet hours are over, {e.track.title} may play",
    events.LoopBegins: lambda e: f"{e.feed}: {counted(len(e.tracks), 'track')} may sound over and over",
    events.LoopRests: lambda e: f"{e.feed}: its quiet hours have begun",
    events.TrackArrived: lambda e: f"{e.track.feed}: {e.track.title} arrived, {size(e.track.size)}",
    events.InboxChanged: lambda e: f"{counted(e.unheard, 'message')} not heard yet",
    events.FaultRaised: lambda e: f"fault {e.fault.name}: {e.fault.message}",
    events.FaultCleared: lambda e: f"fault {e.name} is over",
    events.StorageFull: lambda e: f"no take can begin: {e.message}",
    events.StorageNearlyFull: lambda e: f"the card is nearly full: room for {duration(e.seconds)} of recording",
    events.StorageFree: lambda e: "there is room for takes again",
    events.ScheduleChanged: lambda e: (
        f"schedule {' and '.join(window.name for window in e.open)} is on" if e.open else "no schedule is on"
    ),
    events.TriggerChanged: lambda e: (
        f"trigger {' and '.join(sound.name for sound in e.heard)} hears something"
        if e.heard
        else "no trigger hears anything any more"
    ),
    events.ScheduleReminder: lambda e: "a schedule is on, and nothing is recorded",
    events.EventsLost: lambda e: f"{counted(e.count, 'event')} lost here: whoever listens is too slow",
    events.CommandRefused: lambda e: f"{_spaced(e.command)} refused: {e.reason}",
}

TOO_MANY = (
    events.TakeProgress,
    events.DeliveryProgress,
    events.PlaybackProgress,
    events.QueueChanged,
    events.InboxChanged,
    events.ScheduleReminder,
)
"""Events that would bury the others in a log."""

DESCRIBED = frozenset(_WORDS)
"""The events that have words."""


def describe(event: Event) -> str:
    """The event in one line."""
    return _WORDS[type(event)](event)


def describe_plain(plain: dict[str, Any]) -> str:
    """An event as it travels over the control socket, in one line; one of a newer release by its name alone."""
    name = plain["event"]
    cls = getattr(events, name, None)
    if cls not in DESCRIBED:
        return str(name)
    return describe(from_plain(plain, cls))
