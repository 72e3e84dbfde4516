"""Sends what is to be told: as one message, in its time, never in the way of deliveries, and again where it failed."""

import logging
from collections.abc import Callable
from math import inf
from typing import Protocol
from zlib import crc32

from attrs import evolve

from appliance.plugin import ApplianceError, House, Permanent, Transient, backoff, events, seconds_until_active
from appliance_notify.memory import Memory
from appliance_notify.notes import Kind, Message, Note, Sound, merged
from appliance_notify.options import Clips, Rules
from appliance_notify.rules import trusted

FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0
"""Seconds until what did not arrive is sent again: at first, and at most."""

MISSES = 3
"""So many attempts in a row that failed are a fault: a network may be away for a moment."""

_SOUNDS = 3
"""Where more clips than that wait, they are told of in words."""

_ROOM_FOR_DELIVERIES = 30.0
"""Seconds after which it is looked again whether the line is free for the sound of a clip."""

_LONGEST_WAIT_FOR_ROOM = 3600.0

LINE_FREE = (
    events.DeliveryCancelled,
    events.DeliveryParked,
    events.DeliveryPostponed,
    events.DeliverySucceeded,
)
"""What may leave the line to the sound of a clip."""

_LOOK_AT_HOURS = 60.0
"""Seconds after which it is looked again whether the hours are quiet."""

log = logging.getLogger(__name__)


class Channel(Protocol):
    """A way to reach a person."""

    sounds: bool
    """Whether it carries sound."""

    def send(self, message: Message) -> None:
        """Hand it over. Raises Transient, Permanent, and Cancelled once the house is stopping."""


class Sending:
    """What goes out of one service, and how that goes. Moments are CLOCK_MONOTONIC in seconds."""

    def __init__(self, rules: Rules, house: House, channel: Channel) -> None:
        self._rules = rules
        self._house = house
        self._channel = channel
        self._due = house.now().monotonic_ns / 1e9
        self._misses = 0
        self._held_back: float | None = None

    def line_is_free(self) -> None:
        """A delivery is over: the sound of a clip that waited for it goes now."""
        if self._held_back is not None:
            self._due = self._monotonic()

    def due(self, memory: Memory) -> float:
        """Seconds until it is to be sent; infinite where nothing is."""
        if not memory.notes:
            return inf
        return self._due - self._monotonic() if self._sendable(memory) else _LOOK_AT_HOURS

    def send(self, memory: Memory, told: Callable[[Memory], None]) -> None:
        """Send what is due; after each message `told` gets what is left. Raises Cancelled once the box stops."""
        while (notes := self._sendable(memory)) and self._monotonic() >= self._due:
            sounds = self._with_sound(notes)
            if sounds and self._is_line_busy():
                notes = tuple(note for note in notes if note not in sounds)
                if not notes:
                    self._due = self._monotonic() + _ROOM_FOR_DELIVERIES
                    return
            elif sounds:
                notes = sounds[:1]
            if not self._sent(memory, notes, with_sound=bool(sounds) and notes == sounds[:1]):
                return
            memory = memory.without(notes)
            told(memory)

    def _sendable(self, memory: Memory) -> tuple[Note, ...]:
        """What may be told now: in quiet hours only what is urgent."""
        notes = memory.notes
        if not self._is_quiet():
            return notes
        urgent = (note for note in notes if note.urgent and note.kind is Kind.FAULT and self._rules.urgent_always)
        return tuple(urgent)

    def _is_quiet(self) -> bool:
        """Whether nobody is to be disturbed; not while no clock tells."""
        now, hours = self._house.now(), self._rules.quiet_hours
        return bool(hours) and trusted(now) and seconds_until_active(hours, now) == 0

    def _with_sound(self, notes: tuple[Note, ...]) -> tuple[Note, ...]:
        clips = tuple(note for note in notes if note.kind is Kind.CLIP)
        wanted = self._rules.clips is Clips.SOUND and self._channel.sounds and len(clips) <= _SOUNDS
        return clips if wanted else ()

    def _is_line_busy(self) -> bool:
        """Whether clips are on their way to destinations: sound for a phone waits for them, an hour at most."""
        now = self._monotonic()
        try:
            busy = bool(self._house.report().sending)
        except ApplianceError:
            busy = False
        if not busy:
            self._held_back = None
            return False
        self._held_back = now if self._held_back is None else self._held_back
        return now - self._held_back < _LONGEST_WAIT_FOR_ROOM

    def _sent(self, memory: Memory, notes: tuple[Note, ...], *, with_sound: bool) -> bool:
        """Send these as one message; whether it arrived."""
        lost = memory.lost if not self._is_quiet() else 0
        sound = self._sound(notes[0]) if with_sound else None
        content = crc32(repr((notes, lost)).encode())  # more to tell is another message, or who got the first drops it
        name = f"{self._house.name}-{memory.number}-{content:08x}"
        message = merged(self._house.device, notes, lost, name, sound)
        try:
            try:
                self._channel.send(message)
            except Permanent as error:
                if message.sound is None:
                    raise
                log.info("the sound of %s is not told: %s", message.sound.name, error)
                self._channel.send(evolve(message, sound=None))
        except (Permanent, Transient) as error:
            self._missed(error)
            return False
        self._misses = 0
        self._house.clear_fault()
        return True

    def _sound(self, note: Note) -> Sound | None:
        """The clip as Opus; None where it cannot be had."""
        try:
            with self._house.open_clip(note.about, "opus") as file:
                return Sound(f"{note.name}.opus", "audio/ogg", file.read())
        except ApplianceError as error:
            log.info("the sound of %s is not told: %s", note.name, error)
            return None

    def _missed(self, error: Permanent | Transient) -> None:
        self._misses += 1
        wait = backoff(self._misses, FIRST_WAIT, LONGEST_WAIT, lambda: 1.0)
        retry_after = error.retry_after if isinstance(error, Transient) else None
        self._due = self._monotonic() + max(wait, retry_after or 0.0)
        message = f"messages do not arrive: {error}"
        if self._misses == 1:
            log.info("%s", message)
        if self._misses >= MISSES or isinstance(error, Permanent):
            self._house.raise_fault(message)

    def _monotonic(self) -> float:
        return self._house.now().monotonic_ns / 1e9
