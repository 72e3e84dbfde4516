"""Buttons and numbers that cannot mean what they say."""

import pytest

from appliance.config.loader import parse
from appliance.errors import ConfigError


@pytest.mark.parametrize("other", ["hold: record.discard", "double_press: play.latest"])
def test_a_button_that_records_while_held_means_nothing_else(other: str) -> None:
    with pytest.raises(ConfigError, match="neither hold nor double_press") as error:
        parse(f"panel:\n  buttons:\n    17: {{press: record.while_held, {other}}}\n", "c.yaml", {})
    assert str(error.value).startswith("c.yaml:3: panel.buttons.17")


def test_what_cannot_be_dialled_is_named_with_what_can() -> None:
    with pytest.raises(ConfigError) as error:
        parse("flow: {script: telephone, numbers: {17: play.latest}}\n", "c.yaml", {})
    assert "found '17', expected what can be dialled: one of 1 2 3 4 5 6 7 8 9 0 * #" in str(error.value)
    assert "must be in" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flow: {numbers: {1: play.latest}, takes: {1: {test: true}}}", "number 1 begins no take"),
        ("flow: {takes: {2: {test: true}}}", "number 2 begins no take"),
        ("flow: {numbers: {1: record.toggle}, takes: {1: {fields: {question: 1}}}}", "there is no field 'question'"),
        ("flow: {numbers: {1: record.toggle}, takes: {1: {profile: talk}}}", "there is no profile 'talk'"),
    ],
)
def test_what_a_number_says_of_a_take_is_checked(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, "c.yaml", {})
    assert words in str(error.value) and "flow.takes" in str(error.value)
