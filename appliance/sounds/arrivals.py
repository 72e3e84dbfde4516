"""A sound on its way to the box's own, in pieces: nothing of it counts before it is whole, and can be played."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from appliance import durable
from appliance.audio.activity import SILENT_DBFS
from appliance.audio.decode import Decoder
from appliance.audio.levels import Meter
from appliance.audio.samples import to_pcm
from appliance.clock import Clock
from appliance.errors import StorageError, Unplayable, UsageError
from appliance.feeds.safefile import Room, SafeFile
from appliance.limits import give_way
from appliance.models import AudioFormat
from appliance.receiving import Entering, Receiving
from appliance.sounds.kept import KeptSounds, Sound
from appliance.store import Store
from appliance.store.trouble import storage_errors

MOST_BYTES = 100_000_000
"""The most bytes of one."""

LONGEST = 600.0
"""Seconds that one may last."""

RATE = 48_000

_AT_ONCE = 2

_REMEMBERED = 20
"""Of so many the answer is known that somebody may not have got."""

_BLOCK = 65_536
"""Frames that are decoded at once."""


class _Coming(Entering):
    def __init__(self, path: Path, has_room: Room, size: int, use: str, title: str, day: str) -> None:
        super().__init__(SafeFile(path, has_room).filled(lambda path, size: None), size)
        self.path = path
        self.use = use
        self.title = title
        self.day = day
        self.language = ""


class Arriving:
    """What is being sent now. From any thread."""

    def __init__(self, store: Store, kept: KeptSounds, clock: Clock, has_room: Room) -> None:
        self._folder = store.places.sounds / "coming"
        self.kept = kept
        self._has_room = has_room
        self._coming: Receiving[_Coming, Sound] = Receiving(clock, at_once=_AT_ONCE, remembered=_REMEMBERED)
        self.write = self._coming.write
        self.close = self._coming.close

    def start(self) -> None:
        """Remove what a crash has left of one that was not whole."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self, use: str, size: int, title: str = "", day: str = "", language: str = "") -> str:
        """Begin to receive so many bytes of a sound for `use`; the name of what comes.

        Raises UsageError where they are too many or that is no day or language, Refused where others are sending,
        StorageError.
        """
        self.kept.name(use, title, day, language)

        def opened(name: str) -> _Coming:
            coming = self._opened(name, size, use, title, day)
            coming.language = language
            return coming

        return self._coming.begin(size, MOST_BYTES, opened)

    def end(self, upload: str) -> Sound:
        """Let it be one of the box's sounds, as WAV. Says the same when it is asked again.

        Raises NotFound, UsageError where bytes are missing, or it is no sound that can be heard, StorageError.
        """
        return self._coming.end(upload, self._made)

    def _opened(self, name: str, size: int, use: str, title: str, day: str) -> _Coming:
        with storage_errors(self._folder):
            durable.make_directory(self._folder, mode=0o750)
        return _Coming(self._folder / name, self._has_room, size, use, title, day)

    def _made(self, coming: _Coming) -> Sound:
        coming.finish()
        made = coming.path.with_suffix(".wav")
        from concurrent.futures import ThreadPoolExecutor

        try:
            with ThreadPoolExecutor(1, "sound", give_way) as thread, storage_errors(self._folder):
                thread.submit(_convert, coming.path, made, self._has_room).result()
            return self.kept.add(coming.use, coming.title, coming.day, made, coming.language)
        finally:
            for path in (coming.path, made):
                with suppress(OSError):
                    path.unlink(missing_ok=True)


def _convert(sound: Path, made: Path, has_room: Room) -> None:
    """Make a WAV of 16 bits of it. Raises UsageError where nothing can be heard in it, StorageError without room."""
    try:
        decoder = Decoder(sound, RATE)
    except Unplayable as error:
        raise UsageError("this is no sound that the box can read. Send WAV, FLAC, Ogg, Opus or MP3") from error
    try:
        format = AudioFormat(RATE, decoder.channels)
        meter, frames = Meter(format), 0
        import wave

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
