"""What the commands about clips say of how many there were."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from click.testing import CliRunner, Result

from appliance.cli.clips import clips
from appliance.cli.remote import Remote
from appliance.codec import to_plain
from appliance.errors import DeliveryError, StorageError, UsageError
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from tests.cli.test_show import CLIP


@frozen
class Answering(Remote):
    """An appliance that gives the same answer to every call."""

    answer: Any

    def call(self, method: str, **params: object) -> Any:
        return self.answer

    def stream(self, method: str, **params: object) -> Iterator[dict[str, Any]]:
        yield from self.answer


def run(answer: Any, *words: str) -> Result:
    return CliRunner().invoke(clips, words, obj=Answering(Path("none"), answer))


@pytest.mark.parametrize(("count", "said"), [(0, "0 clips queued"), (1, "1 clip queued"), (2, "2 clips queued")])
def test_how_many_were_queued(count: int, said: str) -> None:
    assert run(count, "deliver", "--all", "--to", "office").output.startswith(f"{said} for office")


def test_how_many_are_tried_again() -> None:
    assert run(1, "retry").output == "1 delivery tried again\n"
    assert run(2, "retry").output == "2 deliveries tried again\n"


def test_how_many_were_copied(tmp_path: Path) -> None:
    for name in ("a.wav", "a.json"):
        (tmp_path / name).write_bytes(b"data")
    entry = {"path": str(tmp_path / "a.wav"), "clip": {"size": 4}}
    target = tmp_path / "stick"
    said = run([entry], "export", "--to", str(target)).output
    assert said == f"1 clip copied to {target}, 0 were there already\n"
    said = run([entry], "export", "--to", str(target)).output
    assert said == f"0 clips copied to {target}, 1 was there already\n"


@pytest.mark.parametrize("left", [bytes(4), b"dat", b""], ids=["zeros", "short", "empty"])
def test_a_copy_that_a_power_cut_left_is_made_anew(left: bytes, tmp_path: Path) -> None:
    target = tmp_path / "stick"
    target.mkdir()
    (tmp_path / "a.wav").write_bytes(b"data")
    (target / "a.wav").write_bytes(left)
    entry = {"path": str(tmp_path / "a.wav"), "clip": {"size": 4}}
    said = run([entry], "export", "--to", str(target)).output
    assert said == f"a.wav: different there and copied anew\n1 clip copied to {target}, 0 were there already\n"
    assert [(path.name, path.read_bytes()) for path in target.iterdir()] == [("a.wav", b"data")]


def test_a_clip_that_cannot_be_read_holds_up_no_other(tmp_path: Path) -> None:
    target = tmp_path / "stick"
    (tmp_path / "b.wav").write_bytes(b"data")
    entries = [{"path": str(tmp_path / name), "clip": {"size": 4}} for name in ("a.wav", "b.wav")]
    result = run(entries, "export", "--to", str(target))
    assert (target / "b.wav").read_bytes() == b"data"
    assert "1 clip copied" in result.output
    assert isinstance(result.exception, StorageError) and "1 clip could not be read here" in str(result.exception)


def test_a_copy_is_synced_before_it_is_told_of(tmp_path: Path) -> None:
    """Seen from outside: the calls that the kernel gets, in their order."""
    (tmp_path / "a.wav").write_bytes(b"data")
    target, trace = tmp_path / "stick", tmp_path / "trace"
    program = (
        "from pathlib import Path; from appliance.cli.export import export;"
        f"export([{{'path': {str(tmp_path / 'a.wav')!r}}}], Path({str(target)!r}), lambda *told: print('told'))"
    )
    calls = "trace=fsync,rename,write"
    subprocess.run(["strace", "-f", "-y", "-e", calls, "-o", trace, sys.executable, "-c", program], check=True)
    seen = [line for line in trace.read_text().splitlines() if str(target) in line or "told" in line]
    order = [line.split("(")[0].split()[-1] for line in seen]
    assert order[-5:] == ["write", "fsync", "rename", "fsync", "write"]


@pytest.mark.parametrize(
    ("count", "said", "error"),
    [
        (1, "1 copy: 1 missing", "not known to be good: 1 of 1 copy"),
        (2, "2 copies: 2 missing", "not known to be good: 2 of 2 copies"),
    ],
)
def test_how_many_copies_were_looked_at(count: int, said: str, error: str) -> None:
    copy = {"found": "missing", "destination": "office", "remote_name": "a.wav", "message": "", "resent": False}
    result = run([copy] * count, "verify", "--all")
    assert result.output.splitlines()[-1] == said
    assert isinstance(result.exception, DeliveryError) and str(result.exception).startswith(error)


def entry(clip_id: str, *arrived: str) -> dict[str, Any]:
    clip = Clip(clip_id, f"box_{clip_id}", "box", AudioFormat(), 96_000, 1, ClockStamp(0, 0, "", ClockSource.NTP))
    deliveries = [{"destination": name, "state": "delivered"} for name in arrived]
    return {"clip": to_plain(clip), "path": "", "deliveries": [*deliveries, {"destination": "x", "state": "pending"}]}


@pytest.mark.parametrize(
    ("arrived", "words"),
    [((), "which has not arrived anywhere"), (("office", "cloud"), "which has arrived at office and cloud")],
)
def test_what_is_to_be_deleted_is_said_before_and_after(arrived: tuple[str, ...], words: str) -> None:
    answer = entry("abcdefghij", *arrived)
    asked = run(answer, "delete", "--now", "abcdef", "abcdefghij", "box_abcdefghij").output
    assert "Delete 1 clip for good?" in asked and "box_abcdefghij, recorded 1970-01-01 " in asked
    assert "2.0 s long" in asked and words in asked
    moved = run(answer, "delete", "abcdefghij").output
    assert moved.startswith("moved to the trash: box_abcdefghij, ") and words in moved
    gone = run(answer, "delete", "--now", "--yes", "abcdefghij").output
    assert gone.startswith("deleted for good: box_abcdefghij, ")


def test_too_little_of_an_id_deletes_nothing() -> None:
    result = run(entry("abcdefghij"), "delete", "--yes", "abcde")
    assert isinstance(result.exception, UsageError) and "'abcde' is too little to delete by" in str(result.exception)


@frozen
class Shelf(Remote):
    """An appliance with `size` clips."""

    size: int

    def call(self, method: str, **params: Any) -> Any:
        if method == "clips.count":
            return self.size
        start = int(params["after"] or 0)
        return [_entry(number) for number in range(start, self.size)][: params["limit"]]


def _entry(number: int) -> dict[str, Any]:
    return {"clip": {**to_plain(CLIP), "id": str(number + 1)}, "path": "/clips/c.wav", "deliveries": []}


def listed(size: int, *words: str) -> list[str]:
    return CliRunner().invoke(clips, ["list", *words], obj=Shelf(Path("none"), size)).output.splitlines()


def test_a_list_says_how_many_more_there_are() -> None:
    assert listed(5, "--limit", "2")[-1] == "3 more clips: --page 2, or --limit 5 for all"
    assert listed(5, "--limit", "4")[-1] == "1 more clip: --page 2, or --limit 5 for all"
    assert len(listed(5)) == len(listed(5, "--limit", "5")) == 5
    assert [line.split()[0] for line in listed(5, "--limit", "2", "--page", "2")] == ["3", "4", "1"]
    assert [line.split()[0] for line in listed(5, "--limit", "2", "--page", "3")] == ["5"]
    assert listed(5, "--limit", "2", "--page", "4") == ["no clips"]
    assert len(json.loads("".join(listed(5, "--limit", "2", "--json")))) == 2
