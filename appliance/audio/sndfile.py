"""Sound files as libsndfile reads them."""

import io
import os
from contextlib import ExitStack
from typing import Any, BinaryIO

from appliance.audio.pieces import PieceFile, pieces_of
from appliance.audio.resampling import Resampled

NO_LENGTH = 1 << 60
"""More frames than there are: libsndfile says so of FLAC that tells no length."""

_BUFFER = 1 << 16
_RESERVOIR = 24 * 1152
"""Frames of MP3 before the one that is sought, which may hold bytes that it needs (ISO/IEC 11172-3, 2.4.3.4)."""


class Sound:
    """An open file as libsndfile reads it, piece by piece where it is made of several.

    What follows the first piece sounds at its rate, in as many channels. `frames` is the length; not `counted` where
    nothing tells that but the size of the file.
    """

    def __init__(self, file: BinaryIO, opened: ExitStack) -> None:
        file.seek(0)
        pieces = pieces_of(file)
        files = [io.BufferedReader(PieceFile(file, piece), _BUFFER) for piece in pieces]
        self._parts = [opened.enter_context(sequential(each)) for each in files or (file.fileno(),)]
        self._part = 0
        first = self._parts[0]
        like_first = (first.samplerate, first.channels)
        self._parts = [
            part if (part.samplerate, part.channels) == like_first else Resampled(part, *like_first)
            for part in self._parts
        ]
        self.samplerate: int = first.samplerate
        self.channels: int = first.channels
        self.subtype: str = first.subtype
        self.counted = first.frames < NO_LENGTH
        self.frames: int = sum(part.frames for part in self._parts) if self.counted else self._guess(file)

    def _guess(self, file: BinaryIO) -> int:
        """About how long FLAC is that was streamed: it takes some 60 % of the sound."""
        sample = {"PCM_S8": 1, "PCM_24": 3}.get(self.subtype, 2)
        return round(os.fstat(file.fileno()).st_size / (0.6 * sample * self.channels))

    def read(self, frames: int, dtype: str = "float32", **_: Any) -> Any:
        """The next frames; fewer only at the end. Raises SoundFileError where the file is damaged."""
        import numpy as np

        blocks = [self._read_part(self._parts[self._part], frames, dtype)]
        while (missing := frames - sum(map(len, blocks))) and self._part + 1 < len(self._parts):
            self._part += 1
            part = self._parts[self._part]
            part.seek(0)
            blocks.append(self._read_part(part, missing, dtype))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def _read_part(self, part: Any, frames: int, dtype: str) -> Any:
        """Into a block of ours: what soundfile does beside that costs more."""
        import numpy as np

        block = np.empty((frames, part.channels), dtype)
        return block[: part.buffer_read_into(block, dtype)]

    def seek(self, frame: int) -> None:
        """Go on at this frame. Raises SoundFileError."""
        for number, part in enumerate(self._parts):
            if frame <= part.frames or number == len(self._parts) - 1:
                self._part = number
                before = min(frame, _RESERVOIR if self.subtype == "MPEG_LAYER_III" else 0)
                part.seek(frame - before)
                self._read_part(part, before, "float32")
                return
            frame -= part.frames


def sequential(file: "int | BinaryIO") -> Any:
    """By descriptor: libsndfile then looks at what is in the file, never at its name."""
    import soundfile

    class Sequential(soundfile.SoundFile):  # type: ignore[misc]
        """Where it can, soundfile seeks to the next frame after each block, and an MP3 decoder that seeks glitches."""

        def seekable(self) -> bool:
            return False

    return Sequential(file, closefd=False)
