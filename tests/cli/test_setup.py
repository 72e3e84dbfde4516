"""What `appliance config check` says, with the plugins that are installed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli.main import root
from appliance.errors import ConfigError
from appliance.plans import Plans
from appliance.plugin_host import PluginHost

CONFIG = """\
storage: {directory: FOLDER}
destinations: {shelf: {backend: folder, path: FOLDER}}
"""

Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check a configuration that has nothing wrong with it, apart from the lines that are added."""

    def run(lines: str, *options: str) -> Result:
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.replace("FOLDER", str(tmp_path)) + lines)
        return CliRunner().invoke(root, ["--socket", str(tmp_path / "none"), "config", "check", str(path), *options])

    return run


def test_a_plugin_to_disable_that_is_misspelt_is_a_warning(check: Check, tmp_path: Path) -> None:
    checked = check("disabled_plugins: [upload-s4]")
    assert checked.exit_code == 0, checked.output
    assert (
        f'{tmp_path}/config.yaml: warning: disabled_plugins: found "upload-s4", expected the name of an installed '
        'plugin; did you mean "upload-s3"?\n'
    ) in checked.stdout
    assert "is good" in checked.stdout
    assert "disabled_plugins" not in check("disabled_plugins: [upload-s3]").output


def test_a_program_gets_it_as_json(check: Check) -> None:
    good, bad = check("disabled_plugins: [upload-s4]", "--json"), check("devise: 5", "--json")
    told = json.loads(good.stdout)
    assert told["good"] and "upload-s4" in told["warnings"][0] and told["problems"] == []
    told = json.loads(bad.stdout)
    assert not told["good"] and "devise" in told["problems"][0]
    assert isinstance(bad.exception, ConfigError)


def test_a_destination_whose_plugin_is_disabled_cannot_be_used(check: Check) -> None:
    error = check("disabled_plugins: [upload-folder]").exception
    assert isinstance(error, ConfigError) and "which is disabled" in str(error)


def test_a_place_in_memory_is_an_error(tmp_path: Path, memory: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"storage: {{directory: {memory}}}\n")
    error = CliRunner().invoke(root, ["--socket", str(tmp_path / "none"), "config", "check", str(path)]).exception
    assert isinstance(error, ConfigError) and "storage.directory: recordings are kept in memory only" in str(error)


@pytest.mark.parametrize("path", ["/", ".", "..", "x" * 250, "/dev"])
def test_a_box_is_not_started_by_what_is_no_file(path: str) -> None:
    with pytest.raises(ConfigError):
        Plans(Path(path), PluginHost, {}).start()
