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
import os
import re
import secrets
import shutil
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
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
from appliance.errors import ApplianceError, NotFound, Refused, StorageError, UsageError
from appliance.feeds.safefile import Room
from appliance.guests.making import make_take
from appliance.limits import Errand, give_way
from appliance.models import ClockStamp
from appliance.store import Store
from appliance.values import frozen

_SYNCED = 1 << 20
_AT_ONCE = 8
_PATIENCE = 120.0
"""Seconds after which what of nothing more came gives way to another."""

_DAY = 86_400.0
"""Seconds for which what broke off is kept to be gone on with, and in which the recordings of guests are counted."""

_BYTES_A_SECOND = 400_000
"""More than a second of WAV has: 48 kHz, stereo, 32 bits."""

_REMEMBERED = 100
_NAME = re.compile("[0-9a-f]{32}")

log = logging.getLogger(__name__)


@frozen
class Coming:
    """A recording on its way: the take that it will be, when it began to come, and how many bytes it has."""

    take_id: str
    started: ClockStamp
    size: int


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
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._received: dict[str, int] = {}
        self._came: dict[str, float] = {}
        self._done: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._today: deque[float] | None = None

    def start(self) -> None:
        """Go on with what a crash interrupted, on a thread of its own. Returns at once."""
        if self._folder.is_dir() and any(self._folder.iterdir()):
            Errand(self._recover, "guests")

    def rules(self) -> dict[str, Any]:
        """What guests may do."""
        longest = self._rules.longest
        return {"allowed": self._rules.allowed, "longest": longest, "most_bytes": self._most_bytes}

    @property
    def _most_bytes(self) -> int:
        return round(self._rules.longest * _BYTES_A_SECOND)

    def begin(self, size: int) -> str:
        """Begin to receive so many bytes; the name of what comes, which nobody can guess.

        Raises UsageError where they are too many, Refused where guests may not, or too much came already.
        """
        if not self._rules.allowed:
            raise Refused("guests send nothing to this box: set `guests.allowed` in its configuration")
        if not 0 < size <= self._most_bytes:
            raise UsageError(f"{size} bytes are too many: up to {self._most_bytes // 10**6} MB can be sent at once")
        with self._lock:
            self._check_count()
            now = self._clock.monotonic()
            for name in [name for name, came in self._came.items() if now - came > _PATIENCE]:
                self._forget(name)
            if len(self._came) >= _AT_ONCE:
                raise Refused(f"{_AT_ONCE} others are sending already. Try again in a minute")
            name = secrets.token_hex(16)
            coming = Coming(new_take_id(), self._clock.stamp(), size)
            with _disk_errors():
                durable.make_directory(self._folder, mode=0o750)
                durable.write_file(self._path(name, "json"), json.dumps(to_plain(coming)).encode())
            self._received[name], self._came[name] = 0, now
            return name

    def write(self, upload: str, offset: int, data: bytes) -> int:
        """Receive the next bytes; how many are there now, where the next are expected. Others are let be.

        Raises NotFound, UsageError where they are too many, StorageError.
        """
        with self._lock:
            coming, received = self._get(upload), self._known(upload)
            if offset + len(data) > coming.size:
                raise UsageError(f"{offset + len(data)} bytes are more than the {coming.size} that were told of")
            self._came[upload] = self._clock.monotonic()
            if offset == received and data:
                with _disk_errors():
                    if not self._has_room(len(data)):
                        raise StorageError("there is no room for more beside what recordings have in reserve")
                    self._append(upload, offset, data, coming.size)
                self._received[upload] = received = offset + len(data)
            return received

    def end(self, upload: str) -> dict[str, Any]:
        """Make a clip of it: its id and seconds, once it is safe. Says the same when it is asked again.

        Raises NotFound, UsageError where bytes are missing or it is no sound, StorageError.
        """
        with self._making:  # one after the other
            if upload in self._done:
                return self._done[upload]
            with self._lock:
                coming = self._get(upload)
                if not self._path(upload, "sound").exists():
                    received = self._known(upload)
                    if received != coming.size:
                        raise UsageError(f"only {received} of {coming.size} bytes are there")
                    with _disk_errors():
                        durable.move(self._path(upload, "part"), self._path(upload, "sound"))
                self._came.pop(upload, None)
            try:
                done = self._done[upload] = self._made(upload, coming)
            except UsageError:
                self._forget(upload)
                raise
            while len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
            self._forget(upload)
            return done

    def _made(self, name: str, coming: Coming) -> dict[str, Any]:
        if not (self._store.places.takes / coming.take_id / CLIP).exists():
            with ThreadPoolExecutor(1, "guest", give_way) as thread:
                thread.submit(self._make, self._path(name, "sound"), coming).result()
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
        with _disk_errors():
            shutil.rmtree(making, ignore_errors=True)
            make_take(sound, making, begin, self._rules.longest, self._has_room)
            durable.move(making / coming.take_id, self._store.places.takes / coming.take_id)

    def _recover(self) -> None:
        """Make clips of what was there whole, and remove what nobody goes on with."""
        old = self._clock.wall_ns() / 1e9 - _DAY
        for note in sorted(self._folder.glob("*.json")):
            name, sound = note.stem, note.with_suffix(".sound")
            try:
                if sound.exists():
                    with self._making:
                        self._made(name, self._get(name))
                    self._forget(name)
                elif note.stat().st_mtime < old:
                    self._forget(name)
            except (UsageError, NotFound) as error:  # whoever sent it does not hear of that any more
                self._store.places.set_aside(f"a guest sent this, and it cannot be made a clip: {error}", sound)
                self._forget(name)
            except (ApplianceError, OSError) as error:
                log.error("what a guest sent waits for the next start: %s", error)

    def _check_count(self) -> None:
        """Raise Refused where enough came within a day."""
        now = self._clock.monotonic()
        if self._today is None:
            found = self._store.clips.newest_first(since_ns=self._clock.wall_ns() - round(_DAY * 1e9))
            self._today = deque(now for clip in found if by_guest(clip.begun))
        while self._today and now - self._today[0] >= _DAY:
            self._today.popleft()
        if len(self._today) >= self._rules.most:
            raise Refused(f"{self._rules.most} recordings of guests have come within a day, which is all that may")

    def _get(self, name: str) -> Coming:
        try:
            if not _NAME.fullmatch(name):
                raise ValueError(name)
            return from_plain(durable.read_object(self._path(name, "json")), Coming)
        except (OSError, ValueError) as error:
            raise NotFound("nothing of that name is being sent any more: begin anew") from error

    def _known(self, name: str) -> int:
        """How many bytes are there; what a power cut may have spoiled does not count."""
        if name not in self._received:
            part = self._path(name, "part")
            size = part.stat().st_size if part.exists() else 0
            self._received[name] = size // _SYNCED * _SYNCED
        return self._received[name]

    def _append(self, name: str, offset: int, data: bytes, size: int) -> None:
        file = os.open(self._path(name, "part"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.ftruncate(file, offset)
            written, rest = 0, memoryview(data)
            while written < len(data):
                written += os.pwrite(file, rest[written:], offset + written)
            if offset // _SYNCED != (offset + written) // _SYNCED or offset + written == size:
                os.fdatasync(file)
        finally:
            os.close(file)

    def _forget(self, name: str) -> None:
        self._received.pop(name, None)
        self._came.pop(name, None)
        for suffix in ("part", "sound", "json"):
            with suppress(OSError):
                self._path(name, suffix).unlink()

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / f"{name}.{suffix}"


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"what a guest sent cannot be written: {error.strerror or error}") from error
