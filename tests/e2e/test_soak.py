"""Weeks of use, shortened: nothing grows. `python -m bench.soak` takes its time and draws the plot in the docs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.alone
def test_memory_threads_and_files_stay_flat() -> None:
    command = [sys.executable, "-m", "bench.soak", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| yes |") == 5
