"""Keeps what a plugin's check says about a value from giving away a secret."""

from appliance.foreign import one_line

_SHORTEST = 4
_WINDOW = 8
_LEFT_OUT = "is not accepted; the reason is left out, as it holds a secret"


class Withheld:
    """The texts that no message may show: `secrets` not even in part, `variables` not as a whole."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.variables: set[str] = set()

    def message(self, error: Exception) -> str:
        """What `error` says, on one line, with what must not be shown left out."""
        first = error.args[0] if error.args else ""
        said = first if isinstance(first, str) and first else type(error).__name__
        for text in sorted(self.secrets | self.variables, key=len, reverse=True):
            for shown in (repr(text)[1:-1], text, text.strip()):
                said = said.replace(shown, "***") if len(shown) >= _SHORTEST else said
        return _LEFT_OUT if any(part in said for part in self._parts()) else one_line(said, 400)

    def _parts(self) -> set[str]:
        parts = set()
        for text in map(str.strip, self.secrets):
            parts |= {text[start : start + _WINDOW] for start in range(max(1, len(text) - _WINDOW + 1))}
        return parts - {""}
