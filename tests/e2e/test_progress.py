"""What lasts tells at a terminal how far it is, and nothing of that in a pipe."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable


def at_a_terminal(box: Box, *words: str) -> str:
    """What the command says there, with every state of its last line on a line of its own."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", "80"], stdin=slave, check=True)
    command = [sys.executable, "-m", "appliance", "--socket", str(box.socket), *words]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        said = b""
        while data := _read(master):
            said += data
        assert process.wait(30) == 0, said.decode()
    os.close(master)
    return re.sub(r"\r\x1b\[K", "\n~", said.decode()).replace("\r\n", "\n")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 1 << 16)
    except OSError:  # nobody has the other end any more
        return b""


def quiet(box: Box, *words: str) -> str:
    done = box.cli(*words)
    assert "\x1b" not in done.stdout + done.stderr and "\r" not in done.stdout + done.stderr
    return str(done.stdout + done.stderr)


@pytest.mark.slow
def test_clips_at_a_terminal_and_in_a_pipe(box: Box, tmp_path: Path) -> None:
    box.start()
    clip = box.record(1.0)
    box.until(box.delivered)
    said = at_a_terminal(box, "clips", "export", "--to", str(tmp_path / "a"))
    assert re.search(rf"~{re.escape(clip['name'])}\.wav: \S+ kB of", said) and "1 clip copied" in said
    assert quiet(box, "clips", "export", "--to", str(tmp_path / "b")).count("\n") == 1
    assert "~1 copy looked at" in at_a_terminal(box, "clips", "verify", "--all", "--to", "shelf")
    assert "looked at" not in quiet(box, "clips", "verify", "--all", "--to", "shelf")
    slow = f"  slow: {{backend: folder, path: {tmp_path}/slow, rate_limit: 30kB}}\n"
    box.config.write_text(box.config.read_text() + slow)
    box.cli("config", "reload")
    said = at_a_terminal(box, "clips", "deliver", "--all", "--to", "slow")
    assert re.search(r"~slow: 1 clip to go, .* of .* kB at .*/s", said) and "slow: nothing waits any more" in said
    assert (
        quiet(box, "clips", "deliver", "--all", "--to", "slow")
        == "0 clips queued for slow: whatever goes there is there, or waits already\n"
    )


@pytest.mark.slow
def test_feeds_at_a_terminal_and_in_a_pipe(box: Box, web: str) -> None:
    box.config.write_text(box.config.read_text() + f'feeds: {{news: {{urls: ["{web}/speech.flac"], every: 1h}}}}\n')
    box.start()
    said = at_a_terminal(box, "feeds", "pull")
    assert "~pulling news" in said and "news: pulled, 1 message not heard yet" in said
    assert "~fetching" in at_a_terminal(box, "play", f"{web}/speech.flac")
    assert quiet(box, "feeds", "pull", "news") == "pulling; `appliance events` shows what arrives\n"
