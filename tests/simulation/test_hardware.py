from pathlib import Path

import pytest

from appliance.simulation.hardware import built_in_settings
from appliance.simulation.keyboard import SIMULATED


def test_the_built_in_settings_name_the_panel_and_stay_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = built_in_settings()
    assert settings.panel == SIMULATED
    assert settings.storage.directory.is_relative_to(tmp_path) and settings.control.socket.is_relative_to(tmp_path)
