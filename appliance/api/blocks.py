"""A recording in pieces, while it is recorded and once it is whole."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from appliance.api.recording import Recording
from appliance.audio.growing import GrowingTake
from appliance.models import AudioFormat
from appliance.values import frozen


@frozen
class Block:
    """Some frames as they are recorded, interleaved; `offset` counts the frames of the file before them."""

    data: bytes
    offset: int
    is_last: bool


def growing_blocks(
    growing: GrowingTake, format: AudioFormat, frames: int, whole: Callable[[], Recording]
) -> Iterator[Block]:
    """The sound of a take from its beginning, in blocks of so many frames, as soon as it is there to stay.

    `whole` waits until it is a recording, which gives the rest, or raises what else became of it.
    """
    width, offset = format.frame_bytes, 0
    with suppress(FileNotFoundError):  # the recording has just ended, and its file its name
        while growing.wait_for(growing.head + (offset + frames + 1) * width, unless=bool):
            data = _content(growing.path, growing.head + offset * width, frames * width)
            yield Block(data, offset, is_last=False)
            offset += frames
    recording = whole()
    end, is_last = recording.clip.frames, False
    while not is_last:
        some = min(frames, end - offset)
        is_last = offset + some == end
        data = _content(recording.path, growing.head + offset * width, some * width)
        yield Block(data, offset, is_last)
        offset += some


def _content(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        return file.read(size)
