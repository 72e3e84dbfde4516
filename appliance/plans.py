"""Where a configuration comes from: the file, what of it can be used, the last one that could be, or the defaults.

Whoever asks for a configuration while the box runs gets it whole or an error. Whoever starts the box gets one that
records, whatever has become of the file: after the next power cut nobody is there to correct it.
"""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from attrs import evolve

from appliance.config import files, loader
from appliance.config.options import AbsolutePath
from appliance.config.settings import ControlSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.durable import write_file
from appliance.errors import ConfigError
from appliance.plugin_host import PluginHost
from appliance.turn import Plan

log = logging.getLogger(__name__)


class BuiltIn:
    """Settings that come with the appliance, for trying it out."""

    def __init__(self, settings: Callable[[], Settings], discover: Callable[[], PluginHost]) -> None:
        self._settings = settings
        self._discover = discover

    def read(self) -> Plan:
        """The one there is."""
        return Plan(self._settings(), self._discover())

    start = read


class Plans:
    """The configuration in the file `path`. `discover` finds the plugins anew each time."""

    def __init__(
        self, path: Path, discover: Callable[[], PluginHost], environment: Mapping[str, str] = os.environ
    ) -> None:
        """A copy of the last file that was used whole is kept, without the secrets that it names: by a service in its
        STATE_DIRECTORY (systemd.exec(5)), by others as a hidden file beside it.
        """
        self._path = path
        self._discover = discover
        self._environment = environment
        self._state = _first(environment.get("STATE_DIRECTORY"))
        self._kept = self._state / "config.last-used.yaml" if self._state else path.parent / f".{path.name}.last-used"

    def read(self) -> Plan:
        """The configuration as it is now, whole. Raises ConfigError with every problem."""
        return self._whole(files.read(self._path), self._discover())

    def _whole(self, text: str, plugins: PluginHost) -> Plan:
        secrets = self._path.with_name(loader.SECRETS_FILE)
        settings = loader.parse(text, str(self._path), plugins.extensions, self._environment, secrets)
        return self._plan(plugins, loader.Usable(settings), lambda: self._keep(text))

    def start(self) -> Plan:
        """The configuration to start with.

        Raises ConfigError where nothing can be read in the file, there is none to go back to, and whoever started the
        appliance is there to read that: a service starts by its defaults.
        """
        plugins = self._discover()
        try:
            return self._whole(files.read(self._path), plugins)
        except ConfigError as error:
            problem = error
        for problem_of in str(problem).splitlines():
            log.error("configuration: %s", problem_of)
        first = str(problem).splitlines()[0]
        last = "the configuration cannot be used, the last one that could be goes on"
        rest = "not all of the configuration can be used, and the rest is as without it"
        for path, by_defaults, words in ((self._path, False, ""), (self._kept, False, last), (self._path, True, rest)):
            with suppress(ConfigError):
                plan = self._usable(path, plugins, by_defaults=by_defaults)
                return evolve(plan, complaint=f"{words}: {first}" if words else "")
        if self._state is None and not self._is_blank():
            raise problem
        settings = self._bare()
        words = "there is no configuration, so nothing but the socket and the page can begin a take"
        where = f"what is recorded is kept in {settings.storage.directory}"
        return Plan(settings, plugins, complaint=f"{words}, and {where}: {first}")

    def _usable(self, path: Path, plugins: PluginHost, *, by_defaults: bool) -> Plan:
        text = files.read(path)
        secrets = self._path.with_name(loader.SECRETS_FILE)
        found = loader.usable(text, str(path), plugins.extensions, self._environment, secrets, by_defaults=by_defaults)
        return self._plan(plugins, found, lambda: None)

    def _is_blank(self) -> bool:
        """Whether there is a file in which nothing stands but comments."""
        try:
            lines = files.read(self._path).splitlines()
        except ConfigError:
            return False
        return all(line.lstrip()[:1] in ("", "#") for line in lines)

    def _bare(self) -> Settings:
        """Every default; state and socket where a service is given folders for them."""
        run = _first(self._environment.get("RUNTIME_DIRECTORY"))
        return Settings(
            storage=StorageSettings(AbsolutePath(self._state)) if self._state else StorageSettings(),
            control=ControlSettings(AbsolutePath(run / "control.sock")) if run else ControlSettings(),
        )

    def _plan(self, plugins: PluginHost, found: loader.Usable, used: Callable[[], None]) -> Plan:
        for warning in plugins.disable(found.settings.disabled_plugins):
            log.warning("configuration: %s", warning)
        return Plan(found.settings, plugins, found.left_out, used=used)

    def _keep(self, text: str) -> None:
        """Keep what was used, should the file be spoilt one day. Where that cannot be, there is just no copy."""
        try:
            if not self._kept.is_file() or self._kept.read_text(encoding="utf-8") != text:
                write_file(self._kept, text.encode(), mode=0o600)
        except (OSError, ValueError) as error:
            log.info("no copy of the configuration is kept at %s: %s", self._kept, error)


def _first(paths: str | None) -> Path | None:
    """The first of some paths as systemd names them."""
    return Path(paths.split(":")[0]) if paths else None
