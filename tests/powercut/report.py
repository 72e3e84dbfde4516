"""Which syncs matter, and the numbers for the documentation."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from appliance.audio.wav import HEADER_BYTES
from tests.powercut.daemon import FORMAT
from tests.powercut.disk import State, Sync
from tests.powercut.judge import Judge
from tests.powercut.states import distinct, every_step, sample, second_cuts, without
from tests.powercut.syncs import NOTHING, by_purpose
from tests.powercut.told import Told

UNDECIDED = {
    NOTHING: "by SQLite when it closes, and at a deletion, as the folder of the take may have gone unsynced",
    "catalogue.db-journal": "by SQLite: guards the making of the catalogue, which can be made again",
    "renditions/": "by libsndfile at every close; an encoding is compared with its hash before use, and made again",
    "state/: +clips": "SQLite syncs the same folder right after; ours counts where it has its log already",
    "tracks/": "what is known of a track stands in the catalogue; notes are read where that was lost",
    "guests": "what a guest sends is on the phone until it is a clip; these let it be gone on with",
    "trash/": "a clip that was thrown away is whole under its old name or its new one, and found under either",
    "clips/: -NAME": "what was deleted may come back once more; nothing that should stay is lost by that",
}
"""Syncs, by a part of their purpose, that may be left out without anybody noticing, and why they are made."""


def notice(judge: Judge, syncs: Sequence[Sync], random: Random, most: int, root: Path) -> tuple[int, str]:
    """How many states it took, at most `most`, to see that a disk ignores these syncs, and what was seen, if so."""
    count = 0
    for crash, state in distinct(without(judge, syncs, random), most):
        count += 1
        if complaints := judge.complaints(state, crash, root):
            return count, complaints[0]
    return count, ""


def most_unsafe(judge: Judge) -> float:
    """Seconds of sound that the outside was told of and a power cut at the worst moment would have cost."""
    worst, told = 0, Told()
    for number, record in enumerate(judge.records):
        told.take_in(record)
        if told.lengths and told.lengths[-1].take_id not in told.clips.keys() | told.to_discard:
            length = told.lengths[-1]
            safe = (judge.safe_bytes(length.take_id, number + 1) - HEADER_BYTES) // FORMAT.frame_bytes
            worst = max(worst, length.frames - safe)
    return FORMAT.seconds(worst)


def run(judge: Judge, library: Path, arena: Path, states: int, seed: int, say: Callable[[str], None]) -> int:
    """Try as many states as wanted and more, leave out every kind of sync, and tell; how many states were bad."""
    random = Random(seed)
    say(f"{len(judge.records)} records, {len(judge.disk.changes)} changes, {len(judge.disk.syncs)} syncs")
    say(f"sound told of and not safe: at most {most_unsafe(judge):.2f} s")
    plain = distinct(every_step(judge.safety, judge.records), 1_000_000)
    bad = _try(judge, "every step, nothing or all of what is not synced", plain, arena, say)
    chosen = distinct(sample(judge.safety, judge.records, random), states)
    bad += _try(judge, "parts of it, reordered and torn", chosen, arena, say)
    twice = _twice(judge, library, arena, states // 20, random)
    bad += _try(judge, "cut again during the start after a cut", twice, arena, say)
    for purpose, syncs in by_purpose(judge.disk).items():
        count, seen = notice(judge, syncs, random, 1000, arena / "root")
        why = next((reason for word, reason in UNDECIDED.items() if word in purpose), "")
        say(f"| {purpose} | {len(syncs)} | {f'{seen} ({count})' if seen else f'nothing seen ({count}): {why}'} |")
    return bad


def _try(judge: Judge, what: str, states: Iterator[tuple[int, State]], arena: Path, say: Callable[[str], None]) -> int:
    begun, count, bad = time.monotonic(), 0, 0
    for crash, state in states:
        count += 1
        if complaints := judge.complaints(state, crash, arena / "root"):
            bad += 1
            say(f"BAD at {crash}: {complaints}")
    say(f"{what}: {count} states, {bad} bad, {time.monotonic() - begun:.0f} s")
    return bad


def _twice(judge: Judge, library: Path, arena: Path, starts: int, random: Random) -> Iterator[tuple[int, State]]:
    for number, (crash, state) in enumerate(distinct(sample(judge.safety, judge.records, random), starts)):
        cuts = second_cuts(state, arena / f"start{number}", library, random)
        yield from distinct(zip(itertools.repeat(crash), cuts), 20)
