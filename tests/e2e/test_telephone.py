"""Calls on a telephone: what is heard at its earpiece, and sample by sample what is kept of what it hears."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from appliance.models import AudioFormat
from appliance.prompts.sounds import SHIPPED
from appliance.simulation.sound import Stretch, stretches
from tests.e2e.conftest import Box

RATE = 48_000
GUARD = round(0.15 * RATE)
PLACED = round(0.05 * RATE)
"""Frames by which a machine that is not too busy knows when a frame sounded."""
MARGIN = round(0.3 * RATE)
"""Frames of silence that a recipe leaves behind the last word."""
TONE, _ = soundfile.read(SHIPPED / "tone.flac", dtype="int16")

CONFIG = """\
device: {{name: guestbook}}
panel: {{switches: {{22: handset}}, buttons: {{17: record.toggle}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}", volume: 100}}}}
destinations: {{shelf: {{backend: folder, path: {root}/shelf}}}}
recording: {{min_duration: 200ms, max_duration: {longest}}}
flow: {{script: telephone, delay: 100ms, greeting: {root}/greeting.wav}}
"""

NEARLY_UP = ("time_is_nearly_up", "stopped")

BOOTH = CONFIG.replace("17: record.toggle", "17: flow.next").replace(
    "script: telephone, delay: 100ms, greeting: {root}/greeting.wav", "script: booth, booth: {{listen_back: true}}"
)
NEXT, AGAIN = "1", "2"
CALLS = 200


class Telephone:
    """A box with a handset, on a test card of its own."""

    def __init__(self, root: Path, longest: str = "1m", config: str = CONFIG) -> None:
        self.card = root / "card"
        self.card.mkdir(parents=True, exist_ok=True)
        self.greeting = np.random.default_rng(7).integers(-9000, 9000, RATE // 2, dtype=np.int16)
        soundfile.write(root / "greeting.wav", self.greeting, RATE)
        self.box = Box(root)
        self.box.config.write_text(config.format(root=root, device=f"testcard:{self.card}", longest=longest))
        self.start()

    def start(self) -> None:
        self.box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])

    def restart(self) -> None:
        self.box.signal(signal.SIGTERM)
        self.start()

    def lift(self) -> None:
        self.box.press("o")
        self.box.until(lambda: self.step != "on hook")

    def hang_up(self) -> None:
        self.box.press("o")
        self.box.until(lambda: self.step == "on hook")

    @property
    def step(self) -> str:
        """Where the flow is, as the log tells."""
        return next(
            (line.split(": ")[1] for line in reversed(self.box.log.read_text().splitlines()) if "flow: " in line),
            "on hook",
        )

    @property
    def seconds(self) -> float:
        take: dict[str, Any] = self.box.status()["take"] or {"seconds": 0.0}
        return float(take["seconds"])

    def call(self, speaks: float) -> Stretch:
        """Lift, hear the greeting and the tone, speak, hang up: what the clip holds of what the microphone heard."""
        before = len(self.box.clips())
        self.lift()
        self.box.until(lambda: self.seconds >= speaks)
        assert self.step == "recording"
        self.hang_up()
        self.box.until(lambda: len(self.box.clips()) > before)
        return self.kept(self.box.clips()[0])

    def kept(self, entry: dict[str, Any]) -> Stretch:
        """Every sample of the clip is compared: it must be one piece of what the microphone heard."""
        samples, rate = soundfile.read(entry["path"], dtype="int16")
        (piece,) = stretches(samples.tobytes(), AudioFormat(rate, 1))
        assert piece.frames == len(samples) and not entry["clip"]["gaps"]
        return piece

    @property
    def heard(self) -> NDArray[np.int16]:
        """All that sounded in the earpiece."""
        played = self.card / "played.raw"
        return np.frombuffer(played.read_bytes() if played.exists() else b"", "<i2")[::2]

    def ends(self, sound: NDArray[np.int16]) -> Iterator[int]:
        """When the very samples of `sound` had sounded, each time, as numbers of frames."""
        starts = [tuple(map(int, line.split())) for line in (self.card / "starts").read_text().splitlines()]
        heard, at = self.heard.tobytes(), -2
        while (at := heard.find(sound.tobytes(), at + 2)) >= 0:
            index = at // 2
            first, number = max(start for start in starts if start[0] <= index)
            yield number + index - first + len(sound)

    def is_quiet(self) -> bool:
        """Whether the handset is on the hook and nothing goes on."""
        status = self.box.status()
        return bool(status["recorder"] == "idle" and status["player"] == "stopped")


@pytest.fixture
def telephone(alsa_config: Path, tmp_path: Path) -> Iterator[Telephone]:
    made = Telephone(tmp_path)
    yield made
    made.box.end()


@pytest.mark.slow
def test_each_guest_hears_the_greeting_and_the_tone_and_is_recorded_from_there_on(telephone: Telephone) -> None:
    kept = [telephone.call(0.5), telephone.call(0.3)]
    greetings, tones = list(telephone.ends(telephone.greeting)), list(telephone.ends(TONE))
    assert len(greetings) == len(tones) == 2
    for piece, greeted, told in zip(kept, greetings, tones, strict=True):
        assert greeted + len(TONE) <= told
        assert told <= piece.first <= told + GUARD + RATE
    telephone.box.until(telephone.box.delivered)
    assert len(telephone.box.clips()) == 2


@pytest.mark.slow
def test_who_hangs_up_in_the_greeting_leaves_nothing_and_the_next_guest_is_greeted(telephone: Telephone) -> None:
    telephone.lift()
    telephone.box.until(lambda: len(telephone.heard) > RATE // 10)
    telephone.hang_up()
    telephone.call(0.3)
    assert len(telephone.box.clips()) == 1 and len(list(telephone.ends(telephone.greeting))) == 1


@pytest.mark.slow
def test_a_forgotten_handset_ends_by_itself_and_says_so(alsa_config: Path, tmp_path: Path) -> None:
    telephone = Telephone(tmp_path, longest="1s")
    try:
        telephone.lift()
        telephone.box.until(lambda: telephone.box.clips())
        entry = telephone.box.clips()[0]
        assert telephone.kept(entry).frames == RATE and entry["clip"]["cut"]
        stopped, _ = soundfile.read(SHIPPED / "stopped.flac", dtype="int16")
        telephone.box.until(lambda: list(telephone.ends(stopped)))
        telephone.hang_up()
        telephone.lift()
        telephone.box.until(lambda: len(telephone.box.clips()) == 2)
    finally:
        telephone.box.end()


@pytest.mark.slow
def test_the_silence_of_a_forgotten_handset_is_cut_from_what_is_sent(alsa_config: Path, tmp_path: Path) -> None:
    config = CONFIG.replace("{root}/shelf}}", "{root}/shelf, deliver_as: message}}")
    config += "renditions: {{message: {{format: flac, steps: {{trim: {{tail: true}}}}}}}}\n"
    telephone = Telephone(tmp_path, longest="4s", config=config)
    try:
        telephone.lift()
        telephone.box.until(lambda: telephone.seconds > 1)
        (telephone.card / "silent").touch()
        telephone.box.until(telephone.box.delivered)
        (entry,) = telephone.box.clips()
        kept, _ = soundfile.read(entry["path"], dtype="int16")
        (sent,) = telephone.box.shelf.glob("*.flac")
        found, rate = soundfile.read(sent, dtype="int16")
        spoken = int(np.flatnonzero(kept)[-1]) + 1
        assert len(kept) == 4 * RATE and entry["clip"]["cut"] and RATE < spoken < 3 * RATE
        assert rate == RATE and abs(len(found) - spoken - MARGIN) <= PLACED
        assert np.array_equal(found, kept[: len(found)])
    finally:
        telephone.box.end()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begins", "preroll"), [("tone", 0), ("tone", 100), ("greeting_end", 0), ("lift", 0), ("lift", 100)]
)
def test_a_clip_begins_where_the_configuration_says(
    begins: str, preroll: int, alsa_config: Path, tmp_path: Path
) -> None:
    config = CONFIG.replace("script: telephone, delay: 100ms", f"script: telephone, begins: {begins}, delay: 500ms")
    config = config.replace("min_duration", f"preroll: {preroll}ms, min_duration")
    telephone = Telephone(tmp_path, config=config)
    try:
        telephone.box.until(lambda: begins != "lift" or not preroll or telephone.box.status()["listening"])
        kept = [telephone.call({"lift": 2.0}.get(begins, 0.8)) for _ in range(3)]
        greeted, told = list(telephone.ends(telephone.greeting)), list(telephone.ends(TONE))
        assert len(greeted) == len(told) == 3
        wanted = {
            "tone": [end + GUARD for end in told],
            "greeting_end": [end + GUARD for end in greeted],
            "lift": [end - len(telephone.greeting) - RATE // 2 - preroll * RATE // 1000 for end in greeted],
        }[begins]
        late = PLACED if begins != "lift" or preroll else RATE // 4  # the switch settles before the microphone opens
        assert -PLACED <= median(piece.first - due for piece, due in zip(kept, wanted, strict=True)) <= late
        for piece, heard in zip(kept, told, strict=True):
            holds_tone = piece.first <= heard - len(TONE) and heard <= piece.first + piece.frames
            assert holds_tone is (begins != "tone")
    finally:
        telephone.box.end()


@pytest.mark.slow
def test_who_speaks_for_long_hears_that_the_time_is_nearly_up_and_then_that_it_is_over(
    alsa_config: Path, tmp_path: Path
) -> None:
    telephone = Telephone(tmp_path, longest="8s")
    nearly, stopped = (soundfile.read(SHIPPED / f"{each}.flac", dtype="int16")[0] for each in NEARLY_UP)
    try:
        telephone.lift()
        telephone.box.until(lambda: list(telephone.ends(stopped)))
        piece = telephone.kept(telephone.box.clips()[0])
        [warned], [over] = telephone.ends(nearly), telephone.ends(stopped)
        assert piece.frames == 8 * RATE
        assert warned - len(nearly) < piece.first + piece.frames <= over - len(stopped)
    finally:
        telephone.box.end()


@pytest.mark.slow
def test_a_greeting_recorded_on_the_box_itself_is_the_one_that_the_next_guest_hears(telephone: Telephone) -> None:
    box, file = telephone.box, telephone.box.state / "greeting.wav"
    assert "greeting awaited" in box.cli("greeting", "record").stdout
    box.press("o")
    box.until(lambda: telephone.seconds >= 0.5)
    box.press("o")
    box.until(lambda: telephone.step == "greeting recorded")
    box.press("o")
    box.until(lambda: telephone.step == "greeting heard")
    telephone.hang_up()
    box.until(lambda: file.exists() and not box.clips())
    own, _ = soundfile.read(file, dtype="int16")
    (piece,) = stretches(own.tobytes(), AudioFormat(RATE, 1))
    assert piece.frames == len(own) >= RATE // 2 and not list(telephone.ends(telephone.greeting))
    telephone.call(0.3)
    assert len(list(telephone.ends(own))) == 2 and len(box.clips()) == 1
    telephone.restart()
    telephone.call(0.3)
    assert len(list(telephone.ends(own))) == 3
    box.cli("greeting", "forget")
    telephone.call(0.3)
    assert len(list(telephone.ends(telephone.greeting))) == 1 and len(list(telephone.ends(own))) == 3
    box.until(box.delivered)
    assert len(list(box.shelf.glob("*.wav"))) == 3, "the greeting was nobody's business"


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["reload", "stop", "power", "power in the midst of it"])
def test_a_new_greeting_that_nobody_has_decided_about_is_heard_at_the_next_lift_after_a_start(
    ends: str, telephone: Telephone
) -> None:
    box, file = telephone.box, telephone.box.state / "greeting.wav"
    box.cli("greeting", "record")
    box.press("o")
    box.until(lambda: telephone.seconds >= 1.5)
    if ends == "power in the midst of it":
        box.signal(signal.SIGKILL)
        telephone.start()
    else:
        box.press("o")
        box.until(lambda: telephone.step == "greeting recorded")
        match ends:
            case "reload":
                box.cli("config", "reload")
                box.until(lambda: box.status()["turn"] == 2)
            case "stop":
                telephone.restart()
            case "power":
                box.signal(signal.SIGKILL)
                telephone.start()
    box.until(lambda: len(box.clips()) == 1)
    assert "1 recording not decided" in box.cli("status").stdout
    spoken, _ = soundfile.read(box.clips()[0]["path"], dtype="int16")
    if ends == "stop":
        box.cli("clips", "keep", box.clips()[0]["clip"]["id"])
    else:
        box.press("o")
        box.until(lambda: telephone.step == "greeting heard")
        assert len(list(telephone.ends(spoken))) == 1
        telephone.hang_up()
    box.until(lambda: file.exists() and not box.clips())
    before = len(list(telephone.ends(spoken)))
    telephone.call(0.3)
    assert len(list(telephone.ends(spoken))) == before + 1 and not list(telephone.ends(telephone.greeting))
    assert "not decided" not in box.cli("status").stdout


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", ["recording", "review"])
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_booth_that_loses_its_power_or_is_stopped_keeps_the_story_and_says_that_nobody_has_decided(
    by: signal.Signals, killed_at: str, alsa_config: Path, tmp_path: Path
) -> None:
    telephone = Telephone(tmp_path, config=BOOTH)
    box = telephone.box
    telephone.lift()
    box.until(lambda: telephone.seconds >= 1.5)
    if killed_at == "review":
        box.press(NEXT)
        box.until(lambda: telephone.step == "review")
    box.signal(by)
    telephone.start()
    box.until(lambda: len(box.clips()) == 1)
    [entry] = box.clips()
    assert telephone.kept(entry).frames >= RATE // 4, "what was told is there, every sample of it"
    assert entry["deliveries"] == [] and not list(box.shelf.glob("*.wav"))
    assert "1 recording not decided" in box.cli("status").stdout
    assert entry["clip"]["name"][-10:] in box.cli("clips", "list", "--undecided").stdout
    box.cli("clips", "keep", entry["clip"]["id"])
    box.until(lambda: [each["state"] for each in box.clips()[0]["deliveries"]] == ["delivered"])
    assert "not decided" not in box.cli("status").stdout
    box.end()


@pytest.mark.slow
@pytest.mark.parametrize("keeps", ["next", "hangs up"])
def test_a_story_that_somebody_deletes_while_it_is_listened_to_is_no_fault(
    keeps: str, alsa_config: Path, tmp_path: Path
) -> None:
    telephone = Telephone(tmp_path, config=BOOTH)
    box = telephone.box
    try:
        telephone.lift()
        box.until(lambda: telephone.seconds >= 1.5)
        box.press(NEXT)
        box.until(lambda: telephone.step == "review")
        box.cli("clips", "delete", box.clips()[0]["clip"]["id"])
        box.press(NEXT if keeps == "next" else "o")
        box.until(lambda: telephone.step == ("over" if keeps == "next" else "on hook"))
        if keeps == "next":
            telephone.hang_up()
        telephone.lift()
        box.until(lambda: telephone.seconds >= 1.5)
        telephone.hang_up()
        box.until(lambda: box.clips() and box.clips()[0]["deliveries"] and box.delivered())
        assert len(box.clips()) == 1 and "catalogue" not in box.log.read_text(), box.log.read_text()
    finally:
        box.end()


@pytest.mark.slow
def test_a_handset_stays_lifted_while_the_configuration_changes(telephone: Telephone) -> None:
    telephone.lift()
    telephone.box.until(lambda: len(telephone.heard) > RATE // 10)
    telephone.box.cli("config", "reload")
    telephone.box.until(lambda: telephone.seconds >= 1.0)
    telephone.hang_up()
    telephone.box.until(lambda: len(telephone.box.clips()) == 1)
    telephone.kept(telephone.box.clips()[0])
    telephone.call(0.3)


@pytest.mark.slow
@pytest.mark.parametrize("decides", ["keeps", "tells again", "hangs up"])
def test_a_configuration_that_changes_waits_until_somebody_has_decided_about_a_story(
    decides: str, alsa_config: Path, tmp_path: Path
) -> None:
    telephone = Telephone(tmp_path, config=BOOTH.replace("17: flow.next", "17: flow.next, 27: flow.again"))
    box = telephone.box
    try:
        telephone.lift()
        box.until(lambda: telephone.seconds >= 1.5)
        assert "once the take in progress" in box.cli("config", "reload").stdout
        box.press(NEXT)
        box.until(lambda: telephone.step == "review")
        assert "once the take in progress" in box.cli("config", "reload").stdout
        [entry] = box.clips()
        assert box.status()["turn"] == 1 and entry["deliveries"] == []
        told, _ = soundfile.read(entry["path"], dtype="int16")
        box.until(lambda: list(telephone.ends(told)))
        if decides == "tells again":
            box.press(AGAIN)
            box.until(lambda: telephone.seconds >= 1.5 and not box.clips())
            assert box.status()["turn"] == 1
            box.press(NEXT)
            box.until(lambda: telephone.step == "review")
        if decides == "hangs up":
            telephone.hang_up()
        else:
            box.press(NEXT)
        box.until(lambda: box.status()["turn"] == 2)
        box.until(lambda: [each["state"] for each in box.clips()[0]["deliveries"]] == ["delivered"])
        assert len(box.clips()) == len(list(box.shelf.glob("*.wav"))) == 1
        assert "not decided" not in box.cli("status").stdout
    finally:
        box.end()


@pytest.mark.slow
@pytest.mark.parametrize("flow", ["telephone", "booth", "message_box"])
def test_the_demonstration_shows_that_all_is_well(flow: str) -> None:
    done = subprocess.run([sys.executable, "-m", "demo", "--flow", flow], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("yes ") >= 3, done.stdout + done.stderr


@pytest.mark.slow
def test_many_calls_of_every_kind_leave_exactly_the_right_clips(alsa_config: Path, tmp_path: Path) -> None:
    """On several boxes at once; each call is hung up in the greeting, in the tone, or after some words."""

    def live(telephone: Telephone, seed: int) -> None:
        chance, wanted, perhaps = random.Random(seed), 0, 0
        for _ in range(CALLS // len(boxes)):
            if chance.random() < 0.3:
                telephone.lift()
                time.sleep(chance.uniform(0.0, 0.6))
                perhaps += telephone.step == "recording"  # a busy machine may have been too slow
                telephone.hang_up()
            else:
                telephone.call(chance.uniform(0.2, 0.8))
                wanted += 1
        telephone.box.until(telephone.is_quiet)
        assert 0 <= len(telephone.box.clips()) - wanted <= perhaps
        kept = [telephone.kept(entry) for entry in reversed(telephone.box.clips())]
        tones = list(telephone.ends(TONE))
        for piece in kept:
            told = max(each for each in tones if each <= piece.first)
            late.append(piece.first - told - GUARD)
        results.append(wanted)

    late: list[int] = []
    results: list[int] = []
    with ExitStack() as stack:
        boxes = [Telephone(tmp_path / str(number)) for number in range(8)]
        for telephone in boxes:
            stack.callback(telephone.box.end)
        threads = [threading.Thread(target=live, args=(box, seed)) for seed, box in enumerate(boxes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == len(boxes) and sum(results) >= CALLS // 2
    assert max(late) <= RATE and -PLACED <= median(late) <= PLACED
