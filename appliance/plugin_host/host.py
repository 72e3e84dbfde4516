"""All plugins, and the backends that they bring."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import attrs

from appliance.config.settings import DestinationSettings, FeedSettings
from appliance.config.words import printable, suggestion
from appliance.errors import NotFound, PluginError
from appliance.events import Event
from appliance.plugin.feed import FeedBackend, FeedBackendType
from appliance.plugin.upload import BackendContext, UploadBackend, UploadBackendType
from appliance.plugin_host.backends import Brought, checked, find
from appliance.plugin_host.listeners import Listeners
from appliance.plugin_host.record import Plugin, PluginState, PluginStatus, Post, words

GROUP = "appliance"
"""The entry point group that plugins are found by."""

_OWN = "audio-appliance"
_DISABLED = "disabled in the configuration"


class PluginHost:
    """Discovers plugins, builds their backends and tells them what happens."""

    def __init__(
        self,
        plugins: Iterable[tuple[str, Callable[[], object]]] = (),
        disabled: Collection[str] = (),
        *,
        origins: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """`plugins` are names and the functions that import them; `origins` the distribution and version of each.

        Of two that bring the same backend the first one wins.
        """
        self._plugins = [Plugin(PluginStatus(name, *(origins or {}).get(name, ())), load) for name, load in plugins]
        self._disabled = disabled
        self._uploads: dict[str, Brought[UploadBackendType]] = {}
        self._feeds: dict[str, Brought[FeedBackendType]] = {}
        self._listeners: Listeners | None = None

    @classmethod
    def installed(cls, disabled: Collection[str] = ()) -> "PluginHost":
        """The plugins of all installed distributions; the appliance's own come first."""
        from importlib.metadata import entry_points

        found = [(point, point.dist) for point in entry_points(group=GROUP) if point.dist is not None]
        found.sort(key=lambda item: (item[1].name != _OWN, item[0].name, item[1].name))
        origins = {point.name: (dist.name, dist.version) for point, dist in reversed(found)}
        return cls([(point.name, point.load) for point, _ in found], disabled, origins=origins)

    # -- what there is -------------------------------------------------------------------------------------------------

    def discover(self) -> None:
        """Import every plugin and ask it for its backends. Never raises for a plugin's sake: see `statuses`."""
        names: set[str] = set()
        for plugin in self._plugins:
            if plugin.name in names:
                plugin.end(PluginState.BROKEN, "has the name of another plugin: uninstall one of them")
            elif plugin.name in self._disabled:
                plugin.end(PluginState.DISABLED, _DISABLED)
            else:
                with plugin.blamed("cannot be used", lambda _: None):
                    self._load(plugin)
            names.add(plugin.name)

    def _load(self, plugin: Plugin) -> None:
        plugin.register()
        hook = plugin.manager.hook
        uploads = checked(
            plugin, hook.appliance_upload_backends(), UploadBackendType, DestinationSettings, self._uploads
        )
        feeds = checked(plugin, hook.appliance_feed_backends(), FeedBackendType, FeedSettings, self._feeds)
        self._uploads.update(uploads)
        self._feeds.update(feeds)
        plugin.status = attrs.evolve(plugin.status, backends=(*uploads, *feeds))

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

    @property
    def upload_types(self) -> dict[str, UploadBackendType]:
        """The kinds of destination of all active plugins, by name."""
        return {name: brought.kind for name, brought in self._uploads.items() if brought.plugin.active}

    @property
    def feed_types(self) -> dict[str, FeedBackendType]:
        """The kinds of feed of all active plugins, by name."""
        return {name: brought.kind for name, brought in self._feeds.items() if brought.plugin.active}

    @property
    def upload_options(self) -> dict[str, type]:
        """The options class of each kind of destination."""
        return {name: kind.options for name, kind in self.upload_types.items()}

    @property
    def feed_options(self) -> dict[str, type]:
        """The options class of each kind of feed."""
        return {name: kind.options for name, kind in self.feed_types.items()}

    # -- backends ------------------------------------------------------------------------------------------------------

    def build_upload(
        self, name: str, settings: DestinationSettings, device: str, state_directory: Path
    ) -> UploadBackend:
        """Build the backend of destination `name`.

        Raises ConfigError where the configuration or an extra is at fault, PluginError where the plugin is.
        """
        brought = find(self._uploads, settings.backend, f"destination {name!r}")
        limit = settings.rate_limit // settings.max_parallel if settings.rate_limit is not None else None
        context = BackendContext(name, device, state_directory, rate_limit=limit)
        backend: UploadBackend = brought.build(settings.options, context)
        return backend

    def build_feed(self, name: str, settings: FeedSettings, device: str, state_directory: Path) -> FeedBackend:
        """Build the backend of feed `name`. Raises as `build_upload` does."""
        brought = find(self._feeds, settings.backend, f"feed {name!r}")
        backend: FeedBackend = brought.build(settings.options, BackendContext(name, device, state_directory))
        return backend

    def build_fetcher(self, url: str, name: str, device: str, state_directory: Path) -> FeedBackend:
        """Build a backend that pulls just `url`, as if it were feed `name`. Raises NotFound where no plugin can."""
        for brought in self._feeds.values():
            if brought.plugin.active:
                try:
                    options = brought.kind.options_for_url(url)
                except Exception as error:  # a plugin may do anything
                    raise PluginError(f"plugin {brought.plugin.name} cannot read {url}: {words(error)}") from error
                if options is not None:
                    backend: FeedBackend = brought.build(options, BackendContext(name, device, state_directory))
                    return backend
        raise NotFound(f"no plugin can fetch {url}: see `appliance plugins`")

    # -- the plugin thread ---------------------------------------------------------------------------------------------

    def start(self, post: Post) -> None:
        """Tell of what is broken, and start the thread that calls plugins."""
        for plugin in self._plugins:
            if plugin.status.state is PluginState.BROKEN:
                plugin.complain(post)
        self._listeners = Listeners(self._plugins, post)
        self._listeners.start()

    @property
    def listening(self) -> bool:
        """Whether any plugin hears of events."""
        return any(plugin.active and plugin.implements("appliance_event") for plugin in self._plugins)

    def publish(self, event: Event) -> None:
        """Tell the plugins of an event. Never blocks: a plugin that is too slow misses the oldest."""
        if self._listeners is not None:
            self._listeners.publish(event)

    def close(self) -> None:
        """Give the plugins two seconds to stop."""
        if self._listeners is not None:
            self._listeners.close()
