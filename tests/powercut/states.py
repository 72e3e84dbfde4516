"""Which of the countless states that a power cut may leave are looked at."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from tests.powercut import log
from tests.powercut.choices import all_but, at_random, everything, nothing, only
from tests.powercut.disk import Change, Choice, Disk, Safety, State, Sync
from tests.powercut.judge import Judge
from tests.powercut.log import Kind, Record

FILLERS = (0x00, 0x5A)
"""What a file has where it has a size but no data yet: nothing, or what lay there before."""

_STEPS = frozenset(Kind) - {Kind.BEGIN, Kind.SAID, Kind.HEARD}


def crashes(records: Sequence[Record]) -> list[int]:
    """Moments between which nothing happens on the disk and nothing is promised: the power goes before record N."""
    return [
        number + 1
        for number, record in enumerate(records)
        if record.kind in _STEPS or (record.kind is Kind.SAID and b'"event"' in record.data)
    ]


def every_step(safety: Safety, records: Sequence[Record]) -> Iterator[tuple[int, State]]:
    """At each moment: nothing that was not synced is there, and all of it is."""
    for crash in crashes(records):
        open = safety.open(crash)
        yield crash, safety.state(crash, nothing(open))
        yield crash, safety.state(crash, everything(open))


def sample(safety: Safety, records: Sequence[Record], random: Random) -> Iterator[tuple[int, State]]:
    """Without end: states at random moments, from the plain ones to any mixture. Mere sound counts for less."""
    moments = crashes(records)
    sound = [records[crash - 1].kind is Kind.WRITE and len(records[crash - 1].data) > 1000 for crash in moments]
    weights = [1 if plain else 5 for plain in sound]
    while True:
        (crash,) = random.choices(moments, weights)
        yield crash, safety.state(crash, _choice(safety, crash, random), random.choice(FILLERS))


def _choice(safety: Safety, crash: int, random: Random) -> Choice:
    open = safety.open(crash)
    plain = (nothing(open), everything(open))
    singles = (all_but(open, random.choice(open)), only(open, random.choice(open))) if open else ()
    return random.choice((*plain, *singles, at_random(open, random), at_random(open, random)))


def without(judge: Judge, left_out: Sequence[Sync], random: Random) -> Iterator[tuple[int, State]]:
    """Without end: states of a disk that ignored these syncs, at moments when that makes a difference."""
    ignored = set(map(id, left_out))
    safety = Safety(judge.disk, [sync for sync in judge.disk.syncs if id(sync) not in ignored])
    moments = [crash for crash in crashes(judge.records) if _missed(judge, safety, crash)]
    while moments:
        crash = random.choice(moments)
        open, missed = safety.open(crash), _missed(judge, safety, crash)
        one = random.choice(missed)
        for choice in (
            {**everything(open), **dict.fromkeys(missed, False)},
            nothing(open),
            all_but(open, one),
            at_random(open, random),
        ):
            yield crash, safety.state(crash, choice, random.choice(FILLERS))


def _missed(judge: Judge, safety: Safety, crash: int) -> list[Change]:
    return [change for change in safety.open(crash) if judge.safety.is_safe(change, crash)]


def second_cuts(state: State, work: Path, library: Path, random: Random) -> Iterator[State]:
    """Without end: states after a start on `state` in the folder `work` during which the power went again."""
    root = work / "root"
    root.mkdir(parents=True)
    state.write(root)
    before = tuple(log.snapshot(root))
    environment = {**os.environ, **log.environment(library, root, work / "log")}
    subprocess.run([sys.executable, "-m", "tests.powercut.restart", root], env=environment, check=True, timeout=60)
    records = (*before, *log.read(work / "log"))
    disk = Disk(records)
    safety = Safety(disk, disk.syncs)
    moments = [crash for crash in crashes(records) if crash > len(before)]
    while True:
        crash = random.choice(moments)
        yield safety.state(crash, _choice(safety, crash, random), random.choice(FILLERS))


def distinct(states: Iterator[tuple[int, State]], count: int, tries: int = 20) -> Iterator[tuple[int, State]]:
    """The first `count` different states, or fewer where even `tries` times as many hold no more."""
    seen: set[tuple[int, int]] = set()
    for number, (crash, state) in enumerate(states):
        key = crash, state.key()
        if key not in seen:
            seen.add(key)
            yield crash, state
        if len(seen) >= count or number >= count * tries:
            return
