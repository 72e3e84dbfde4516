"""Many clips as one MP3: in their order, each as loud as the others, a chapter for each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from appliance.recipes import Treatment
from appliance.values import frozen

RATE = 48_000
PAUSE = 1.0
"""Seconds of silence between two clips."""

LOUDNESS = -16.0
"""LUFS (EBU R 128), as podcasts are."""

_BLOCK = 65_536


@frozen
class Track:
    """One clip in an album: its file, its `frames` at its `rate`, and what its chapter is called."""

    path: str
    frames: int
    rate: int
    name: str

    @property
    def length(self) -> int:
        """Frames that it has in the album."""
        return round(self.frames * RATE / self.rate)


def chapters(tracks: Sequence[Track]) -> list[tuple[float, float, str]]:
    """Where each begins and ends, in seconds, and what it is called."""
    found, begin = [], 0.0
    for track in tracks:
        end = begin + track.length / RATE
        found.append((begin, end, track.name))
        begin = end + PAUSE
    return found


def make_album(tracks: Sequence[Track], target: Path) -> None:
    """Write them into one file, without tags. What cannot be decoded is silence of its length. Raises OSError."""
    import numpy as np
    import soundfile

    infos = [soundfile.info(track.path) for track in tracks]
    channels = min(2, max(info.channels for info in infos))
    with soundfile.SoundFile(target, "w", RATE, channels, format="MP3", subtype="MPEG_LAYER_III") as album:
        for number, track in enumerate(tracks):
            if number:
                album.write(np.zeros((round(PAUSE * RATE), channels), np.float32))
            left = track.length
            for block in _blocks(track, channels):
                album.write(block[:left])
                left -= len(block[:left])
            for length in _pieces(left):
                album.write(np.zeros((length, channels), np.float32))


def _blocks(track: Track, channels: int) -> Iterator[Any]:
    """Its sound with as many channels as the album has, full scale at 1."""
    import numpy as np
    import soundfile

    from appliance.renditions.treat import Treated

    treatment = Treatment(rate=RATE, loudness=LOUDNESS, true_peak=-1.0)
    try:
        for block in Treated(Path(track.path), treatment, lambda: None, (RATE,)).blocks():
            chosen = block[:, :2] if block.shape[1] >= channels else np.repeat(block[:, :1], channels, axis=1)
            yield np.clip(chosen, -1.0, 1.0).astype(np.float32)
    except soundfile.LibsndfileError:
        return


def _pieces(frames: int) -> Iterator[int]:
    while frames > 0:
        yield min(frames, _BLOCK)
        frames -= _BLOCK
