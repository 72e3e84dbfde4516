"""The threads that tell plugins what happens, one for each plugin that listens."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from appliance.backlog import Backlog
from appliance.clock import Clock
from appliance.events import Command, Event
from appliance.faults import PLUGIN
from appliance.plugin import hookspecs
from appliance.plugin_host.record import Plugin, Post

STOP_SECONDS = 2.0
"""How long plugins may take to stop, all together."""

HANGS = 30.0
"""Seconds after which a hook that has not come back is told of."""

log = logging.getLogger(__name__)


class Listeners:
    """Calls the listening hooks of every plugin on a thread of its own: none waits for another."""

    def __init__(self, plugins: Sequence[Plugin], post: Post, clock: Clock) -> None:
        self._clock = clock
        self._listeners = [
            _Listener(plugin, post, clock)
            for plugin in plugins
            if plugin.active and any(plugin.implements(hook) for hook in hookspecs.LISTENING)
        ]

    def start(self) -> None:
        """Start the threads."""
        for listener in self._listeners:
            listener.start()

    def publish(self, event: Event) -> None:
        """Tell the plugins of an event. Never blocks: one that is too slow misses the oldest, and hears how many."""
        for listener in self._listeners:
            listener.tell(event)

    def close(self) -> None:
        """Give the plugins time to stop. One that does not come back is left behind, with a word in the log."""
        for listener in self._listeners:
            listener.stop()
        until = self._clock.monotonic() + STOP_SECONDS
        for listener in self._listeners:
            listener.join(max(0.0, until - self._clock.monotonic()))


class _Listener:
    """One plugin's thread, and what waits for it."""

    def __init__(self, plugin: Plugin, post: Post, clock: Clock) -> None:
        self._plugin = plugin
        self._post = post
        self._clock = clock
        self._backlog = Backlog(clock)
        self._busy_since: float | None = None
        self._complained = False
        self._thread = threading.Thread(target=self._run, name=f"plugin:{plugin.name}", daemon=True)
        self.start = self._thread.start
        self.stop = self._backlog.close

    def tell(self, event: Event) -> None:
        if not self._plugin.active or self._backlog.closed:
            return
        self._backlog.put(event)
        since = self._busy_since
        if since is not None and not self._complained and self._clock.monotonic() - since > HANGS:
            self._complained = True
            words = f"plugin {self._plugin.name} hangs in a hook and hears of nothing. Update or remove it"
            log.error("%s", words)
            self._post(PLUGIN.raised(words, self._plugin.name))

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("plugin %s does not come back: the appliance stops without it", self._plugin.name)

    def _run(self) -> None:
        self._call(hookspecs.appliance_started, post=self._post_command)
        while self._plugin.active and (event := self._backlog.get()) is not None:
            self._call(hookspecs.appliance_event, event=event)
        self._call(hookspecs.appliance_stopping)

    def _call(self, hook: Callable[..., Any], **arguments: object) -> None:
        if not self._plugin.active or not self._plugin.implements(hook):
            return
        self._busy_since = self._clock.monotonic()
        with self._plugin.blamed(f"failed in {hook.__name__}", self._post):
            self._plugin.call(hook, **arguments)
        self._busy_since = None
        if self._complained and self._plugin.active:
            self._complained = False
            self._post(PLUGIN.cleared(self._plugin.name))

    def _post_command(self, command: Command) -> None:
        if not isinstance(command, Command):
            raise TypeError(f"plugins post commands, not {type(command).__name__}")
        self._post(command)
