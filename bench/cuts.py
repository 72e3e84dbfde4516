"""How exactly takes begin, end and are cut at a press, and what a wide stream loses, while the machine is busy.

The recorder runs in this process, on the test card: each frame carries its number, and the card tells when frame 0
sounded. So it is known of every cut when its frame sounded, and of every press when it came.
"""

import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

from appliance.audio import wav
from appliance.audio.alsa import AlsaCards
from appliance.audio.microphone import PATIENCE
from appliance.audio.recorder import Recorder
from appliance.audio.take import new_take_id
from appliance.audio.takefile import AUDIO
from appliance.clock import SystemClock
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.config.options import Seconds
from appliance.config.profiles import RecordedFormat
from appliance.events import Command, Event, TakeFailed, TakeSealed, TakeStarted
from appliance.models import AudioFormat, Clip, SampleFormat
from appliance.simulation.sound import missing, stretches
from appliance.vitals import Vitals
from bench.box import alsa_config
from bench.record import STRESS
from bench.results import Result, at_most

_PRESSES = 1000
_SPLITS = 1000
_SPLIT_BETWEEN = (0.02, 0.08)
_BETWEEN = (0.02, 0.2)
_PATIENCE = 60.0
_WIDE = AudioFormat(192_000, 4, SampleFormat.S32_LE)


class Rig:
    """A recorder on a test card, and what it tells."""

    def __init__(self, root: Path, format: AudioFormat) -> None:
        if "ALSA_CONFIG_PATH" not in os.environ:
            os.environ["ALSA_CONFIG_PATH"] = str(alsa_config())
        self.card, self.takes = root / "card", root / "takes"
        for folder in (self.card, self.takes):
            folder.mkdir()
        self.clock = SystemClock()
        self._happened = threading.Condition()
        self._told: list[Command | Event] = []
        capture = CaptureSettings(f"testcard:{self.card}", format.rate, format.channels, RecordedFormat(format.sample))
        recording = RecordingSettings(min_duration=Seconds(0))
        vitals = Vitals(self.clock, self._post)
        how = (AlsaCards(), capture, recording, self.takes, "bench", self.clock, self._post, vitals)
        self.recorder = Recorder(*how, patience=PATIENCE)

    def _post(self, told: Command | Event) -> None:
        with self._happened:
            self._told.append(told)
            self._happened.notify_all()

    def started(self, take_id: str) -> None:
        """Wait until a take has its first sound."""
        with self._happened:
            there = self._happened.wait_for(
                lambda: any(isinstance(each, TakeStarted) and each.take_id == take_id for each in self._told), _PATIENCE
            )
        if not there:
            raise TimeoutError("a take did not begin")

    def sealed(self, count: int) -> list[Clip]:
        """So many clips, in the order in which they were begun."""

        def clips() -> list[Clip]:
            if failed := [each for each in self._told if isinstance(each, TakeFailed)]:
                raise RuntimeError(f"a take failed: {failed[0].message}")
            return [each.clip for each in self._told if isinstance(each, TakeSealed)]

        with self._happened:
            if not self._happened.wait_for(lambda: len(clips()) >= count, _PATIENCE):
                raise TimeoutError("a take was not sealed")
        return sorted(clips(), key=lambda clip: clip.started.monotonic_ns)

    def sound(self, clip: Clip) -> bytes:
        """The sound of a clip."""
        content = (self.takes / clip.id / AUDIO).read_bytes()
        return content[wav.HEADER_BYTES : wav.HEADER_BYTES + clip.frames * clip.format.frame_bytes]


@contextmanager
def _busy(folder: Path) -> Iterator[None]:
    stress = subprocess.Popen([*STRESS, "--temp-path", str(folder)])
    try:
        yield
    finally:
        stress.terminate()
        stress.wait(_PATIENCE)


def cuts(rounds: int, scale: float) -> Sequence[Result]:
    """How far the frames where takes are cut are from those that sounded at the presses."""
    wanted = max(20, round(_PRESSES * scale))
    worst, middle = [], []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder, _busy(Path(folder)):
            off = presses(Rig(Path(folder), AudioFormat()), wanted, random.Random(number))
        worst.append(max(off) * 1000)
        middle.append(median(off) * 1000)
    words = f"{wanted:,} presses (begin, pause, resume, mark, split, stop) under `{' '.join(STRESS[:-1])}`"
    return [
        at_most(f"cut furthest from its press, of {words}", [max(worst)], 5, " ms", "limit"),
        at_most("median of these", middle, 1, " ms", "limit"),
    ]


def presses(rig: Rig, count: int, dice: random.Random) -> list[float]:
    """Press at random; seconds by which each cut is off."""
    recorder, clock = rig.recorder, rig.clock
    recorder.attend(on=True)
    time.sleep(2)  # the microphone opens
    edges, marks, takes = list[float](), list[float](), 0
    state = "idle"
    while len(edges) + len(marks) < count or state != "idle":
        time.sleep(dice.uniform(*_BETWEEN))
        over = len(edges) + len(marks) >= count
        word = {"idle": "start", "paused": "stop" if over else "resume"}.get(state) or (
            "stop" if over else dice.choice(("pause", "pause", "mark", "mark", "split", "split", "stop"))
        )
        at = clock.monotonic()
        if word == "start":
            take_id, takes, state = new_take_id(), takes + 1, "recording"
            recorder.start(take_id, at)
            rig.started(take_id)
            edges.append(at)
        elif word == "mark":
            recorder.mark(at)
            marks.append(at)
        elif word == "split":
            takes += 1
            if not recorder.split(new_take_id(), at):
                raise RuntimeError("a take in progress could not be split")
            edges += [at, at]
        elif word == "stop":
            recorder.stop(at)
            edges += [at] if state == "recording" else []
            state = "idle"
        else:
            (recorder.pause if word == "pause" else recorder.resume)(at)
            edges.append(at)
            state = "paused" if word == "pause" else "recording"
    clips = rig.sealed(takes)
    recorder.close(_PATIENCE)
    begin = int((rig.card / "switched_on").read_text()) / 1e9
    found, found_marks = list[float](), list[float]()
    for clip in clips:
        pieces = stretches(rig.sound(clip), clip.format)
        for piece in pieces:
            found += [begin + piece.first / clip.format.rate, begin + (piece.first + piece.frames) / clip.format.rate]
        for mark in clip.marks:
            piece = [each for each in pieces if each.offset <= mark.offset][-1]
            found_marks.append(begin + (piece.first + mark.offset - piece.offset) / clip.format.rate)
    pairs = [*zip(edges, found, strict=True), *zip(marks, found_marks, strict=True)]
    return [abs(wanted - there) for wanted, there in pairs]


def splits(rounds: int, scale: float) -> Sequence[Result]:
    """Frames that are lost, or twice there, between clips that carry each other on."""
    count = max(10, round(_SPLITS * scale))
    lost = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            lost.append(float(_split(Rig(Path(folder), AudioFormat()), count, random.Random(number))))
    words = f"frames lost, or twice there, over {count:,} splits at random moments"
    return [at_most(words, [max(lost)], 0, "", "limit")]


def _split(rig: Rig, count: int, dice: random.Random) -> int:
    """Split so often; how many frames do not follow the one before."""
    first = new_take_id()
    rig.recorder.start(first, rig.clock.monotonic())
    rig.started(first)
    for _ in range(count):
        time.sleep(dice.uniform(*_SPLIT_BETWEEN))
        if not rig.recorder.split(new_take_id(), rig.clock.monotonic()):
            raise RuntimeError("a take in progress could not be split")
    time.sleep(_SPLIT_BETWEEN[1])
    rig.recorder.stop(rig.clock.monotonic())
    clips = rig.sealed(count + 1)
    rig.recorder.close(_PATIENCE)
    pieces = stretches(b"".join(rig.sound(clip) for clip in clips), clips[0].format)
    return sum(abs(after.first - before.first - before.frames) for before, after in pairwise(pieces))


def wide(rounds: int, scale: float) -> Sequence[Result]:
    """Frames of 192 kHz, 32 bits and four channels that are lost while the machine is busy."""
    lost = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, _busy(Path(folder)):
            rig = Rig(Path(folder), _WIDE)
            (rig.card / "channels").write_text(str(_WIDE.channels))
            rig.recorder.start(new_take_id(), rig.clock.monotonic())
            time.sleep(60 * scale)
            rig.recorder.stop(rig.clock.monotonic())
            [clip] = rig.sealed(1)
            rig.recorder.close(_PATIENCE)
            lost.append(float(missing(rig.sound(clip), _WIDE)))
    against = f"`{' '.join(STRESS[:-1])}`"
    return [at_most("frames lost of 192 kHz S32 with 4 channels", [max(lost)], 0, "", against)]
