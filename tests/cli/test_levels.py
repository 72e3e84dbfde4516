"""`appliance levels` at a terminal, and for programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.cli.levels import bar
from appliance.cli.main import root
from appliance.clock import SystemClock
from appliance.control.server import ControlServer
from appliance.errors import Refused

LEVELS = {"peak_dbfs": -20.0, "held_dbfs": -12.0, "rms_dbfs": -30.0}


def step(advice: str, words: str, *, done: bool = False) -> dict[str, Any]:
    return {**LEVELS, "advice": advice, "words": words, "gain": "12 dB (Mic)", "done": done}


STEPS = [step("speak", "speak now"), step("speak", "speak now"), step("turned", "turned up")]


def typed(tmp_path: Path, steps: list[dict[str, Any]], *arguments: str) -> tuple[Result, list[dict[str, object]]]:
    asked = []

    def levels(**wishes: object) -> Iterator[dict[str, Any]]:
        asked.append(wishes)
        yield from steps

    server = ControlServer(tmp_path / "s", "", SystemClock())
    server.start({"levels": levels, "hello": lambda: {}})
    try:
        return CliRunner().invoke(root, ["--socket", str(tmp_path / "s"), "levels", *arguments]), asked
    finally:
        server.close()


def test_what_to_do_is_said_once_and_what_was_done(tmp_path: Path) -> None:
    result, asked = typed(tmp_path, [*STEPS, step("done", "done: 12 dB", done=True)])
    assert result.output.splitlines() == ["speak now", "turned up", "done: 12 dB"]
    assert (result.exit_code, asked) == (0, [{"advice": False, "in_take": False}])


def test_a_gain_that_was_not_found_is_an_error_with_what_to_do(tmp_path: Path) -> None:
    result, _ = typed(tmp_path, STEPS)
    assert isinstance(result.exception, Refused)
    assert "the gain is as it was: too little was heard that is speech" in str(result.exception)


def test_advice_alone_needs_no_end(tmp_path: Path) -> None:
    result, asked = typed(tmp_path, STEPS, "--advice", "--in-take")
    assert (result.exit_code, asked) == (0, [{"advice": True, "in_take": True}])


def test_lines_for_programs(tmp_path: Path) -> None:
    result, _ = typed(tmp_path, STEPS, "--json", "--advice")
    assert [json.loads(line) for line in result.output.splitlines()] == STEPS


@pytest.mark.parametrize(
    ("level", "held", "shown"),
    [
        (-144.0, -144.0, "[|-----------------------------]"),
        (-30.0, -12.0, "[###############---------|-----]"),
        (0.0, 0.0, "[#############################|]"),
    ],
)
def test_the_bar(level: float, held: float, shown: str) -> None:
    assert bar(level, held) == shown
