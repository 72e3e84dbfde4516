"""How long it takes from the last frame of a take to the clip in the catalogue, for short and for long takes."""

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name
from appliance.audio.takefile import TakeFile
from appliance.clock import SystemClock
from appliance.models import AudioFormat, Levels, Verdict
from appliance.simulation.sound import numbered
from appliance.store import Store
from appliance.vitals import Vitals
from bench.box import ROOT
from bench.results import Result, at_most

_STEREO = AudioFormat(48_000, 2)


def _stop(seconds: int) -> float:
    """Milliseconds to seal and adopt a take of `seconds`, whose sound is on the disk but for the last half second."""
    clock = SystemClock()
    with TemporaryDirectory(prefix=".bench-", dir=ROOT) as folder:
        store = Store(Path(folder), clock, lambda _: None, Vitals(clock))
        store.set_destinations({"shelf": "original"})
        store.start()
        started = clock.stamp()
        begin = Begin("take", clip_name("bench", started, "take"), "bench", _STEREO, started, 0.5)
        take = TakeFile.create(store.places.takes, begin)
        second = numbered(0, _STEREO.rate, _STEREO)
        for _ in range(seconds):
            take.append(second)
            take.sync()
        take.append(second[: len(second) // 2])
        begun = time.perf_counter()
        take.seal(Levels(), Verdict.OK)
        take.close()
        store.clips.adopt("take")
        took = time.perf_counter() - begun
        store.close()
    return took * 1000


def stop(rounds: int, scale: float) -> Sequence[Result]:
    """Last frame to finished, durable, catalogued clip: after an hour of sound and after a minute."""
    pairs = [(_stop(round(3600 * scale)), _stop(round(60 * scale))) for _ in range(rounds)]
    short = sorted(minute for _, minute in pairs)[len(pairs) // 2]
    against = f"the same after a minute ({short:.0f} ms)"
    return [
        at_most("stop to durable clip, an hour longer than a minute by", [a - b for a, b in pairs], 20, " ms", against)
    ]
