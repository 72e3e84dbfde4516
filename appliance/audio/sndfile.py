"""Sound files as libsndfile reads them."""

import io
import os
from contextlib import ExitStack
from typing import Any, BinaryIO

from appliance.audio.pieces import PieceFile, pieces_of

NO_LENGTH = 1 << 60
"""More frames than there are: libsndfile says so of FLAC that tells no length."""

_BUFFER = 1 << 16


class Sound:
    """An open file as libsndfile reads it, piece by piece where it is made of several.

    `frames` is its length; not `counted` where nothing tells that but the size of the file.
    """

    def __init__(self, file: BinaryIO, opened: ExitStack) -> None:
        file.seek(0)
        pieces = pieces_of(file)
        files = [io.BufferedReader(PieceFile(file, piece), _BUFFER) for piece in pieces]
        self._parts = [opened.enter_context(sequential(each)) for each in files or (file.fileno(),)]
        self._part = 0
        first = self._parts[0]
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
        import soundfile

        def read(part: Any, frames: int) -> Any:  # into a block of ours: what soundfile does beside that costs more
            block = np.empty((frames, part.channels), dtype)
            return block[: part.buffer_read_into(block, dtype)]

        blocks = [read(self._parts[self._part], frames)]
        while (missing := frames - sum(map(len, blocks))) and self._part + 1 < len(self._parts):
            self._part += 1
            part = self._parts[self._part]
            if (part.samplerate, part.channels) != (self.samplerate, self.channels):
                raise soundfile.SoundFileError("another kind of sound")
            part.seek(0)
            blocks.append(read(part, missing))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def seek(self, frame: int) -> None:
        """Go on at this frame. Raises SoundFileError."""
        for number, part in enumerate(self._parts):
            if frame <= part.frames or number == len(self._parts) - 1:
                self._part = number
                part.seek(frame)
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
