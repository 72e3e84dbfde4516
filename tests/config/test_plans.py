"""Where a configuration comes from at a start."""

from pathlib import Path

import pytest

from appliance.plans import Plans
from appliance.plugin_host import PluginHost


@pytest.mark.parametrize("text", ["device: {name: box}\n", "device: {name: box, colour: red}\n", "device: [\n"])
def test_a_start_imports_the_plugins_once_whatever_the_file_is_like(text: str, tmp_path: Path) -> None:
    path, found = tmp_path / "config.yaml", list[PluginHost]()
    path.write_text(text)

    def discover() -> PluginHost:
        found.append(PluginHost())
        return found[-1]

    plan = Plans(path, discover, {"STATE_DIRECTORY": str(tmp_path)}).start()
    assert found == [plan.plugins]
