"""The kinds of backend that plugins bring, and how one is built."""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import attrs
from attrs import frozen

from appliance.errors import ApplianceError, ConfigError, PluginError
from appliance.plugin.feed import FeedBackendType
from appliance.plugin.upload import BackendContext, UploadBackendType
from appliance.plugin_host.record import Plugin, words

BackendType = TypeVar("BackendType", UploadBackendType, FeedBackendType)


@frozen
class Brought(Generic[BackendType]):
    """A kind of backend and the plugin that brings it."""

    plugin: Plugin
    kind: BackendType

    def build(self, options: object, context: BackendContext) -> Any:
        """Build a backend. Raises ConfigError where an extra is missing, PluginError where the plugin is at fault."""
        plugin, kind = self.plugin, self.kind
        try:
            return kind.create(options, context)
        except ApplianceError:
            raise
        except ImportError as error:
            if not kind.extra:
                raise PluginError(f"{context.name}: plugin {plugin.name} is incomplete: {words(error)}") from error
            wanted = f"{plugin.status.distribution or 'audio-appliance'}[{kind.extra}]"
            raise ConfigError(
                f"{context.name}: backend {kind.name!r} needs more than is installed: pip install '{wanted}'"
            ) from error
        except Exception as error:  # a plugin may do anything
            raise PluginError(f"{context.name}: plugin {plugin.name} failed: {words(error)}") from error


def checked(
    plugin: Plugin,
    answers: Iterable[Iterable[Any]],
    kind: type[BackendType],
    common: type,
    known: Mapping[str, Brought[BackendType]],
) -> dict[str, Brought[BackendType]]:
    """The backends that a plugin named, by name. Raises PluginError where they break the contract.

    `common` is the settings class whose names every backend of this kind shares, `known` what others brought before.
    """
    found: dict[str, Brought[BackendType]] = {}
    for backend in (backend for answer in answers for backend in answer):
        if not isinstance(backend, kind):
            raise PluginError(f"it names {backend!r}, which is no {kind.__name__}")
        if not attrs.has(backend.options):
            raise PluginError(f"the options of backend {backend.name!r} are no attrs class")
        if earlier := found.get(backend.name) or known.get(backend.name):
            raise PluginError(f"backend {backend.name!r} comes from plugin {earlier.plugin.name} already")
        if clash := attrs.fields_dict(backend.options).keys() & attrs.fields_dict(common).keys():
            raise PluginError(
                f"backend {backend.name!r} has options that every backend has: {', '.join(sorted(clash))}"
            )
        found[backend.name] = Brought(plugin, backend)
    return found


def find(known: Mapping[str, Brought[BackendType]], backend: str, wanted_by: str) -> Brought[BackendType]:
    """The backend that a destination or feed needs. Raises ConfigError where there is none."""
    brought = known.get(backend)
    if brought is None:
        raise ConfigError(f"{wanted_by} needs backend {backend!r}, and no plugin brings it: see `appliance plugins`")
    if not brought.plugin.active:
        state = brought.plugin.status.state
        raise ConfigError(f"{wanted_by} needs backend {backend!r} of plugin {brought.plugin.name}, which is {state}")
    return brought
