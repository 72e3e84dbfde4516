"""The presets that come with the appliance can be used as they are."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli.main import root
from appliance.config.flow import Script
from appliance.page import begin

PRESETS = sorted((Path(__file__).parents[2] / "share/appliance/presets").glob("*.yaml"))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_the_preset_passes_the_check(preset: Path) -> None:
    done = CliRunner().invoke(root, ["config", "check", str(preset)])
    assert done.exit_code == 0, done.output


def test_there_is_one_for_each_flow() -> None:
    flows = {script.value for script in Script if script is not Script.NONE}
    assert flows <= {preset.stem for preset in PRESETS}


def test_each_is_called_by_what_it_is_for() -> None:
    assert begin.PRESETS.keys() == {each.stem for each in PRESETS}
