"""The microphone: whether it opens in the wanted format, and what it hears."""

from collections.abc import Iterator
from contextlib import closing

from appliance.audio.devices import goes_by_number
from appliance.audio.levels import Meter, verdict
from appliance.audio.nearest import open_nearest
from appliance.audio.ports import XRUN, Capture
from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Prompt, Result, Step
from appliance.errors import AudioError, DeviceRecalled
from appliance.models import AudioFormat, Levels, Verdict
from appliance.phrases import duration
from appliance.values import frozen

LISTEN = 3.0
"""Seconds of sound that are judged."""

_RIGHT_ONE = "Check that it is plugged in, not muted (`alsamixer`), and the right one (`appliance devices`)"
_JUDGED = {
    Verdict.OK: (Result.PASS, "", ""),
    Verdict.SILENT: (Result.FAIL, "nothing but silence or a steady noise", _RIGHT_ONE),
    Verdict.TOO_QUIET: (Result.WARN, "very quiet", "If somebody spoke: `appliance levels`, or come closer"),
    Verdict.CLIPPING: (Result.WARN, "clipped", "Lower the gain (`appliance levels`)"),
}


@frozen
class Heard:
    """What the microphone delivered: the granted format and buffer, the levels, and how often sound was lost."""

    format: AudioFormat
    period_frames: int
    buffer_frames: int
    levels: Levels
    overruns: int


def microphone(box: Box) -> Iterator[Step]:
    """Open it as a take would, and listen."""
    if why := box.occupied():
        yield Finding("microphone", Result.SKIP, why, "Ask again afterwards")
        return
    yield Prompt(f"listening to the microphone for {LISTEN:.0f} seconds: please speak")
    settings = box.settings.audio.capture
    try:
        with closing(open_nearest(box.cards, settings)) as capture:
            heard = _listen(capture)
    except DeviceRecalled as error:
        yield Finding("microphone", Result.SKIP, str(error))
        return
    except AudioError as error:
        yield Finding("microphone", Result.FAIL, str(error))
        return
    seconds = heard.format.seconds
    yield Finding(
        "microphone",
        Result.PASS,
        f"{settings.device}: {heard.format}, {duration(seconds(heard.buffer_frames))} of buffer "
        f"in periods of {seconds(heard.period_frames) * 1000:.0f} ms",
    )
    if goes_by_number(settings.device):
        words = f"{settings.device} names the card by its number, which may be another card's after the next start"
        yield Finding("microphone", Result.WARN, words, "Run `appliance devices` and set audio.capture.device")
    yield from _judge(heard)


def _listen(capture: Capture) -> Heard:
    meter, frames, overruns = Meter(capture.format), 0, 0
    while frames < capture.format.frames(LISTEN):
        length, data = capture.read()
        if length == XRUN:
            overruns += 1
            frames += capture.buffer_frames  # so that a card with nothing but losses comes to an end
        else:
            meter.add(data)
            frames += length
    return Heard(capture.format, capture.period_frames, capture.buffer_frames, meter.levels, overruns)


def _judge(heard: Heard) -> Iterator[Step]:
    levels = heard.levels
    result, opinion, next_step = _JUDGED[verdict(levels, LISTEN, 0)]
    words = f"peak {levels.peak_dbfs:.1f} dBFS, RMS {levels.rms_dbfs:.1f} dBFS"
    yield Finding("microphone level", result, f"{opinion}: {words}" if opinion else words, next_step)
    if heard.overruns:
        times = "once" if heard.overruns == 1 else f"{heard.overruns} times"
        yield Finding(
            "microphone losses",
            Result.WARN,
            f"the card lost sound {times} in {LISTEN:.0f} seconds",
            "Stop other programs, raise audio.capture.buffer, or give the card a USB port without a hub",
        )
