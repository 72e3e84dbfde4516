"""How fast the box answers: events through the controller, and a press to its first frame."""

import queue
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import attrs

from appliance.clock import SystemClock
from appliance.config.audio import CaptureSettings
from appliance.controller import Controller
from appliance.events import Event, RecordStart, TakeProgress, TakeStarted
from appliance.machine import Do
from appliance.models import AudioFormat
from appliance.status import Status, TakeStatus
from appliance.vitals import Vitals
from bench.box import Box, environment, running
from bench.results import Result, at_most

_STEREO = AudioFormat(48_000, 2)
_PEER = """
import time, alsaaudio
begun = time.perf_counter()
card = alsaaudio.PCM(alsaaudio.PCM_CAPTURE, device={device!r}, rate=48000, channels=2,
    format=alsaaudio.PCM_FORMAT_S16_LE, periodsize={period}, periods=8)
card.read()
print(time.perf_counter() - begun)
"""


def _progress(count: int) -> list[TakeProgress]:
    return [TakeProgress("take", number, number / _STEREO.rate, -20.0, -30.0) for number in range(count)]


def _controller(count: int) -> float:
    """Seconds of processor for so many events through a controller with one listener."""
    clock, heard = SystemClock(), list[Event]()
    controller = Controller(clock, lambda: "take")
    controller.connect({do: lambda _: None for do in Do})
    controller.listen(lambda event, _: heard.append(event))
    controller.post(RecordStart(clock.monotonic()))
    pulse = Vitals(clock).pulse("controller", 10.0)
    for event in (TakeStarted("take", "bench", _STEREO, 2.0), *_progress(count)):
        controller.post(event)
    controller.stop()
    begun = time.thread_time()
    controller.run(pulse)
    took = time.thread_time() - begun
    assert len(heard) == count + 1 and controller.status.take is not None
    return took


def _bare(count: int) -> float:
    """The same for what cannot be left out: a queue, and two values made anew for each event."""
    inbox: queue.SimpleQueue[TakeProgress] = queue.SimpleQueue()
    for event in _progress(count):
        inbox.put(event)
    status, heard = Status(take=TakeStatus("take", "bench", _STEREO, 2.0)), list[Event]()
    begun = time.thread_time()
    for _ in range(count):
        event = inbox.get()
        assert status.take is not None
        peak, rms = event.peak_dbfs, event.rms_dbfs
        take = attrs.evolve(status.take, seconds=event.seconds, peak_dbfs=peak, rms_dbfs=rms)
        status = attrs.evolve(status, take=take)
        heard.append(event)
    return time.thread_time() - begun


def events(rounds: int, scale: float) -> Sequence[Result]:
    """Events through the controller, the ones that come most often."""
    count = round(20_000 * scale)
    ratios = [_controller(count) / _bare(count) for _ in range(rounds * 2 + 1)]
    against = "a bare queue and `attrs.evolve` of the status, same time"
    return [at_most("processor for an event through the controller", ratios, 1.3, " x", against)]


def _pressed(box: Box) -> float:
    """Seconds from asking for a take to its first sound, which the card hands over a period after it began."""
    begun = time.perf_counter()
    box.call("record.start")
    took = time.perf_counter() - begun
    box.call("record.discard")
    return took


def _opened(folder: Path) -> float:
    """The same for a script that opens the card and reads once."""
    period = _STEREO.frames(CaptureSettings().period)
    script = _PEER.format(device=f"testcard:{folder}", period=period)
    run = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    return float(run.stdout)


def press(rounds: int, scale: float) -> Sequence[Result]:
    """A call of `record.start` to the first sound on its way to the disk, beyond what the card takes."""
    late = []
    with running() as box, TemporaryDirectory() as folder:
        for _ in range(max(3, round(20 * scale * rounds))):
            late.append((_pressed(box) - _opened(Path(folder))) * 1000)
    what = "press to first frame, longer by"
    return [at_most(what, [median(late)], 20, " ms", "a script that opens the card and reads a period, in turns")]
