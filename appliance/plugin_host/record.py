"""One plugin and how it is."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import attrs
import pluggy
from attrs import define

from appliance.errors import PluginError
from appliance.events import Command, Event
from appliance.faults import PLUGIN
from appliance.foreign import words
from appliance.values import frozen

Post = Callable[[Command | Event], None]
log = logging.getLogger(__name__)


class PluginState(StrEnum):
    """How a plugin is."""

    ACTIVE = "active"
    DISABLED = "disabled"
    BROKEN = "broken"


@frozen
class PluginStatus:
    """One plugin: where it comes from, how it is and why, and the backends that it brings."""

    name: str
    distribution: str = ""
    version: str = ""
    state: PluginState = PluginState.ACTIVE
    message: str = ""
    backends: tuple[str, ...] = ()


def manager(hooks: Iterable[Callable[..., Any]]) -> pluggy.PluginManager:
    """A manager that knows these hooks."""
    manager = pluggy.PluginManager("appliance")
    manager.add_hookspecs(type("Hooks", (), {hook.__name__: hook for hook in hooks}))
    return manager


@define(eq=False)
class Plugin:
    """A plugin with a pluggy manager of its own, so that it is registered and called by itself.

    The status is replaced as a whole and may be read from any thread.
    """

    status: PluginStatus
    load: Callable[[], object]
    manager: pluggy.PluginManager

    @property
    def name(self) -> str:
        return self.status.name

    @property
    def active(self) -> bool:
        return self.status.state is PluginState.ACTIVE

    def register(self) -> None:
        """Import it and learn its hooks. Raises whatever it raises, and PluginError where it has none."""
        module = self.load()
        self.manager.register(module)
        self.manager.check_pending()
        if not self.manager.get_hookcallers(module):
            raise PluginError("it implements no hook; is @hookimpl missing?")

    def implements(self, hook: Callable[..., Any]) -> bool:
        """Whether the hook would reach it."""
        return bool(getattr(self.manager.hook, hook.__name__).get_hookimpls())

    def call(self, hook: Callable[..., Any], **arguments: object) -> list[Any]:
        """What it answers to a hook, once for each implementation. Raises Exception, whatever it raises itself."""
        try:
            answers: list[Any] = getattr(self.manager.hook, hook.__name__)(**arguments)
        except Exception:
            raise
        except BaseException as error:  # a plugin may do anything
            raise PluginError(words(error)) from error
        return answers

    def end(self, state: PluginState, message: str) -> None:
        """It is left out from now on."""
        self.status = attrs.evolve(self.status, state=state, message=message)

    @contextmanager
    def blamed(self, what: str, post: Post) -> Iterator[None]:
        """Whatever the plugin does wrong in here breaks it and nothing else."""
        try:
            yield
        except Exception as error:  # a plugin may do anything
            log.debug("plugin %s %s", self.name, what, exc_info=True)
            self.end(PluginState.BROKEN, f"{what}: {words(error)}. Update or remove it, then restart")
            self.complain(post)

    def complain(self, post: Post) -> None:
        """Tell everybody that it is broken, and why."""
        message = f"plugin {self.name} {self.status.message}"
        log.error("%s", message)
        post(PLUGIN.raised(message, self.name))
