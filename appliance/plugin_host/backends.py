"""What plugins bring, of each kind, and how one of it is built."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import attrs

from appliance.errors import ApplianceError, ConfigError, Permanent, PluginError
from appliance.extras import installing
from appliance.foreign import printable, words
from appliance.limits import begun
from appliance.plugin.kinds import Kind
from appliance.plugin_host.record import Plugin
from appliance.values import frozen

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@frozen
class Brought:
    """One type that a plugin brings, such as a kind of destination, and the plugin."""

    plugin: Plugin
    kind: Kind
    type: Any

    def build(self, name: str, options: object, context: object, seconds: float) -> Callable[[], Any]:
        """Begin to build one for the entry `name` of the configuration, in so many seconds; the result waits for it.

        That raises as `translated` does; what the plugin says a person must do is to be done in the configuration.
        """
        what = f"build:{self.kind.one}:{self.type.name}:{name}"
        outcome = begun(seconds, partial(self.create, options, context), what)

        def built() -> Any:
            with self.translated(f"{name}: "):
                try:
                    return outcome()
                except Permanent as error:
                    raise ConfigError(f"{name}: {words(error)}") from error

        return built

    def create(self, options: object, context: object) -> Any:
        """Build one, and look at it. Raises whatever the plugin raises, and TypeError where it breaks its contract."""
        built = self.type.create(options, context)
        getattr(built, "live", False)
        lacks = [part for part in vars(self.kind.contract) if not part.startswith("_") and not hasattr(built, part)]
        if lacks:
            raise TypeError(f"{type(built).__name__} is no {self.kind.contract.__name__}: it has no {', '.join(lacks)}")
        return built

    @contextmanager
    def translated(self, who: str = "") -> Iterator[None]:
        """Run code of the plugin; what is wrong is said of `who`.

        Raises ConfigError where an extra is missing, PluginError where the plugin is at fault.
        """
        plugin = self.plugin
        try:
            yield
        except PluginError as error:
            raise PluginError(f"{who}plugin {plugin.name} failed: {words(error)}") from error
        except ApplianceError:
            raise
        except ImportError as error:
            if not self.type.extra:
                raise PluginError(f"{who}plugin {plugin.name} is incomplete: {words(error)}") from error
            wanted = installing(self.type.extra, plugin.status.distribution or "audio-appliance")
            called = f"{self.kind.chooser} {self.type.name!r}"
            raise ConfigError(f"{who}{called} needs more than is installed: {wanted}") from error
        except BaseException as error:  # a plugin may do anything
            raise PluginError(f"{who}plugin {plugin.name} failed: {words(error)}") from error


def checked(plugin: Plugin, kind: Kind) -> dict[str, Brought]:
    """What a plugin brings of a kind, by name, asked for.

    Raises whatever the plugin raises, and PluginError where it breaks the contract.
    """
    found: dict[str, Brought] = {}
    for brought in (each for answer in plugin.call(kind.hook) for each in answer):
        if not isinstance(brought, kind.brings):
            raise PluginError(f"it names {brought!r}, which is no {kind.brings.__name__}")
        if not isinstance(brought.name, str) or not _NAME.fullmatch(brought.name):
            words = "expected a name of letters, digits, - and _"
            raise PluginError(f"it names a {kind.chooser} {printable(repr(brought.name))}, {words}")
        called = f"{kind.chooser} {brought.name!r}"
        given = brought.options
        if not (attrs.has(given) if isinstance(given, type) else callable(given)):
            raise PluginError(f"the options of {called} are no attrs class")
        refuse_twice(kind, brought.name, found)
        fields = attrs.fields_dict(given).keys() if isinstance(given, type) else set()
        if clash := fields & attrs.fields_dict(kind.common).keys():
            raise PluginError(f"{called} has options that every {kind.one} has: {', '.join(sorted(clash))}")
        found[brought.name] = Brought(plugin, kind, brought)
    return found


def refuse_twice(kind: Kind, name: str, known: Mapping[str, Brought]) -> None:
    """Raises PluginError where something of that name has been brought before."""
    if earlier := known.get(name):
        raise PluginError(f"{kind.chooser} {name!r} comes from plugin {earlier.plugin.name} already")


def find(known: Mapping[str, Brought], kind: Kind, name: str, wanted: Any) -> Brought:
    """The type that the entry `name` of the configuration chooses. Raises ConfigError where it cannot be used."""
    chosen = getattr(wanted, kind.chooser)
    brought = known.get(chosen)
    needs = f"{kind.one} {name!r} needs {kind.chooser} {chosen!r}"
    if brought is None:
        raise ConfigError(f"{needs}, and no plugin brings it: see `appliance plugins`")
    if not brought.plugin.active:
        raise ConfigError(f"{needs} of plugin {brought.plugin.name}, which is {brought.plugin.status.state}")
    return brought
