"""What a terminal gets: lines of its width, nothing cut that is copied, and text that is nothing but text."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli import show
from appliance.cli.doctor import show_step
from appliance.cli.main import main
from appliance.cli.terminal import Painted, cells, cut, entries, say, say_json, shown, table, tell
from appliance.codec import to_plain
from appliance.models import Gap, GapCause, Verdict
from appliance.report import FaultReport, FeedReport, Report, StorageReport
from appliance.status import PlaybackStatus
from tests.cli.test_show import CLIP

EVIL = "cloud :cloud: [red]x[/] \x1b]0;gone\x07 \x9b2J \u202egnp.\u2066 \udce0\r\n\t\0 e\u0301 日本"


@pytest.fixture(params=[40, 80])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def is_harmless(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


def delivery(destination: str, state: str, **more: Any) -> dict[str, Any]:
    empty = {"receipt": None, "progress": None, "last_error": "", "attempts": 1}
    return {"destination": destination, "state": state, **empty, **more}


def entry(*deliveries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    clip = to_plain(CLIP) | {"id": "abcdefghij", "frames": 48_000 * 3729, "verdict": "too_short"} | changes
    return {"clip": clip, "path": f"/var/lib/appliance/clips/{'x' * 60}.wav", "deliveries": list(deliveries)}


def test_the_status_fits(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    faults = (FaultReport(name="delivery:cloud", message="the address cannot be reached, " * 4),)
    show.status(Report(faults=faults, storage=StorageReport(free=10**12, free_seconds=474_203, warning="w " * 50)))
    lines = printed(capsys)
    assert all(cells(line) <= columns for line in lines) and any("5 days 11 hours" in line for line in lines)


def test_the_status_says_what_the_last_clip_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    gaps = (Gap(0, 72_000, 1, GapCause.DEVICE), Gap(90_000, 24_000, 1, GapCause.DEVICE))
    show.status(Report(last_clip=evolve(CLIP, id="abcdefghij", gaps=gaps, verdict=Verdict.GAPS)))
    assert "  the last clip lacks 2.0 s: `appliance clips show abcdefghij` says why" in printed(capsys)


STATES = ("parked", "pending", "sending", "delivered", "cancelled")
MANY = [delivery(f"destination{number}", STATES[number % 5]) for number in range(60)]


def test_a_clip_has_one_line_or_two(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    show.clips([entry(*MANY), entry(), entry(MANY[3])])
    lines = printed(capsys)
    assert all(cells(line) <= columns for line in lines)
    heads = [line for line in lines if line.startswith("abcdefghij  1970-01-01 01:00:00  1:02:09")]
    assert len(heads) == 3 and len(lines) <= 6
    assert "12 parked, 12 pending" in " ".join(lines)


def test_what_is_copied_is_whole(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    show.clip(entry(*MANY))
    said = capsys.readouterr().out
    assert f"/var/lib/appliance/clips/{'x' * 60}.wav" in said.split()
    assert all(cells(line) <= columns or "/clips/" in line for line in said.splitlines())


def test_nothing_is_folded_for_a_program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    tell("word " * 100)
    show.clips([entry(*MANY)] * 2)
    assert len(printed(capsys)) == 3


def test_what_does_not_fit_side_by_side_stands_one_below_the_other(
    columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    table(("plugin", "state", "message"), [("name" * 10, "broken", "because of many words that are long")])
    lines = printed(capsys)
    assert all(cells(line) <= columns for line in lines)
    if columns == 40:
        assert lines[:2] == ["name" * 10, "  state: broken"] and len(lines) == 4
    else:
        assert lines[0].split() == ["plugin", "state", "message"]


CLASSES: list[Callable[[str], None]] = [
    lambda text: tell(text, Painted(text, "red")),
    lambda text: say(text),
    lambda text: table(("a", "b"), [(text, text)]),
    lambda text: entries([(text, text), ("", text)]),
    lambda text: show.clip(entry(delivery(text, "parked", last_error=text), name=text)),
    lambda text: show.clips([entry(delivery(text, text), verdict=text)]),
    lambda text: show.tracks([{"id": 7, "feed": text, "title": text, "size": 1, "played": False}]),
    lambda text: show.cards([{"name": text, "words": [text], "capture": text, "playback": text}]),
    lambda text: show_step({"result": "fail", "name": text, "words": text, "next_step": text}),
    lambda text: say_json({text: text}),
    lambda text: show.status(
        Report(
            device=text,
            faults=(FaultReport(name=text, message=text),),
            feeds={text: FeedReport(failures=3, last_error=text)},
            removed_destinations={text: 1},
            removed_feeds={text: 1},
            playback=PlaybackStatus("p", text, 2.0),
            storage=StorageReport(warning=text),
        )
    ),
]


@pytest.mark.parametrize("tell", CLASSES)
def test_foreign_text_is_nothing_but_text(tell: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    tell(EVIL)
    said = capsys.readouterr().out
    assert is_harmless(said) and "cloud :cloud: [red]x[/]" in said and "\\x1b]0;gone" in said.replace("u001b", "x1b")


@click.command()
@click.argument("text")
def repeat(text: str) -> None:
    tell(text)


@given(st.text().filter(lambda text: not text.startswith("-")), st.integers(10, 200))
def test_any_text_is_told_in_lines_that_fit(text: str, columns: int) -> None:
    lines = CliRunner().invoke(repeat, [text], env={"COLUMNS": str(columns)}).stdout.split("\n")
    assert is_harmless("".join(lines))
    assert [word for line in lines for word in line.split()] == shown(text).split()
    assert all(cells(line) <= columns or len(line.split()) == 1 for line in lines)


@given(st.text(), st.integers(1, 80))
def test_what_is_cut_fits(text: str, columns: int) -> None:
    short = cut(shown(text), columns)
    assert cells(short) <= columns and (short == shown(text) or short.endswith("…"))


@pytest.mark.parametrize("width", [40, 80])
def test_a_real_terminal_gets_its_width_and_no_character_that_it_obeys(width: int) -> None:
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", str(width)], stdin=slave, check=True)
    program = f"from appliance.cli.terminal import tell, Painted; tell('word ' * 30, Painted({EVIL!r}, 'red'))"
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    subprocess.run([sys.executable, "-c", program], stdin=slave, stdout=slave, check=True, env=environment)
    os.close(slave)
    said = os.read(master, 1 << 16).decode()
    os.close(master)
    plain = re.sub(r"\x1b\[(31|0)m", "", said).replace("\r\n", "\n")
    assert "\x1b[31m" in said and is_harmless(plain)
    assert all(cells(line) <= width for line in plain.splitlines()) and len(plain.splitlines()) > 2


def test_there_is_no_other_way_out() -> None:
    for path in Path(show.__file__).parent.glob("*.py"):
        assert path.name == "terminal.py" or not re.search(r"click\.s?echo|\bprint\(", path.read_text()), path


def test_a_sentence_is_one_line(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    say("word " * 100)
    say("word " * 100, error=True)
    told = capsys.readouterr()
    assert told.out == told.err == "word " * 100 + "\n"


@pytest.mark.parametrize("words", [("web", "pin"), ("web", "password", "--password", "x")], ids=" ".join)
def test_a_wrong_argument_ends_with_the_same_code_where_no_box_was_asked(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["appliance", *words])
    monkeypatch.setenv("APPLIANCE_WEB_KEYS", str(tmp_path / "keys"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
