"""What a configuration may say of triggers, and what not."""

from pathlib import Path

import pytest

from appliance.config.loader import parse
from appliance.config.settings import Settings
from appliance.errors import ConfigError

PRESETS = Path(__file__).parents[2] / "share/appliance/presets"


def settings(text: str) -> Settings:
    return parse(text, "test", {}, {})


def test_there_is_none_by_default_and_in_no_preset_with_a_flow() -> None:
    assert settings("{}").triggers == {}
    with_some = {preset.stem for preset in PRESETS.glob("*.yaml") if "\ntriggers:" in preset.read_text()}
    assert with_some == {"wildlife"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("flow: telephone\npanel: {switches: {22: handset}}\ntriggers: {a: {}}", "leave the triggers out"),
        ("triggers: {bats: {low: 24000}}", "nothing above 24000 Hz is heard"),
        ("audio: {capture: {rate: 16000}}\ntriggers: {a: {high: 9000}}", "nothing above 8000 Hz is heard"),
        ("triggers: {a: {low: 3000, high: 2000}}", "expected more than low 3000"),
        ("triggers: {a: {preroll: 10s, longest: 10s}}", "longest must be at least 1s more"),
        ("triggers: {a: {take: {profile: nothing}}}", "there is no profile 'nothing'"),
        (
            "recording: {profiles: {wide: {channels: 2}}}\ntriggers: {a: {take: {profile: wide}}}",
            "set it in audio.capture",
        ),
        ("triggers: {a: {only: {begin: dawn + 13h}}}", "no more than 12h"),
    ],
)
def test_what_cannot_work_is_said_in_words(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        settings(text)


def test_a_profile_that_only_splits_is_fine() -> None:
    wanted = settings("recording: {profiles: {long: {split_every: 10s}}}\ntriggers: {a: {take: {profile: long}}}")
    assert wanted.triggers["a"].take.profile == "long"
