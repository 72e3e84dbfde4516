"""`python -m tests.powercut [STATES [SEED]]`: record a day, cut the power many times, and print what came of it."""

import logging
import sys
import tempfile
from pathlib import Path

from tests.powercut import report, scenario
from tests.powercut.judge import Judge
from tests.powercut.log import read
from tests.testcard.build import build


def main(states: int, seed: int) -> int:
    """The number of bad states."""
    logging.disable(logging.CRITICAL)
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory() as day,
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as arena,
    ):
        directory = Path(day)
        log = scenario.record(directory, build(directory))
        judge = Judge(read(log), directory / "root")
        return report.run(judge, directory / "filelog.so", Path(arena), states, seed, print)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(bool(main(*(numbers + [500, 1][len(numbers) :]))))
