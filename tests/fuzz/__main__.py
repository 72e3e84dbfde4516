"""`python -m tests.fuzz TARGET [SECONDS]`: look for bytes that break a target, led by what they reach in the code.

Needs atheris, which has wheels for x86-64 only: `pip install atheris`. Ends with exit code 0 if nothing was found.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["appliance"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz one target; bytes that break it are shown and kept in the working directory."""
    name, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds()):
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], folder, f"-max_total_time={seconds}", "-max_len=20000"], target.check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
