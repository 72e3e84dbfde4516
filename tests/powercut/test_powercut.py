"""The power goes at any moment of a day: nothing that was promised is lost. See `docs/durability.md`.

More states, and the table of syncs: `python -m tests.powercut`.
"""

import io
import itertools
import os
import signal
import wave
from pathlib import Path
from random import Random
from typing import Any

import pytest

from appliance.audio.wav import HEADER_BYTES
from appliance.simulation.sound import stretches
from tests.powercut import scenario
from tests.powercut.choices import everything
from tests.powercut.daemon import FORMAT, Daemon
from tests.powercut.judge import DESTINATIONS, Judge
from tests.powercut.report import UNDECIDED, notice
from tests.powercut.states import distinct, sample, second_cuts
from tests.powercut.syncs import by_purpose
from tests.powercut.told import told_before

pytestmark = pytest.mark.alone

STATES = int(os.environ.get("POWERCUT_STATES", "400"))
SEED = int(os.environ.get("POWERCUT_SEED", "1"))


def test_the_record_is_complete(judge: Judge, day: Path) -> None:
    """Played back to its end, it yields every file as it really is; but for SQLite's index, which is mapped memory."""
    end = len(judge.records)
    state = judge.safety.state(end, everything(judge.safety.open(end)))
    root = day / "root"
    assert state.paths.keys() == {str(path.relative_to(root)) for path in root.rglob("*")}
    for path, node in state.paths.items():
        if not node.is_folder and not path.endswith("-shm"):
            assert (root / path).read_bytes() == state.contents[node], path


def test_much_was_promised(judge: Judge) -> None:
    told = told_before(judge.records, len(judge.records))
    assert len(told.takes) == 8 and len(told.clips) >= 6 and len(told.to_delete) == 3 and len(told.discarded) == 1
    assert len(told.receipts) >= 12 and len(told.tracks) == 2 and len(told.marks) == 2 and len(told.pauses) == 1
    assert any(clip.recovered for clip in told.clips.values())
    made_room = told.deleted - told.to_delete
    assert len(made_room) == 5 and all(told.receipts[clip_id, "office"].verified for clip_id in made_room)


def test_what_was_recorded_is_what_the_card_heard(judge: Judge) -> None:
    """The numbered sound of the test card: not a frame is missing, but in a pause."""
    told = told_before(judge.records, len(judge.records))
    for clip in told.clips.values():
        content = judge.sound(clip.id, len(judge.records))
        with wave.open(io.BytesIO(content)) as audio:
            assert audio.getnframes() == clip.frames
        assert len(content) == clip.size and clip.gaps == ()
        assert len(stretches(content[HEADER_BYTES:], FORMAT)) == 1 + len(clip.pauses)


def test_a_power_cut_costs_nothing_that_was_promised(judge: Judge, arena: Path) -> None:
    random = Random(SEED)
    count = 0
    for crash, state in distinct(sample(judge.safety, judge.records, random), STATES):
        count += 1
        assert judge.complaints(state, crash, arena / "root") == [], f"seed {SEED}, state {count}, crash {crash}"
    assert count == STATES


def test_a_second_power_cut_during_the_start_costs_nothing_either(judge: Judge, day: Path, arena: Path) -> None:
    random = Random(SEED)
    for first, (crash, state) in enumerate(distinct(sample(judge.safety, judge.records, random), STATES // 40)):
        cuts = second_cuts(state, arena / f"{first}", day / "filelog.so", random)
        for number, again in enumerate(itertools.islice(cuts, 15)):
            complaints = judge.complaints(again, crash, arena / "root")
            assert complaints == [], f"seed {SEED}, state {first}, crash {crash}, second cut {number}"


def test_every_sync_is_needed(judge: Judge, arena: Path) -> None:
    """With teeth: on a disk that ignores one kind of sync, something that was promised is lost."""
    unnoticed = [
        purpose
        for purpose, syncs in by_purpose(judge.disk).items()
        if not any(word in purpose for word in UNDECIDED)
        and not notice(judge, syncs, Random(SEED), 1000, arena / "root")[1]
    ]
    assert unnoticed == []


def test_the_daemon_starts_on_what_is_left_and_delivers_it(judge: Judge, alsa_config: Path, tmp_path: Path) -> None:
    for number, (crash, state) in enumerate(distinct(sample(judge.safety, judge.records, Random(SEED)), 4)):
        root = tmp_path / f"root{number}"
        root.mkdir()
        state.write(root)
        told = told_before(judge.records, crash)
        with scenario.news() as news:
            daemon = Daemon(root, alsa_config, news.url)
            try:
                daemon.start()
                daemon.until(lambda daemon=daemon: is_delivered(daemon.clips()))  # type: ignore[misc]
                clips = {entry["clip"]["id"]: entry for entry in daemon.clips()}
            finally:
                daemon.end(signal.SIGKILL)
        for promised in told.clips.keys() - told.to_delete:
            name, sound = told.clips[promised].file_name, judge.sound(promised, crash)
            assert (root / "shelf" / name).read_bytes() == sound
            if promised in clips:
                assert (root / "state/clips" / name).read_bytes() == sound


def is_delivered(clips: list[dict[str, Any]]) -> bool:
    """Whether all clips have arrived in both folders."""
    rows = [row for entry in clips for row in entry["deliveries"] if row["destination"] in DESTINATIONS]
    return all(row["state"] == "delivered" for row in rows)
