"""Where a configuration comes from: the file, what of it can be used, or the last one that could be.

Whoever asks for a configuration while the box runs gets it whole or an error. Whoever starts the box gets one that
records, whatever has become of the file: after the next power cut nobody is there to correct it.
"""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve

from appliance.config import loader
from appliance.config.settings import Settings
from appliance.durable import write_file
from appliance.errors import ConfigError
from appliance.plugin_host import PluginHost
from appliance.turn import Plan

_KEPT = "config.last-used.yaml"
_STATE = Path("/var/lib/appliance")

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
        """A copy of the last file that was used whole is kept in the state directory of the unit (STATE_DIRECTORY of
        systemd.exec(5)), without the secrets that it names.
        """
        self._path = path
        self._discover = discover
        self._environment = environment
        self._kept = Path(environment.get("STATE_DIRECTORY", "").split(":")[0] or _STATE) / _KEPT

    def read(self) -> Plan:
        """The configuration as it is now, whole. Raises ConfigError with every problem."""
        text, plugins = loader.read(self._path), self._discover()
        secrets = self._path.with_name(loader.SECRETS_FILE)
        settings = loader.parse(text, str(self._path), plugins.extensions, self._environment, secrets)
        return self._plan(plugins, loader.Usable(settings), lambda: self._keep(text))

    def start(self) -> Plan:
        """The configuration to start with. Raises ConfigError where neither the file nor the one kept is of any use."""
        try:
            return self.read()
        except ConfigError as error:
            problem = error
        for problem_of in str(problem).splitlines():
            log.error("configuration: %s", problem_of)
        try:
            return self._usable(self._path)
        except ConfigError:
            pass
        try:
            plan = self._usable(self._kept)
        except ConfigError:
            raise problem from None
        first = str(problem).splitlines()[0]
        return evolve(plan, complaint=f"the configuration cannot be used, the last one that could be goes on: {first}")

    def _usable(self, path: Path) -> Plan:
        text, plugins = loader.read(path), self._discover()
        secrets = self._path.with_name(loader.SECRETS_FILE)
        found = loader.usable(text, str(path), plugins.extensions, self._environment, secrets)
        return self._plan(plugins, found, lambda: None)

    def _plan(self, plugins: PluginHost, found: loader.Usable, used: Callable[[], None]) -> Plan:
        for warning in plugins.disable(found.settings.disabled_plugins):
            log.warning("configuration: %s", warning)
        return Plan(found.settings, plugins, found.left_out, used=used)

    def _keep(self, text: str) -> None:
        """Keep what was used, should the file be spoilt one day. Where that cannot be, there is just no copy."""
        try:
            if not self._kept.is_file() or self._kept.read_text(encoding="utf-8") != text:
                write_file(self._kept, text.encode())
        except (OSError, ValueError) as error:
            log.info("no copy of the configuration is kept at %s: %s", self._kept, error)
