"""The table of parity promises nothing that is not there: every name in it exists, and so does every test."""

import inspect
import re
from pathlib import Path

import attrs
import pytest

import appliance
from appliance import events
from appliance.models import Receipt

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/mini-program-parity.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("| theirs", "|---"))
]
THEIRS = {
    "Recorder": "start pause resume stop onStart onPause onResume onStop onFrameRecorded onError onInterruptionBegin "
    "onInterruptionEnd duration sampleRate numberOfChannels encodeBitRate format frameSize audioSource tempFilePath "
    "fileSize frameBuffer isLastFrame",
    "Player": "src startTime autoplay loop volume playbackRate duration currentTime paused buffered play pause stop "
    "seek destroy onCanplay onPlay onPause onStop onEnded onTimeUpdate onWaiting onSeeking onSeeked onError",
    "uploadFile": "url filePath name header formData timeout success fail complete onProgressUpdate onHeadersReceived "
    "abort",
    "downloadFile": "url header timeout filePath statusCode Content-Type onProgressUpdate abort",
}
"""What is promised to stand in each section."""


@pytest.mark.parametrize("section", THEIRS)
def test_the_table_has_every_name(section: str) -> None:
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    named = set(re.findall(r"`([\w-]+)`", "\n".join(line.split("|")[1] for line in text.splitlines() if "|" in line)))
    assert set(THEIRS[section].split()) <= named


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_entry_of_a_line_is_there(row: list[str]) -> None:
    _, command, option, python, socket, _, tests = row
    commands = (ROOT / "docs/reference/command-line.md").read_text()
    for name in re.findall(r"`([^`]+)`", command):
        assert f"\n## `{name}`\n" in commands
    for name in re.findall(r"`([^`]+)`", option):
        assert has_option(name), f"no option {name}"
    for name in re.findall(r"`([^`]+)`", python):
        assert has_member(name), f"Python has no {name}"
    protocol = (ROOT / "docs/reference/control-protocol.md").read_text()
    for name in re.findall(r"`([^`]+)`", socket):
        assert hasattr(events, name) or f"\n## `{name}`\n" in protocol, f"the socket has no {name}"
    assert any((command, option, python, socket))
    proofs = re.findall(r"`(.+?)::(.+?)`", tests)
    for path, name in proofs:
        assert f"def {name}(" in (ROOT / path).read_text(), f"there is no test {path}::{name}"
    assert not python or any(path.startswith("tests/api/") for path, _ in proofs)
    assert not socket or any(path.startswith(("tests/e2e/", "tests/control/")) for path, _ in proofs)
    assert proofs


def has_option(dotted: str) -> bool:
    """Whether the reference of the configuration has that section, or that option in one of its sections."""
    place, _, name = dotted.rpartition(".")
    sections = (ROOT / "docs/reference/configuration.md").read_text().split("\n## ")
    within = "\n".join(text for text in sections if text.startswith(f"`{place}`"))
    return f"\n| `{name}` |" in within or any(text.startswith((f"`{dotted}`", f"`{dotted}.")) for text in sections)


def has_member(name: str) -> bool:
    whole, _, argument = name.partition("(")
    owner, _, member = whole.partition(".")
    thing = Receipt if owner == "Receipt" else getattr(appliance, owner)
    if argument:
        return argument.rstrip(")") in inspect.signature(thing).parameters
    return not member or hasattr(thing, member) or member in attrs.fields_dict(thing)
