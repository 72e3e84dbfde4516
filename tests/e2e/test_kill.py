"""SIGKILL at random moments of a random script, again and again, on one box with a thousand clips.

`KILLS=300 python -m pytest tests/e2e/test_kill.py -s` is the run that `docs/durability.md` tells of.
"""

import hashlib
import os
import random
import socket
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from appliance.audio import wav
from appliance.codec import to_json
from appliance.control.client import Client
from appliance.errors import ApplianceError, NotRunning, Refused
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Verdict
from appliance.simulation.sound import missing, stretches

Box = Any  # tests/e2e/conftest.py is not importable

KILLS = int(os.environ.get("KILLS", "15"))
SEED = int(os.environ.get("KILLS_SEED", "1"))
OLD_CLIPS = 1000
FORMAT = AudioFormat()
LONGEST_RUN = 2.5


@define
class Take:
    """A take as whoever presses knows it. `until` is the moment from which on no more sound is asked for."""

    id: str
    paused: bool = False
    was_paused: bool = False
    discarding: bool = False
    until: float | None = None


@define
class Run:
    """One life of the daemon. `heard_from` is when the card was first used: its frame 0 sounded no earlier."""

    take: Take | None = None
    starting: bool = False
    heard_from: float | None = None
    events: list[dict[str, Any]] = field(factory=list)


class Script:
    """Presses at random until the daemon is gone."""

    def __init__(self, box: Box, random: random.Random) -> None:
        self._box = box
        self._random = random
        self.run = Run()

    def perform(self) -> None:
        """Until the daemon does not answer any more."""
        while True:
            time.sleep(self._random.choice((0, 0, 0.05, 0.3)) * self._random.random())
            take = self.run.take
            if take is None:
                actions = [self.start, self.start, self.play, self.stop_playing, self.deliver]
            elif take.paused:
                actions = [self.resume, self.resume, self.mark, self.stop]
            else:
                actions = [self.mark, self.pause, self.pause, self.stop, self.stop, self.wait, self.wait, self.discard]
            try:
                self._random.choice(actions)()
            except NotRunning:
                return
            except Refused:  # a recording stopped the playback, or it came to its end
                pass

    def start(self) -> None:
        self.run.starting = True
        self._use_card()
        self.run.take = Take(self._box.call("record.start")["take_id"])
        self.run.starting = False

    def _use_card(self) -> None:
        self.run.heard_from = self.run.heard_from or time.monotonic()

    def wait(self) -> None:
        time.sleep(self._random.random() / 2)
        self._box.call("status")

    def mark(self) -> None:
        self._box.call("record.mark")

    def pause(self) -> None:
        assert self.run.take
        self.run.take.was_paused = True
        self.run.take.until = time.monotonic()
        self._box.call("record.pause")
        self.run.take.paused = True

    def resume(self) -> None:
        assert self.run.take
        self._box.call("record.resume")
        self.run.take.paused, self.run.take.until = False, None

    def stop(self) -> None:
        assert self.run.take
        self.run.take.until = self.run.take.until or time.monotonic()
        self._box.call("record.stop")
        self.run.take = None

    def discard(self) -> None:
        assert self.run.take
        self.run.take.discarding = True
        self._box.call("record.discard")
        self.run.take = None

    def play(self) -> None:
        self._use_card()
        self._box.call("play", source="recording")

    def stop_playing(self) -> None:
        self._box.call("player.stop")

    def deliver(self) -> None:
        own = [entry["clip"]["id"] for entry in self._box.call("clips.list", limit=3)]
        self._box.call("clips.deliver", clips=[clip for clip in own if not clip.startswith("old")], to="attic")


class Killing:
    """Starts, presses, kills, and compares what is there with what was promised."""

    def __init__(self, box: Box, systemd: socket.socket, seed: int) -> None:
        self.box = box
        self.starts: list[float] = []
        self.efforts: list[float] = []
        self.losses: list[float] = []
        self.promised: dict[str, tuple[str, str]] = {}
        self.arrived: set[tuple[str, str]] = set()
        self._systemd = systemd
        self._random = random.Random(seed)
        self._killed = 0.0

    def start(self) -> None:
        """Start the daemon, and take the time until it says that it is ready."""
        address = self._systemd.getsockname()
        begun = time.monotonic()
        self.box.process = self.box.spawn(
            "--simulate", "panel", NOTIFY_SOCKET=address, ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"]
        )
        while not self._systemd.recv(1000).startswith(b"READY=1"):
            pass
        self.starts.append(time.monotonic() - begun)
        self.efforts.append(cpu_seconds(self.box.process.pid))

    def live_and_die(self) -> Run:
        """One life of the daemon under a random script, and its death."""
        script = Script(self.box, self._random)
        follower = threading.Thread(target=self._follow, args=(script.run.events,), daemon=True)
        follower.start()
        timer = threading.Timer(self._random.random() * LONGEST_RUN, self._kill)
        timer.start()
        script.perform()
        timer.join()
        self.box.process.wait()
        follower.join(10)
        return script.run

    def _kill(self) -> None:
        self.box.process.kill()
        self._killed = time.monotonic()

    def _follow(self, events: list[dict[str, Any]]) -> None:
        try:
            with Client(self.box.socket) as client:
                events.extend(client.stream("events"))
        except (ApplianceError, OSError):
            pass

    def note_promises(self, run: Run) -> None:
        """What the dead daemon has promised, as its files are now."""
        for event in run.events:
            if event["event"] == "ClipFinished":
                self._promise(event["clip"])
            elif event["event"] == "DeliverySucceeded":
                self.arrived.add((event["clip_id"], event["destination"]))

    def _promise(self, clip: dict[str, Any]) -> None:
        path = self.box.state / "clips" / f"{clip['name']}.wav"
        check_sound(path.read_bytes()[wav.HEADER_BYTES :], clip)
        self.promised[clip["id"]] = clip["name"], digest(path)

    def check(self, run: Run) -> None:
        """After a start: everything promised is there, and so is the take that was in progress."""
        clips = {entry["clip"]["id"]: entry for entry in self.box.call("clips.list", limit=60)}
        if run.take and not run.take.discarding:
            self.losses.append(self._lost(clips[run.take.id]["clip"], run))
        for entry in clips.values():
            if entry["clip"]["device"] == "box" and entry["clip"]["id"] not in self.promised:
                self._promise(entry["clip"])
        self.check_files(list(self.promised)[-30:])
        assert list((self.box.state / "quarantine").iterdir()) == []
        assert list((self.box.state / "takes").iterdir()) == []

    def check_files(self, clip_ids: list[str]) -> None:
        """Sound and metadata on the box, and what was delivered, are as they were promised."""
        for clip_id in clip_ids:
            name, wanted = self.promised[clip_id]
            assert digest(self.box.state / "clips" / f"{name}.wav") == wanted
            assert (self.box.state / "clips" / f"{name}.json").exists()
            for destination in ("shelf", "attic"):
                if (clip_id, destination) in self.arrived:
                    assert digest(self.box.root / destination / f"{name}.wav") == wanted

    def _lost(self, clip: dict[str, Any], run: Run) -> float:
        """Seconds of sound that are missing from the take in progress; rather too many than too few."""
        assert run.take and run.heard_from
        data = (self.box.state / "clips" / f"{clip['name']}.wav").read_bytes()[wav.HEADER_BYTES :]
        last = stretches(data, FORMAT)[-1]
        wanted = min(self._killed, run.take.until or self._killed)
        at_end = wanted - (run.heard_from + FORMAT.seconds(last.first + last.frames))
        within = 0 if run.take.was_paused else FORMAT.seconds(missing(data, FORMAT))
        return max(0.0, at_end) + within


def check_sound(data: bytes, clip: dict[str, Any]) -> None:
    """Every frame is numbered sound, but for the silence in gaps; where it breaks off there was a pause or a gap."""
    assert len(data) == clip["frames"] * FORMAT.frame_bytes
    pieces = stretches(data, FORMAT)
    filled = sum(gap["frames"] for gap in clip["gaps"] if gap["filled"])
    assert sum(piece.frames for piece in pieces) + filled == clip["frames"]
    assert len(pieces) <= 1 + len(clip["pauses"]) + len(clip["gaps"])


def cpu_seconds(pid: int) -> float:
    """Time that a process has had of the processors (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fill(box: Box) -> None:
    """A thousand clips of another device; too short to be delivered."""
    folder = box.state / "clips"
    folder.mkdir(parents=True)
    sound = wav.build(FORMAT, 200) + bytes(200)
    for number in range(OLD_CLIPS):
        started = ClockStamp(10**18 + number * 10**9, 0, "", ClockSource.NONE)
        clip = Clip(
            f"old{number:07}", f"old_old{number:07}", "old", FORMAT, 100, len(sound), started, verdict=Verdict.TOO_SHORT
        )
        (folder / f"{clip.name}.wav").write_bytes(sound)
        (folder / f"{clip.name}.json").write_text(to_json(clip))


@pytest.fixture
def killing(box: Box, test_card: Path, systemd: socket.socket) -> Killing:
    device = f"testcard:{test_card}"
    box.config.write_text(
        box.config.read_text()
        + f"  attic: {{backend: folder, path: {box.root}/attic}}\n"
        + f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\n'
    )
    fill(box)
    return Killing(box, systemd, SEED)


@pytest.mark.alone
@pytest.mark.timeout(120 + 10 * KILLS)
def test_kills_at_random_cost_no_clip_and_less_than_a_second(
    killing: Killing, box: Box, say: Callable[[str], None]
) -> None:
    killing.start()
    first = killing.starts.pop()  # it enters all old clips: the limits are those of a start after a kill
    killing.efforts.pop()
    for _ in range(KILLS):
        run = killing.live_and_die()
        killing.note_promises(run)
        killing.start()
        killing.check(run)
    box.until(box.nothing_waits, timeout=120)
    killing.check_files(list(killing.promised))
    names = [path.name for path in (box.state / "clips").iterdir()]
    assert len(names) == len(set(names)) == 2 * (OLD_CLIPS + len(killing.promised))
    assert len(box.clips()) == OLD_CLIPS + len(killing.promised)
    starts, losses = killing.starts, killing.losses
    say(
        f"{KILLS} kills, seed {SEED}: {len(killing.promised)} clips, {len(killing.arrived)} deliveries, none lost; "
        f"{len(losses)} in mid-take, missing at most {max(losses):.3f} s, median {statistics.median(losses):.3f} s; "
        f"start-up median {statistics.median(starts):.2f} s, longest {max(starts):.2f} s, "
        f"of the processor {statistics.median(killing.efforts):.2f} s; the first of all {first:.2f} s"
    )
    assert max(losses) <= 1.0
    assert max(killing.efforts) < 1.0  # of the processor: what a start takes on a machine that does nothing else
    assert statistics.median(starts) < 1.0


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints where a person sees it."""

    def print_it(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return print_it
