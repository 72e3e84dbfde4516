"""What a microphone hears, measured piece by piece, for somebody who looks on."""

from collections.abc import Callable, Generator, Iterator

from appliance.audio.coach import Piece
from appliance.audio.levels import Meter
from appliance.audio.stream import Line
from appliance.audio.stretch import Ended, Lost, Opened, Stretch
from appliance.errors import AudioError, DeviceLost, Refused
from appliance.models import AudioFormat

PIECE = 0.25
"""Seconds of a piece."""

_PATIENCE = 4.0
"""Seconds without sound after which the microphone is dead."""


def pieces(open_line: Callable[[], Line | None]) -> Generator[Piece, None, None]:
    """Piece after piece, in whatever format a take wants meanwhile. Raises AudioError, Refused.

    `open_line` begins to listen; the microphone stays open until the iterator is closed.
    """
    while line := open_line():
        try:
            yield from _pieces(line)
        finally:
            line.leave()
    raise Refused("the appliance is stopping or takes a new configuration. Try again in a moment")


def _pieces(line: Line) -> Iterator[Piece]:
    """Those of one opening, until somebody wants another format."""
    format: AudioFormat | None = None
    content = bytearray()
    while (item := line.hear(_PATIENCE)) is not None:
        match item:
            case Opened():
                format = item.format
                content.clear()
            case Ended():
                if item.error:
                    raise item.error
                return
            case Lost():
                raise DeviceLost(item.message)
            case Stretch(data=None):
                content.clear()
            case Stretch():
                format = format or line.format
                content += item.data or b""
                yield from _cut(content, format, item.end)
    raise AudioError("the microphone delivers no sound. Check its cable, or unplug it and plug it in again")


def _cut(content: bytearray, format: AudioFormat, end: float) -> Iterator[Piece]:
    frames = format.frames(PIECE)
    size = frames * format.frame_bytes
    while len(content) >= size:
        at = end - len(content) / format.byte_rate
        meter = Meter(format)
        meter.add(bytes(content[:size]))
        del content[:size]
        peak, rms = meter.stretch()
        yield Piece(at, frames / format.rate, peak, rms, meter.tally())
