"""What a feed offers and the inbox has refused: it is not brought again, only told again."""

import time
from importlib.util import find_spec
from math import inf

from attrs import field, frozen

from appliance.plugin import Permanent, WrongKind

_FOR_A_DAY = 86_400.0
_MOST = 2000
"""More than a list has entries that count; where a feed has others at each pull, the oldest are forgotten."""


@frozen
class Refusal:
    """Which version of an item it was, and what was said of it."""

    version: object
    said: str
    needs: str = ""
    """The module without which it cannot be played."""

    until: float = inf
    """When to try it again, on CLOCK_MONOTONIC, where nothing tells whether it has changed."""

    def again(self) -> Permanent:
        """What is said of it again."""
        return Permanent(self.said)


@frozen
class Refusals:
    """Those since the start, by key: what was installed or configured since then is tried with all."""

    _known: dict[str, Refusal] = field(factory=dict)

    def of(self, key: str) -> Refusal | None:
        """What was refused of an item last, unless it is time to try it again, as it could be played now."""
        refusal = self._known.get(key)
        is_over = refusal and ((refusal.needs and find_spec(refusal.needs)) or time.monotonic() > refusal.until)
        return None if is_over else refusal

    def check(self, key: str, version: object) -> None:
        """Raise Permanent where this version was refused."""
        if (refusal := self.of(key)) and refusal.version == version:
            raise refusal.again()

    def remember(self, key: str, version: object, error: Permanent, *, for_a_day: bool = False) -> None:
        """The item was refused as it is; `for_a_day` where nothing tells whether it changes."""
        self.forget(key)
        until = time.monotonic() + _FOR_A_DAY if for_a_day else inf
        self._known[key] = Refusal(version, str(error), needed(error), until)
        if len(self._known) > _MOST:
            self.forget(next(iter(self._known)))

    def forget(self, key: str) -> None:
        """The item is another now."""
        self._known.pop(key, None)


def needed(error: Permanent) -> str:
    """The module without which something cannot be played, where it was refused for that."""
    return error.needs if isinstance(error, WrongKind) else ""
