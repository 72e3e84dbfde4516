"""Waveforms: how loud a clip is from its beginning to its end, made once and kept.

The sound of a clip never changes, so neither do its peaks. They are read with nothing but the standard library: the
page must stay small.
"""

import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from appliance.audio.wav import HEADER_BYTES, Wav, parse
from appliance.durable import make_directory
from appliance.errors import StorageError
from appliance.sums import sha256

PEAKS = 800
"""Stretches that a waveform has; a shorter sound may have fewer."""

FULL_SCALE = 127
"""The peak of the loudest sound: the upper 8 bits of a sample are enough to be seen."""

KEPT = 5000
"""Waveforms that are kept."""

_LOOKED_AT = 16_000_000
"""Frames that are read at most; of a longer sound an even part of each stretch."""

_PIECES = 16
"""Places of each stretch where a part of it is read."""

_LEVELS = bytes(range(128)) + bytes(range(127, -1, -1))
"""For the uppermost byte of a signed sample how far it is from silence."""


class Peaks:
    """Waveforms in `folder`. Whoever wants one that is not there waits until it is made, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._making = threading.Lock()

    def of(self, sound: Path) -> bytes:
        """A byte for each stretch: 0 for silence, `FULL_SCALE` for the loudest. Raises StorageError."""
        try:
            size = sound.stat().st_size
            kept = self._folder / sha256(f"{sound.name} {size}".encode(errors="surrogateescape")).hexdigest()
            with self._making:
                with suppress(OSError):
                    return kept.read_bytes()
                found = read(sound)
                self._keep(kept, found)
                return found
        except OSError as error:
            raise StorageError(f"{sound.name} cannot be read: {error.strerror}. The card may be failing") from error
        except ValueError as error:
            raise StorageError(f"{sound.name} cannot be drawn: {error}") from error

    def _keep(self, path: Path, found: bytes) -> None:
        """Where the disk lets us; else it is made again. The oldest give way."""
        with suppress(OSError):
            make_directory(self._folder, mode=0o700)
            kept = sorted(self._folder.iterdir(), key=lambda each: each.stat().st_mtime)
            for old in kept[: max(0, len(kept) - KEPT + 1)]:
                old.unlink()
            partial = path.with_suffix(".partial")
            partial.write_bytes(found)
            partial.replace(path)


def read(sound: Path) -> bytes:
    """The peaks of a WAVE file. Raises ValueError where it is none, OSError."""
    with sound.open("rb") as file:
        wav = parse(file.read(max(HEADER_BYTES, 4096)))
        width = wav.format.frame_bytes
        there = sound.stat().st_size - wav.data_offset
        frames = min(there, there if wav.data_bytes is None else wav.data_bytes) // width
        count = min(PEAKS, frames)
        share = min(1.0, _LOOKED_AT / frames) if frames else 1.0
        return bytes(
            _loudest(file, wav, frames * number // count, frames * (number + 1) // count, share)
            for number in range(count)
        )


def _loudest(file: BinaryIO, wav: Wav, first: int, end: int, share: float) -> int:
    """The highest sample of a stretch of frames, of which a share is looked at."""
    frame, sample = wav.format.frame_bytes, wav.format.sample.bytes
    pieces = 1 if share == 1 else _PIECES
    step = (end - first) // pieces
    highest = 0
    for number in range(pieces):
        file.seek(wav.data_offset + (first + number * step) * frame)
        data = file.read(max(1, round((end - first) / pieces * share)) * frame)
        levels = data[sample - 1 :: sample].translate(_LEVELS)
        highest = next((level for level in range(FULL_SCALE, highest, -1) if level in levels), highest)
    return highest
