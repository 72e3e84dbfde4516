"""A take on disk: a folder `takes/ID/` with `audio.wav` and `journal.jsonl`, and `clip.json` once it is sealed.

Sound goes to the file as it comes, past every buffer of this process. The header claims nothing until the seal; till
then the size of the file is the truth.
"""

import errno
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from appliance import codec, durable
from appliance.audio import wav
from appliance.audio.journal import Begin, Entry, History, PauseBegin, PauseEnd, line
from appliance.circumstances import Gain
from appliance.config.profiles import TITLE
from appliance.errors import StorageError
from appliance.models import AudioFormat, Clip, Levels, Verdict

AUDIO = "audio.wav"
JOURNAL = "journal.jsonl"
CLIP = "clip.json"
_RESERVE = "reserve"

_RESERVED_BYTES = 65_536
"""Room kept back so that a take can still be sealed on a full disk."""

_SILENCE = bytes(65_536)
_BLOCK_BYTES = 1 << 20

_REASONS = {
    errno.ENOSPC: "the disk is full. Delete clips or use a bigger card",
    errno.EDQUOT: "the disk quota is used up. Delete clips or use a bigger card",
    errno.EFBIG: "the file is as long as this filesystem allows. Use a card formatted as ext4",
    errno.EROFS: "the disk is read-only: it may be broken. Check the card, then restart the box",
    errno.EIO: "the disk does not answer properly: it may be broken. Replace the card",
}


log = logging.getLogger(__name__)


class disk:
    """A context that translates what the disk says. Raises StorageError."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, OSError):
            raise _refused(error) from error


def _refused(error: OSError) -> StorageError:
    reason = _REASONS.get(error.errno or 0, error.strerror or "unknown error")
    return StorageError(f"the take cannot be written: {reason}")


class TakeFile:
    """An unsealed take. Every method may raise StorageError; what was written before stays. One thread uses it."""

    def __init__(self, folder: Path, begin: Begin, history: History, audio: int, data_bytes: int) -> None:
        self.begin = begin
        self.history = history
        self._folder = folder
        self._path = folder / AUDIO
        self._frame_bytes = begin.format.frame_bytes
        self._audio = audio
        self._status = os.fstat(audio)
        self._bytes = data_bytes
        self.removed = False
        """Whether somebody removed its file while it was recorded."""

    @classmethod
    def create(cls, takes: Path, begin: Begin) -> "TakeFile":
        """Create the folder in `takes`, durably, with the journal begun. Leaves nothing behind where that fails."""
        folder = takes / begin.take_id
        with disk():
            durable.make_directory(takes)
            folder.mkdir()
            audio: int | None = None
            try:
                audio = os.open(folder / AUDIO, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
                os.pwrite(audio, wav.build(begin.format, None), 0)
                with (folder / _RESERVE).open("wb") as reserve:
                    os.posix_fallocate(reserve.fileno(), 0, _RESERVED_BYTES)
                _append_line(folder / JOURNAL, begin)
                durable.sync_directory(folder)
                durable.sync_directory(takes)
            except OSError:
                if audio is not None:
                    os.close(audio)
                shutil.rmtree(folder, ignore_errors=True)
                raise
        return cls(folder, begin, History(), audio, 0)

    @property
    def format(self) -> AudioFormat:
        """What the sound is made of."""
        return self.begin.format

    @property
    def frames(self) -> int:
        """Whole frames written."""
        return self._bytes // self._frame_bytes

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.format.seconds(self.frames)

    @property
    def lost_seconds(self) -> float:
        """How much it lacks."""
        return self.format.seconds(sum(gap.frames for gap in self.history.gaps))

    def append(self, data: bytes | memoryview) -> None:
        """Write sound at the end."""
        try:
            while data:
                written = os.pwrite(self._audio, data, wav.HEADER_BYTES + self._bytes)
                self._bytes += written
                data = memoryview(data)[written:]
        except OSError as error:
            raise _refused(error) from error

    def append_silence(self, frames: int) -> None:
        """Write digital zero at the end, in bounded pieces."""
        left = frames * self._frame_bytes
        while left:
            piece = min(left, len(_SILENCE))
            self.append(memoryview(_SILENCE)[:piece])
            left -= piece

    def cut(self, frames: int) -> None:
        """Keep only the first `frames`."""
        with disk():
            self._bytes = frames * self._frame_bytes
            os.ftruncate(self._audio, wav.HEADER_BYTES + self._bytes)
        self.history.cut(frames)

    def go_back(self, frames: int) -> None:
        """Write on behind the first `frames`. What lies beyond stays on the disk until as much was written again."""
        self._bytes = frames * self._frame_bytes

    def sync(self) -> None:
        """Return once everything written is safe."""
        try:
            self._bring_back()
            os.fdatasync(self._audio)
        except OSError as error:
            raise _refused(error) from error

    def _bring_back(self) -> None:
        """Where somebody removed or moved the file, put all that was written into another one under its name.

        The old one is there for as long as it is open.
        """
        try:
            if os.path.samestat(self._path.stat(), self._status):
                return
        except FileNotFoundError:
            pass
        self.removed = True
        log.warning("the file of take %s was removed while it is recorded: its sound is written anew", self.begin.name)
        durable.make_directory(self._folder)
        with self._path.open("w+b", buffering=0) as file:
            for offset in range(0, wav.HEADER_BYTES + self._bytes, _BLOCK_BYTES):
                content = memoryview(os.pread(self._audio, _BLOCK_BYTES, offset))
                while content:
                    content = content[file.write(content) :]
            os.fdatasync(file.fileno())
            if not (self._folder / JOURNAL).exists():
                durable.replace_file(self._folder / JOURNAL, b"".join(map(line, self._entries())))
            durable.sync_directory(self._folder)
            os.dup2(file.fileno(), self._audio, inheritable=False)
            self._status = os.fstat(self._audio)

    def _entries(self) -> list[Entry]:
        """What the journal tells so far."""
        entries: list[Entry] = [self.begin]
        for pause in self.history.pauses:
            entries += [PauseBegin(pause.offset), PauseEnd(pause.seconds)]
        return [*entries, *self.history.gaps, *self.history.marks]

    def note(self, entry: Entry) -> None:
        """Take something into the history and the journal, and return once it is safe."""
        with disk():
            self._bring_back()
        self.history.apply(entry)
        with disk():
            _append_line(self._folder / JOURNAL, entry)

    def seal(
        self,
        levels: Levels,
        verdict: Verdict,
        *,
        drift_ppm: float | None = None,
        recovered: bool = False,
        cut: bool = False,
        gain: Gain | None = None,
    ) -> Clip:
        """Make it a clip: final header, everything safe, then `clip.json`. Costs the same whatever the length.

        The name of `clip.json` is not safe yet: without it, the take is repaired, and has the same sound.
        """
        frames = self.frames
        data_bytes = frames * self._frame_bytes
        end = wav.HEADER_BYTES + data_bytes
        self.history.cut(frames)
        clip = Clip(
            id=self.begin.take_id,
            name=self.begin.name,
            device=self.begin.device,
            format=self.format,
            frames=frames,
            size=end + wav.padding(data_bytes),
            started=self.begin.started,
            levels=levels,
            verdict=verdict,
            gaps=tuple(self.history.gaps),
            marks=tuple(self.history.marks),
            pauses=tuple(self.history.pauses),
            drift_ppm=drift_ppm,
            recovered=recovered,
            continues=self.begin.continues,
            cut=cut,
            place=self.begin.place,
            microphone=self.begin.microphone,
            gain=gain or self.begin.gain,
            begun=self.begin.begun,
            fields=self.begin.fields,
            title=str(self.begin.fields.get(TITLE, "")),
            unread=tuple(self.history.unread),
        )
        with disk():
            self._bring_back()
            (self._folder / _RESERVE).unlink(missing_ok=True)
            os.ftruncate(self._audio, end)
            os.pwrite(self._audio, bytes(wav.padding(data_bytes)), end)
            os.pwrite(self._audio, wav.build(self.format, data_bytes), 0)
            os.fdatasync(self._audio)
            durable.replace_file(self._folder / CLIP, codec.to_json(clip).encode())
        return clip

    def discard(self) -> None:
        """Remove everything."""
        with disk():
            with suppress(FileNotFoundError):
                shutil.rmtree(self._folder)
            durable.sync_directory(self._folder.parent)

    def close(self) -> None:
        """Let go of the file, sealed or not."""
        os.close(self._audio)


def _append_line(path: Path, entry: Entry) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        content = memoryview(line(entry))
        while content:
            content = content[os.write(descriptor, content) :]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
