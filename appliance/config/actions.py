"""What a button can ask for: the words of the table of verbs, and one that goes on for a while."""

from collections.abc import Iterator
from typing import Final

_WHILE_HELD: Final = "record.while_held"
_FAMILY = "record."


class _Words(type):
    """Lets the words be named and walked as the members of an enum are: `ButtonAction.RECORD_STOP`."""

    def __getattr__(cls, name: str) -> "ButtonAction":
        try:
            return ButtonAction(name.lower().replace("_", ".", 1))
        except ValueError:
            raise AttributeError(f"a button cannot be given {name}") from None

    def __iter__(cls) -> Iterator["ButtonAction"]:
        words = _button_words()
        recorder = [word for word in words if word.startswith(_FAMILY)]
        return map(ButtonAction, (*recorder, _WHILE_HELD, *(word for word in words if word not in recorder)))


class ButtonAction(str, metaclass=_Words):
    """A word that a button may be given, one object for each; `record.while_held` records from press to release.

    Raises ValueError for any other word.
    """

    __slots__ = ()
    _known: Final[dict[str, "ButtonAction"]] = {}

    def __new__(cls, word: str) -> "ButtonAction":
        if word != _WHILE_HELD and word not in _button_words():
            raise ValueError(f"{word!r} is nothing that a button may be given")
        return cls._known.setdefault(word, super().__new__(cls, word))


def _button_words() -> tuple[str, ...]:
    from appliance.verbs import button_words  # not loaded by what has no buttons

    return button_words()
