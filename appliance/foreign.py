"""The one door for what comes from outside (plugins, servers, files): words on one printable line, bounded, and without
any secret.
"""

from appliance.errors import ApplianceError
from appliance.redact import redact

LONGEST = 1000
"""Characters of a foreign text that are told."""

_LONGEST_NAME = 60


def printable(text: str, longest: int = _LONGEST_NAME) -> str:
    """`text` on one line, everything that a terminal cannot show escaped, then shortened."""
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text[: longest + 1]
    )
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def one_line(text: str, longest: int = LONGEST) -> str:
    """As `printable`, without secrets, with single blanks where there were gaps and ends of lines."""
    return printable(" ".join(redact(text[: 4 * longest]).split()), longest)


def words(error: BaseException) -> str:
    """What an error says; our own errors speak for themselves, others need their class."""
    try:
        text = one_line(str(error))
    except BaseException:  # one that cannot even say what it is
        text = ""
    if text and isinstance(error, ApplianceError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
