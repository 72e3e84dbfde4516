"""A sound on its way to the box's own, in pieces: nothing of it counts before it is whole, and can be played."""

import os
import secrets
import shutil
import threading
import wave
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import BinaryIO

from attrs import define

from appliance import durable
from appliance.audio.decode import Decoder
from appliance.audio.levels import SILENT_DBFS, Meter
from appliance.audio.samples import to_pcm
from appliance.clock import Clock
from appliance.errors import Cancelled, NotFound, Refused, StorageError, Unplayable, UsageError
from appliance.feeds.safefile import Room, SafeFile
from appliance.limits import give_way
from appliance.models import AudioFormat
from appliance.sounds.kept import KeptSounds, Sound
from appliance.store import Store
from appliance.store.trouble import storage_errors

MOST_BYTES = 100_000_000
"""The most bytes of one."""

LONGEST = 600.0
"""Seconds that one may last."""

RATE = 48_000

_AT_ONCE = 2
_PATIENCE = 120.0
"""Seconds after which what of nothing more came gives way to another."""

_REMEMBERED = 20
"""Of so many the answer is known that somebody may not have got."""

_BLOCK = 65_536
"""Frames that are decoded at once."""


@define
class _Coming:
    use: str
    title: str
    day: str
    path: Path
    entering: AbstractContextManager[BinaryIO]
    file: BinaryIO
    size: int
    came: float
    received: int = 0


class Arriving:
    """What is being sent now. From any thread."""

    def __init__(self, store: Store, kept: KeptSounds, clock: Clock, has_room: Room) -> None:
        self._folder = store.places.sounds / "coming"
        self.kept = kept
        self._clock = clock
        self._has_room = has_room
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._open: dict[str, _Coming] = {}
        self._done: OrderedDict[str, Sound] = OrderedDict()

    def start(self) -> None:
        """Remove what a crash has left of one that was not whole."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, use: str, size: int, title: str = "", day: str = "") -> str:
        """Begin to receive so many bytes of a sound for `use`; the name of what comes.

        Raises UsageError where they are too many or that is no day, Refused where others are sending, StorageError.
        """
        if not 0 < size <= MOST_BYTES:
            raise UsageError(f"{title or 'it'} has {size} bytes: up to {MOST_BYTES // 10**6} MB can be sent at once")
        self.kept.name(use, title, day)
        with self._lock:
            now = self._clock.monotonic()
            for name in [name for name, each in self._open.items() if now - each.came > _PATIENCE]:
                self._drop(name)
            if len(self._open) >= _AT_ONCE:
                raise Refused(f"{_AT_ONCE} others are sending already. Try again in a few minutes")
            name = secrets.token_hex(8)
            with storage_errors(self._folder):
                durable.make_directory(self._folder, mode=0o750)
            path = self._folder / name
            entering = SafeFile(path, self._has_room).filled(lambda path, size: None)
            self._open[name] = _Coming(use, title, day, path, entering, entering.__enter__(), size, now)
            return name

    def write(self, upload: str, offset: int, data: bytes) -> int:
        """Receive the next bytes; how many are there now. Bytes that are there already are let be.

        Raises NotFound, UsageError where bytes would be missing or too many, Permanent where there is no room.
        """
        with self._lock:
            coming = self._get(upload)
            if offset > coming.received or offset + len(data) > coming.size:
                raise UsageError(f"{coming.received} of {coming.size} bytes are there: go on with those behind them")
            coming.came = self._clock.monotonic()
            if offset == coming.received:
                try:
                    coming.file.write(data)
                except BaseException:
                    self._drop(upload)
                    raise
                coming.received += len(data)
            return coming.received

    def end(self, upload: str) -> Sound:
        """Let it be one of the box's sounds, as WAV. Says the same when it is asked again.

        Raises NotFound, UsageError where bytes are missing, or it is no sound that can be heard, StorageError.
        """
        with self._making:  # one after the other
            if upload in self._done:
                return self._done[upload]
            with self._lock:
                coming = self._get(upload)
                if coming.received != coming.size:
                    raise UsageError(f"only {coming.received} of {coming.size} bytes are there")
                del self._open[upload]
            done = self._done[upload] = self._made(coming)
            while len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
            return done

    def _made(self, coming: _Coming) -> Sound:
        coming.entering.__exit__(None, None, None)
        made = coming.path.with_suffix(".wav")
        try:
            with ThreadPoolExecutor(1, "sound", give_way) as thread, storage_errors(self._folder):
                thread.submit(_convert, coming.path, made, self._has_room).result()
            return self.kept.add(coming.use, coming.title, coming.day, made)
        finally:
            for path in (coming.path, made):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give up what is not whole."""
        with self._lock:
            for name in [*self._open]:
                self._drop(name)

    def _get(self, name: str) -> _Coming:
        if name not in self._open:
            raise NotFound("nothing of that name is being sent any more: begin anew")
        return self._open[name]

    def _drop(self, name: str) -> None:
        error = Cancelled("it was given up")
        with suppress(Cancelled):
            self._open.pop(name).entering.__exit__(Cancelled, error, None)


def _convert(sound: Path, made: Path, has_room: Room) -> None:
    """Make a WAV of 16 bits of it. Raises UsageError where nothing can be heard in it, StorageError without room."""
    try:
        decoder = Decoder(sound, RATE)
    except Unplayable as error:
        raise UsageError("this is no sound that the box can read. Send WAV, FLAC, Ogg, Opus or MP3") from error
    try:
        format = AudioFormat(RATE, decoder.channels)
        meter, frames = Meter(format), 0
        with made.open("wb") as file, wave.open(file, "wb") as writer:
            writer.setparams((decoder.channels, format.sample.bytes, RATE, 0, "NONE", ""))
            while len(block := decoder.read(_BLOCK)):
                data = to_pcm(block, format.sample)
                frames += len(block)
                if frames > LONGEST * RATE:
                    raise UsageError(f"this is longer than the {LONGEST:g} s that a sound of the box may last")
                if not has_room(len(data)):
                    raise StorageError("there is no room for more beside what recordings have in reserve")
                writer.writeframes(data)
                meter.add(data)
            if not frames or meter.levels.peak_dbfs <= SILENT_DBFS:
                raise UsageError("nothing can be heard in it. Record it again, or choose another")
        with made.open("rb") as whole:
            os.fsync(whole.fileno())
    except Unplayable as error:
        raise UsageError("this sound is damaged, or not all there. Choose it again") from error
    finally:
        decoder.close()
