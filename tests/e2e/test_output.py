"""Where what is said cannot be written, every command ends in a documented code, and in one line at most."""

import os
import subprocess
import sys
from typing import Any

import pytest

from appliance.errors import StorageError
from tests.cli.commands import DOCUMENTED, commands

Box = Any  # tests/e2e/conftest.py is not importable


def run(box: Box, output: Any, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "appliance", "--socket", str(box.socket), *words]
    done = subprocess.run(
        command, stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, cwd=box.socket.parent
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_output_to_a_full_disk(shared_box: Box, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  as a shell does
        code, said = run(shared_box, full, *words)
    assert code in DOCUMENTED - {0} and "Traceback" not in said, said
    assert said.startswith("appliance: ") and said.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_output_to_a_pipe_that_nobody_reads(shared_box: Box, words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    code, said = run(shared_box, write, *words)
    os.close(write)
    assert code in DOCUMENTED and said.count("\n") <= 1 and "Traceback" not in said, said


@pytest.mark.parametrize("words", [("--help",), ("status",), ("events", "--help")], ids=" ".join)
def test_a_full_disk_is_named(shared_box: Box, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  as a shell does
        assert run(shared_box, full, *words) == (
            StorageError.exit_code,
            "appliance: standard output: No space left on device\n",
        )


def test_nobody_need_hear_of_an_error(shared_box: Box) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  as a shell does
        command = [sys.executable, "-m", "appliance", "nonsense"]
        assert subprocess.run(command, stdout=full, stderr=full, timeout=60).returncode == 2
