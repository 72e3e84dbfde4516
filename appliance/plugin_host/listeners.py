"""The thread that tells plugins what happens."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from appliance.events import Command, Event
from appliance.plugin import hookspecs
from appliance.plugin_host.record import Plugin, Post

BACKLOG = 1000
"""Events kept for plugins that are slow; beyond it the oldest go."""

STOP_SECONDS = 2.0
"""How long plugins may take to stop, all together."""

log = logging.getLogger(__name__)


class Listeners:
    """Calls the listening hooks of all plugins on one thread, each plugin by itself."""

    def __init__(self, plugins: Sequence[Plugin], post: Post) -> None:
        self._plugins = plugins
        self._post = post
        self._waiting: deque[Event] = deque(maxlen=BACKLOG)
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="plugins", daemon=True)

    def start(self) -> None:
        """Start the thread, where any plugin listens."""
        if any(plugin.active and plugin.implements(hook) for plugin in self._plugins for hook in hookspecs.LISTENING):
            self._thread.start()

    def publish(self, event: Event) -> None:
        """Tell the plugins of an event. Never blocks: a plugin that is too slow misses the oldest."""
        if self._thread.is_alive():
            with self._changed:
                self._waiting.append(event)
                self._changed.notify()

    def close(self) -> None:
        """Give the plugins time to stop. One that does not come back is left behind, with a word in the log."""
        if not self._thread.is_alive():
            return
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            log.error("a plugin does not come back: the appliance stops without it")

    def _run(self) -> None:
        self._call(hookspecs.appliance_started, post=self._post_command)
        while (event := self._next()) is not None:
            self._call(hookspecs.appliance_event, event=event)
        self._call(hookspecs.appliance_stopping)

    def _next(self) -> Event | None:
        """The next event; None once it is time to stop and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting)
            return self._waiting.popleft() if self._waiting else None

    def _call(self, hook: Callable[..., Any], **arguments: object) -> None:
        for plugin in self._plugins:
            if plugin.active and plugin.implements(hook):
                with plugin.blamed(f"failed in {hook.__name__}", self._post):
                    plugin.call(hook, **arguments)

    def _post_command(self, command: Command) -> None:
        if not isinstance(command, Command):
            raise TypeError(f"plugins post commands, not {type(command).__name__}")
        self._post(command)
