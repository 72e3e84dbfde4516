"""Buttons that cannot mean what they say."""

import pytest

from appliance.config.loader import parse
from appliance.errors import ConfigError


@pytest.mark.parametrize("other", ["hold: record.discard", "double_press: play.latest"])
def test_a_button_that_records_while_held_means_nothing_else(other: str) -> None:
    with pytest.raises(ConfigError, match="neither hold nor double_press") as error:
        parse(f"panel:\n  buttons:\n    17: {{press: record.while_held, {other}}}\n", "c.yaml", {})
    assert str(error.value).startswith("c.yaml:3: panel.buttons.17")
