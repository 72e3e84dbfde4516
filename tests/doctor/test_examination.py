"""The whole examination, the configuration and the plugins."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.audio.speech import PROGRAM
from appliance.config.actions import ButtonAction
from appliance.config.loader import parse
from appliance.config.settings import ButtonSettings, DeviceSettings, LedSettings, PanelSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.doctor import Box, Finding, Prompt, Result, Step, examine
from appliance.doctor.setup import configuration, encryption, plugins
from appliance.doctor.setup import speech as spoken
from appliance.errors import ConfigError, StorageError, UsageError
from appliance.plugin_host import PluginHost
from appliance.simulation.cards import FakeCards
from appliance.simulation.sound import speech

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]


def raising(error: Exception) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def test_a_healthy_box_passes(make_box: Make, findings: Findings) -> None:
    found = findings(examine(make_box(cards=FakeCards(sound=speech))))
    assert {finding.result for finding in found} <= {Result.PASS, Result.WARN, Result.SKIP}
    names = [finding.name for finding in found]
    assert names[:2] == ["configuration", "plugins"] and "clock" in names and "free space" in names


def test_buttons_and_leds_only_where_asked(make_box: Make) -> None:
    settings = Settings(panel=PanelSettings(leds={18: LedSettings()}))
    box = make_box(settings, cards=FakeCards(sound=speech))
    told = [step.words for step in examine(box, leds=True) if isinstance(step, Prompt)]
    assert any("LED 18" in words for words in told)
    assert not any("LED 18" in step.words for step in examine(box) if isinstance(step, Prompt))


KEYS = ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",)


def encrypting(make_box: Make) -> Iterator[Step]:
    return encryption(make_box(Settings(storage=StorageSettings(encrypt_to=KEYS))))


def test_without_keys_nothing_is_said_of_encryption(make_box: Make) -> None:
    assert [*encryption(make_box())] == []


def test_encryption_needs_its_program(make_box: Make, findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (found,) = findings(encrypting(make_box))
    assert (found.result, found.next_step) == (Result.FAIL, "`sudo apt install age`")
    assert found.words == "age is not installed: clips wait to be encrypted"


@pytest.mark.skipif(not shutil.which("age"), reason="Debian's age is not installed")
def test_encryption_is_tried_for_each_key(make_box: Make, findings: Findings) -> None:
    (found,) = findings(encrypting(make_box))
    assert (found.name, found.result, found.words) == ("encryption", Result.PASS, "age encrypts for 1 key")


def test_a_key_that_is_refused_is_named(
    make_box: Make, findings: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "age"
    program.write_text("#!/bin/sh\necho 'age: error: malformed recipient' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (found,) = findings(encrypting(make_box))
    assert found.result is Result.FAIL and KEYS[0] in found.words and "malformed recipient" in found.words
    assert "age-keygen -y" in found.next_step


def test_one_thing_alone(make_box: Make, findings: Findings) -> None:
    assert [each.name for each in findings(examine(make_box(), only=["panel"]))] == ["panel"]
    with pytest.raises(UsageError, match="no check cellar: say configuration, plugins"):
        list(examine(make_box(), only=["cellar"]))


def test_what_no_check_foresaw_fails_it_and_not_the_others(make_box: Make, findings: Findings) -> None:
    for error in (StorageError("the disk hangs"), OSError(5, "Input/output error")):
        box = make_box(cards=FakeCards(sound=speech), outlook=raising(error))
        found = findings(examine(box))
        (failed,) = (finding for finding in found if finding.result is Result.FAIL)
        assert failed.name == "room" and str(error) in failed.words
        assert found[-1] is not failed


def test_every_problem_of_the_configuration_is_told(make_box: Make, findings: Findings) -> None:
    box = make_box(read=raising(ConfigError("config.yaml:3: a", "config.yaml:9: b")))
    first, second = findings(configuration(box))
    assert (first.result, first.words, second.words) == (Result.FAIL, "config.yaml:3: a", "config.yaml:9: b")


def test_a_configuration_that_is_good(make_box: Make, findings: Findings) -> None:
    panel = PanelSettings(buttons={17: ButtonSettings(ButtonAction.RECORD_TOGGLE)})
    (found,) = findings(configuration(make_box(Settings(panel=panel))))
    assert found.result is Result.PASS
    assert found.words == "0 destinations, 0 feeds, 0 services, 0 processors, 1 button or switch, 0 LEDs"


def test_a_configuration_that_was_changed(make_box: Make, findings: Findings) -> None:
    box = make_box(read=lambda: evolve(Settings(), device=DeviceSettings(name="other")))
    (found,) = findings(configuration(box))
    assert found.result is Result.WARN and "config reload" in found.next_step


def test_broken_and_disabled_plugins(make_box: Make, findings: Findings) -> None:
    host = PluginHost([("good", lambda: __import__("appliance_upload_folder")), ("bad", raising(ImportError("no")))])
    host.discover()
    (broken,) = findings(plugins(make_box(plugins=host)))
    assert broken.result is Result.FAIL and "plugin bad" in broken.words
    host = PluginHost([("good", lambda: __import__("appliance_upload_folder"))])
    host.discover()
    host.disable(["good"])
    (found,) = findings(plugins(make_box(plugins=host)))
    assert (found.result, found.words) == (Result.PASS, "none; disabled: good")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompts: {announce: [time]}", "prompts.announce"),
        ("flow: {script: booth, booth: {codes: true}}", "flow.booth.codes"),
        ("{}", ""),
    ],
)
def test_what_is_to_be_spoken_needs_a_voice(
    text: str, words: str, make_box: Make, findings: Findings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box = make_box(settings=parse(text, "test", {}, {}))
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = findings(spoken(box))
    assert [found.result for found in missing] == [Result.WARN] * bool(words)
    (tmp_path / PROGRAM).write_text("#!/bin/sh\n")
    (tmp_path / PROGRAM).chmod(0o755)
    assert [found.result for found in findings(spoken(box))] == [Result.PASS] * bool(words)
    assert all(words in found.words and "apt install" in (found.next_step or "") for found in missing)
