"""All plugins, and the backends that they bring."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from appliance.clock import Clock
from appliance.config.feeds import FeedSettings
from appliance.config.options import Extensions
from appliance.config.settings import DestinationSettings, ServiceSettings
from appliance.config.words import suggestion
from appliance.errors import ConfigError, NotFound
from appliance.events import Event
from appliance.foreign import printable
from appliance.limits import PATIENCE, begun, within
from appliance.plugin import hookspecs
from appliance.plugin.feed import FeedBackend
from appliance.plugin.kinds import DESTINATION, FEED, KINDS, SERVICE, Kind
from appliance.plugin.service import House
from appliance.plugin.upload import BackendContext, UploadBackend
from appliance.plugin_host.backends import Brought, checked, find, refuse_twice
from appliance.plugin_host.installed import entry_points
from appliance.plugin_host.listeners import Listeners
from appliance.plugin_host.record import Plugin, PluginState, PluginStatus, Post, manager
from appliance.redact import shown_url

GROUP = "appliance"
"""The entry point group that plugins are found by."""

_OWN = "audio-appliance"
_DISABLED = "disabled in the configuration"

_Found = dict[Kind, dict[str, Brought]]


class PluginHost:
    """Discovers plugins, builds their backends and tells them what happens."""

    def __init__(
        self,
        plugins: Iterable[tuple[str, Callable[[], object]]] = (),
        disabled: Collection[str] = (),
        *,
        origins: Mapping[str, tuple[str, str]] | None = None,
        kinds: Iterable[Kind] = KINDS,
        patience: float = PATIENCE,
    ) -> None:
        """`plugins` are names and the functions that import them; `origins` the distribution and version of each.

        Of two that bring the same backend the first one wins. `patience` is how many seconds a plugin has to be
        imported and to name what it brings, and to build each of it.
        """
        self._patience = patience
        self._brought: dict[Kind, dict[str, Brought]] = {kind: {} for kind in kinds}
        hooks = (*hookspecs.LISTENING, *(kind.hook for kind in self._brought))
        self._plugins = [
            Plugin(PluginStatus(name, *(origins or {}).get(name, ())), load, manager(hooks)) for name, load in plugins
        ]
        self._disabled = disabled
        self._listeners: Listeners | None = None

    @classmethod
    def installed(cls, disabled: Collection[str] = ()) -> "PluginHost":
        """The plugins of all installed distributions; the appliance's own come first."""
        found = sorted(entry_points(GROUP), key=lambda point: (point.distribution != _OWN, point.name))
        origins = {point.name: (point.distribution, point.version) for point in reversed(found)}
        return cls([(point.name, point.load) for point in found], disabled, origins=origins)

    # -- what there is -------------------------------------------------------------------------------------------------

    def discover(self) -> None:
        """Import every plugin and ask it for its backends. Never raises for a plugin's sake: see `statuses`."""
        found: dict[str, Callable[[], _Found]] = {}
        for plugin in self._plugins:
            if plugin.name in found:
                plugin.end(PluginState.BROKEN, "has the name of another plugin: uninstall one of them")
            elif plugin.name in self._disabled:
                plugin.end(PluginState.DISABLED, _DISABLED)
            else:
                found[plugin.name] = begun(self._patience, partial(self._found, plugin), f"import:{plugin.name}")
        for plugin in self._plugins:
            if plugin.active:
                with plugin.blamed("cannot be used", lambda _: None):
                    self._take_in(plugin, found[plugin.name]())

    def _take_in(self, plugin: Plugin, found: _Found) -> None:
        for kind, brought in found.items():
            for name in brought:
                refuse_twice(kind, name, self._brought[kind])
        for kind, brought in found.items():
            self._brought[kind].update(brought)
        plugin.status = attrs.evolve(plugin.status, backends=tuple(chain.from_iterable(found.values())))

    def _found(self, plugin: Plugin) -> _Found:
        """What the plugin brings, of every kind."""
        plugin.register()
        return {kind: checked(plugin, kind) for kind in self._brought}

    def disable(self, names: Collection[str]) -> list[str]:
        """Leave these plugins out from now on, as the configuration says; a warning for each name that none has."""
        for plugin in self._plugins:
            if plugin.name in names and plugin.active:
                plugin.end(PluginState.DISABLED, _DISABLED)
        known = [plugin.name for plugin in self._plugins]
        return [
            f'disabled_plugins: found "{printable(name)}", expected the name of an installed plugin'
            + (suggestion(name, known) or "; `appliance plugins` shows what is installed")
            for name in names
            if name not in known
        ]

    def statuses(self) -> tuple[PluginStatus, ...]:
        """Every plugin and how it is. From any thread."""
        return tuple(plugin.status for plugin in self._plugins)

    def types(self, kind: Kind) -> dict[str, Any]:
        """What all active plugins bring of a kind, by name."""
        return {name: brought.type for name, brought in self._brought[kind].items() if brought.plugin.active}

    @property
    def extensions(self) -> Extensions:
        """What all active plugins add to the configuration."""
        return {
            kind.common: {name: brought.options for name, brought in self.types(kind).items()} for kind in self._brought
        }

    # -- backends ------------------------------------------------------------------------------------------------------

    def begin_upload(
        self, name: str, settings: DestinationSettings, device: str, state_directory: Path
    ) -> Callable[[], UploadBackend]:
        """Begin to build the backend of destination `name`; what is returned waits for it.

        Raises ConfigError where the configuration or an extra is at fault; what is returned PluginError too, where the
        plugin is.
        """
        limit = settings.rate_limit // settings.max_parallel if settings.rate_limit is not None else None
        context = BackendContext(name, device, state_directory, rate_limit=limit)
        return self.begin(DESTINATION, name, settings, context)

    def build_upload(
        self, name: str, settings: DestinationSettings, device: str, state_directory: Path
    ) -> UploadBackend:
        """Build the backend of destination `name`. Raises as `begin_upload` does."""
        return self.begin_upload(name, settings, device, state_directory)()

    def begin_feed(
        self, name: str, settings: FeedSettings, device: str, state_directory: Path
    ) -> Callable[[], FeedBackend]:
        """Begin to build the backend of feed `name`. Returns and raises as `begin_upload` does."""
        return self.begin(FEED, name, settings, BackendContext(name, device, state_directory))

    def build_feed(self, name: str, settings: FeedSettings, device: str, state_directory: Path) -> FeedBackend:
        """Build the backend of feed `name`. Raises as `begin_upload` does."""
        return self.begin_feed(name, settings, device, state_directory)()

    def run_service(self, name: str, settings: ServiceSettings, house: House) -> None:
        """Build service `name` and run it to its end. Raises whatever the service says, else as `begin_upload` does."""
        brought = self.find(SERVICE, name, settings)
        with brought.translated():
            brought.create(settings.options, house).run()

    def begin(self, kind: Kind, name: str, settings: Any, context: object) -> Callable[[], Any]:
        """Begin to build what the entry `name` of a kind's section asks for. Returns, raises as `begin_upload` does."""
        brought = self.find(kind, name, settings)
        return brought.build(name, settings.options, context, self._patience)

    def find(self, kind: Kind, name: str, settings: Any) -> Brought:
        """What the entry `name` of a kind's section asks for. Raises ConfigError where no working plugin has it."""
        return find(self._brought[kind], kind, name, settings)

    def build_fetchers(self, url: str, name: str, device: str, state_directory: Path) -> Iterator[FeedBackend]:
        """Build backends that would pull just `url`, as if it were feed `name`: one after the other, the most specific
        first. Raises NotFound where no plugin can.
        """
        try:
            path = urlsplit(url).path.lower()
        except ValueError as error:
            raise NotFound(f"{shown_url(url)} cannot be fetched: write it as https://host/path") from error
        found = False

        def generality(brought: Brought) -> int:
            suffixes = brought.type.suffixes
            return 1 if not suffixes else 0 if path.endswith(suffixes) else 2

        active = [brought for brought in self._brought[FEED].values() if brought.plugin.active]
        for brought in sorted(active, key=generality):
            with brought.translated(f"{shown_url(url)}: "):
                options = within(self._patience, partial(brought.type.options_for_url, url), f"url:{brought.type.name}")
            if options is not None:
                context, found = BackendContext(name, device, state_directory), True
                try:
                    backend: FeedBackend = brought.build(name, options, context, self._patience)()
                except ConfigError:  # its extra is missing, which matters where the URL is surely of its kind
                    if generality(brought) == 0:
                        raise
                    continue
                yield backend
        if not found:
            raise NotFound(f"no plugin can fetch {shown_url(url)}: see `appliance plugins`")

    # -- those that listen ---------------------------------------------------------------------------------------------

    def start(self, post: Post, clock: Clock) -> None:
        """Tell of what is broken, and start the threads that call plugins."""
        for plugin in self._plugins:
            if plugin.status.state is PluginState.BROKEN:
                plugin.complain(post)
        self._listeners = Listeners(self._plugins, post, clock)
        self._listeners.start()

    @property
    def listening(self) -> bool:
        """Whether any plugin hears of events."""
        return any(plugin.active and plugin.implements(hookspecs.appliance_event) for plugin in self._plugins)

    def publish(self, event: Event) -> None:
        """Tell the plugins of an event. Never blocks: one that is too slow misses the oldest, and hears how many."""
        if self._listeners is not None:
            self._listeners.publish(event)

    def close(self) -> None:
        """Give the plugins two seconds to stop."""
        if self._listeners is not None:
            self._listeners.close()
