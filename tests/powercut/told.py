"""What the outside was told, and what it asked for, as the record of the sockets shows it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import define, field, frozen

from appliance.codec import from_plain
from appliance.models import Clip, Receipt, Track
from tests.powercut.log import Kind, Record


@frozen
class Length:
    """A take was said to be that long, at that time."""

    take_id: str
    frames: int
    time: float


@define
class Told:
    """All that was said or asked for up to some moment. Takes, with their names, and clips go by the same ids."""

    takes: dict[str, str] = field(factory=dict)
    lengths: list[Length] = field(factory=list)
    marks: list[tuple[str, int]] = field(factory=list)
    pauses: list[tuple[str, int]] = field(factory=list)
    clips: dict[str, Clip] = field(factory=dict)
    receipts: dict[tuple[str, str], Receipt] = field(factory=dict)
    tracks: dict[int, Track] = field(factory=dict)
    to_discard: set[str] = field(factory=set)
    discarded: set[str] = field(factory=set)
    to_delete: set[str] = field(factory=set)
    deleted: set[str] = field(factory=set)
    time: float = 0.0
    _running: str = ""

    def take_in(self, record: Record) -> None:
        """Go on by one record."""
        self.time = record.time or self.time
        if record.kind is Kind.SAID:
            for message in _messages(record.data):
                self._say(message.get("params") or {})
                self._answer(message.get("result"))
        elif record.kind is Kind.HEARD:
            for message in _messages(record.data):
                self._ask(message.get("method"), message.get("params") or {})

    def _ask(self, method: object, params: dict[str, Any]) -> None:
        if method == "record.discard":
            self.to_discard.add(self._running)
        elif method == "clips.delete":
            self.to_delete.add(params["clip"])

    def _answer(self, result: object) -> None:
        """Answers that are promises: a clip, or clips with their deliveries."""
        for entry in result if isinstance(result, list) else [result]:
            if isinstance(entry, dict) and isinstance(entry.get("clip"), dict):
                self._finished(entry["clip"])
                for delivery in entry.get("deliveries", ()):
                    if delivery["receipt"]:
                        self._received(delivery)

    def _say(self, event: dict[str, Any]) -> None:
        match event.get("event"):
            case "TakeStarted":
                self._running = event["take_id"]
                self.takes[self._running] = event["name"]
            case "TakeProgress":
                self.lengths.append(Length(event["take_id"], event["frames"], self.time))
            case "MarkSet":
                self.marks.append((event["take_id"], event["offset"]))
            case "TakePaused":
                self.pauses.append((event["take_id"], event["offset"]))
            case "TakeDiscarded":
                self.discarded.add(event["take_id"])
            case "ClipFinished":
                self._finished(event["clip"])
            case "ClipDeleted":
                self.deleted.add(event["clip_id"])
            case "DeliverySucceeded":
                self._received(event)
            case "TrackArrived":
                track = from_plain(event["track"], Track)
                self.tracks[track.id] = track

    def _finished(self, plain: dict[str, Any]) -> None:
        self.clips[plain["id"]] = from_plain(plain, Clip)

    def _received(self, plain: dict[str, Any]) -> None:
        self.receipts[plain["clip_id"], plain["destination"]] = from_plain(plain["receipt"], Receipt)


def told_before(records: Sequence[Record], crash: int) -> Told:
    """What was said and asked for before record `crash`; the record itself counts for nothing but its time."""
    told = Told()
    for record in records[:crash]:
        told.take_in(record)
    return told


def _messages(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict):
            yield message
