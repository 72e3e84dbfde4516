"""Recordings that come from the phones of guests, in pieces, and become clips like any other.

What of one is there lies in `guests/`, in this order, so that a crash between any two steps leaves something that can
be carried on:

1. NAME.json tells what is coming; NAME.part grows, synced at every mebibyte
2. NAME.sound is the whole of it, synced
3. making/ID is the take that is made of it, and takes/ID the same once it is sealed, which is adopted as any other is
4. NAME.sound and NAME.json go
"""

import json
import logging
import re
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance import durable
from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import CLIP
from appliance.circumstances import Begun, Starter, by_guest
from appliance.clock import Clock
from appliance.codec import from_plain, to_plain
from appliance.config.settings import Settings
from appliance.errors import ApplianceError, NotFound, Refused, UsageError
from appliance.feeds.safefile import Room
from appliance.guests.making import make_take
from appliance.guests.recording import Coming, Recording, disk_errors, remove
from appliance.limits import Errand, give_way
from appliance.receiving import GONE, Receiving
from appliance.store import Store

_AT_ONCE = 8

_DAY = 86_400.0
"""Seconds for which what broke off is kept to be gone on with, and in which the recordings of guests are counted."""

_BYTES_A_SECOND = 400_000
"""More than a second of WAV has: 48 kHz, stereo, 32 bits."""

_REMEMBERED = 100
_NAME = re.compile("[0-9a-f]{32}")

log = logging.getLogger(__name__)


class Guests:
    """What is being sent now. From any thread."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, has_room: Room, arrived: Callable[[], object]
    ) -> None:
        """`arrived` is called when there is a clip more."""
        self._store = store
        self._settings = settings
        self._rules = settings.guests
        self._clock = clock
        self._has_room = has_room
        self._arrived = arrived
        self._folder = store.places.guests
        self._today: deque[float] | None = None
        self._coming: Receiving[Recording, dict[str, Any]] = Receiving(
            clock, at_once=_AT_ONCE, remembered=_REMEMBERED, find=self._find
        )
        self.write = self._coming.write

    def start(self) -> None:
        """Go on with what a crash interrupted, on a thread of its own. Returns at once."""
        if self._folder.is_dir() and any(self._folder.iterdir()):
            Errand(self._recover, "guests")

    def rules(self) -> dict[str, Any]:
        """What guests may do."""
        longest = self._rules.longest
        full = self._rules.allowed and self._is_full()
        return {"allowed": self._rules.allowed, "full": full, "longest": longest, "most_bytes": self._most_bytes}

    @property
    def _most_bytes(self) -> int:
        return round(self._rules.longest * _BYTES_A_SECOND)

    def begin(self, size: int) -> str:
        """Begin to receive so many bytes; the name of what comes, which nobody can guess.

        Raises UsageError where they are too many, Refused where guests may not, or too much came already.
        """
        if not self._rules.allowed:
            raise Refused("guests send nothing to this box: set `guests.allowed` in its configuration")
        return self._coming.begin(size, self._most_bytes, lambda name: self._opened(name, size))

    def end(self, upload: str) -> dict[str, Any]:
        """Make a clip of it: its id and seconds, once it is safe. Says the same when it is asked again.

        Raises NotFound, UsageError where bytes are missing or it is no sound, StorageError.
        """
        return self._coming.end(upload, self._made)

    def _opened(self, name: str, size: int) -> Recording:
        if self._is_full():
            raise Refused(f"{self._rules.most} recordings of guests have come within a day: more may come tomorrow")
        coming, note = Coming(new_take_id(), self._clock.stamp(), size), self._note(name)
        with disk_errors():
            durable.make_directory(self._folder, mode=0o750)
            durable.write_file(note, json.dumps(to_plain(coming)).encode())
        return Recording(note, coming, self._has_room)

    def _find(self, name: str) -> Recording:
        try:
            if not _NAME.fullmatch(name):
                raise ValueError(name)
            coming = from_plain(durable.read_object(self._note(name)), Coming)
            return Recording(self._note(name), coming, self._has_room)
        except (OSError, ValueError) as error:
            raise NotFound(GONE) from error

    def _made(self, recording: Recording) -> dict[str, Any]:
        try:
            done = self._clip(recording)
        except UsageError:
            self._forget(recording.note)
            raise
        self._forget(recording.note)
        return done

    def _clip(self, recording: Recording) -> dict[str, Any]:
        recording.finish()
        coming = recording.coming
        if not (self._store.places.takes / coming.take_id / CLIP).exists():
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(1, "guest", give_way) as thread:
                thread.submit(self._make, recording.sound, coming).result()
        clip = self._store.clips.adopt(coming.take_id)
        self._arrived()
        if self._today is not None:
            self._today.append(self._clock.monotonic())
        return {"id": clip.id, "seconds": round(clip.seconds, 3)}

    def _make(self, sound: Path, coming: Coming) -> None:
        settings, making = self._settings, self._folder / "making"
        label, format = settings.device.label, settings.audio.capture.format
        name, least = clip_name(label, coming.started, coming.take_id), settings.recording.min_duration
        place = settings.device.location.place
        begin = Begin(
            coming.take_id, name, label, format, coming.started, least, place=place, begun=Begun(Starter.GUEST)
        )
        with disk_errors():
            shutil.rmtree(making, ignore_errors=True)
            make_take(sound, making, begin, self._rules.longest, self._has_room)
            durable.move(making / coming.take_id, self._store.places.takes / coming.take_id)

    def _recover(self) -> None:
        """Make clips of what was there whole, and remove what nobody goes on with."""
        old = self._clock.wall_ns() / 1e9 - _DAY
        for note in sorted(self._folder.glob("*.json")):
            sound = note.with_suffix(".sound")
            try:
                if sound.exists():
                    self._coming.end(note.stem, self._clip)
                    self._forget(note)
                elif note.stat().st_mtime < old:
                    self._forget(note)
            except (UsageError, NotFound) as error:  # whoever sent it does not hear of that any more
                self._store.places.set_aside(f"a guest sent this, and it cannot be made a clip: {error}", sound)
                self._forget(note)
            except (ApplianceError, OSError) as error:
                log.error("what a guest sent waits for the next start: %s", error)

    def _is_full(self) -> bool:
        """Whether enough came within a day."""
        now = self._clock.monotonic()
        if self._today is None:
            found = self._store.clips.newest_first(since_ns=self._clock.wall_ns() - round(_DAY * 1e9))
            self._today = deque((now for clip in found if by_guest(clip.begun)), self._rules.most)
        return len(self._today) == self._rules.most and now - self._today[0] < _DAY

    def _forget(self, note: Path) -> None:
        remove(note)

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}.json"
