"""The hooks a plugin can implement. Each plugin is called by itself: one that raises disables only itself."""

from collections.abc import Callable, Sequence
from typing import Any

import pluggy

from appliance.events import Command, Event
from appliance.plugin.feed import FeedBackendType
from appliance.plugin.processor import ProcessorType
from appliance.plugin.service import ServiceType
from appliance.plugin.upload import UploadBackendType

hookspec = pluggy.HookspecMarker("appliance")
hookimpl = pluggy.HookimplMarker("appliance")


@hookspec
def appliance_upload_backends() -> Sequence[UploadBackendType]:  # type: ignore[empty-body]
    """Name the kinds of destination this plugin brings.

    Called each time before the configuration is read, on a thread of its own, with eight seconds for the import and
    all of these hooks. Import heavy libraries in `create`: the plugin is loaded even where no destination uses it.
    """


@hookspec
def appliance_feed_backends() -> Sequence[FeedBackendType]:  # type: ignore[empty-body]
    """Name the kinds of feed this plugin brings. Called as `appliance_upload_backends` is."""


@hookspec
def appliance_services() -> Sequence[ServiceType]:  # type: ignore[empty-body]
    """Name the kinds of service this plugin brings. Called as `appliance_upload_backends` is."""


@hookspec
def appliance_processors() -> Sequence[ProcessorType]:  # type: ignore[empty-body]
    """Name the kinds of processor this plugin brings. Called as `appliance_upload_backends` is."""


@hookspec
def appliance_started(post: Callable[[Command], None]) -> None:
    """The appliance is up. `post` sends it a command from any thread.

    Called at start and after every reload of the configuration, on the plugin's own thread.
    """


@hookspec
def appliance_event(event: Event) -> None:
    """Something has happened. Called on the plugin's own thread, in the order of events.

    A plugin that falls behind loses the oldest events and gets `EventsLost` in their place.
    """


@hookspec
def appliance_stopping() -> None:
    """The appliance is about to stop, or to start anew with another configuration.

    Called on the plugin's own thread, with two seconds to finish. `post` of `appliance_started` is of no use then.
    """


LISTENING: tuple[Callable[..., Any], ...] = (appliance_started, appliance_event, appliance_stopping)
"""The hooks of those that listen; the others name what a plugin brings, see `appliance.plugin.kinds`."""
