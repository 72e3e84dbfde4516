"""What a feed offers and the inbox has refused: it is not brought again, only told again."""

from importlib.util import find_spec

from attrs import field, frozen

from appliance.plugin import Permanent, WrongKind


@frozen
class Refusal:
    """Which version of an item it was, and what was said of it."""

    version: object
    said: str
    needs: str = ""
    """The module without which it cannot be played."""

    def again(self) -> Permanent:
        """What is said of it again."""
        return Permanent(self.said)


@frozen
class Refusals:
    """Those since the start, by key: what was installed or configured since then is tried with all."""

    _known: dict[str, Refusal] = field(factory=dict)

    def of(self, key: str) -> Refusal | None:
        """What was refused of an item last, unless it could be played now."""
        refusal = self._known.get(key)
        return None if refusal and refusal.needs and find_spec(refusal.needs) else refusal

    def check(self, key: str, version: object) -> None:
        """Raise Permanent where this version was refused."""
        if (refusal := self.of(key)) and refusal.version == version:
            raise refusal.again()

    def remember(self, key: str, version: object, error: Permanent) -> None:
        """The item was refused as it is."""
        self._known[key] = Refusal(version, str(error), error.needs if isinstance(error, WrongKind) else "")

    def forget(self, key: str) -> None:
        """The item is another now."""
        self._known.pop(key, None)
