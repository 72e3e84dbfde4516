"""How soon a script records that uses the Python face, against one that uses ALSA and numpy alone."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from appliance.config.audio import CaptureSettings
from bench.box import environment
from bench.results import Result, at_most

_OURS = """
from appliance import Recorder
with Recorder({folder!r}, device={device!r}, rate=48000, channels=1) as recorder:
    recorder.start()
    print(flush=True)
    recorder.discard()
"""
_BARE = """
import alsaaudio, numpy
card = alsaaudio.PCM(
    alsaaudio.PCM_CAPTURE, alsaaudio.PCM_NORMAL, device={device!r}, rate=48000, channels=1,
    format=alsaaudio.PCM_FORMAT_S16_LE, periodsize={period}, periods=8,
)
_, data = card.read()
samples = numpy.frombuffer(data, "<i2")
open({folder!r} + "/sound", "wb").write(samples.tobytes())
print(flush=True)
"""


def _first_frame(script: str) -> float:
    """Seconds from the start of Python until a script says that it has recorded something."""
    with TemporaryDirectory() as folder:
        device = f"testcard:{Path(folder) / 'card'}"
        Path(folder, "card").mkdir()
        period = round(48_000 * CaptureSettings().period)
        code = script.format(folder=folder, device=device, period=period)
        begun = time.perf_counter()
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            took = time.perf_counter() - begun
        assert not process.returncode, "the script failed"
    return took


def face(rounds: int, scale: float) -> Sequence[Result]:
    """From the start of Python to the first frame on the disk, in turns; the card takes a period of 250 ms in both."""
    _first_frame(_OURS)
    ours, bare = [], []
    for _ in range(max(5, round(5 * rounds * scale))):
        ours.append(_first_frame(_OURS))
        bare.append(_first_frame(_BARE))
    ratio = median(ours) / median(bare)
    against = "a script with pyalsaaudio and numpy that opens the card and reads a period, in turns"
    return [at_most("Python face, import to first recorded frame", [ratio], 1.2, " x", against)]
