"""Texts with words in braces, for the links of clips and for what a web server is sent."""

import json
import re
from collections.abc import Mapping, Sequence

CLIP_WORDS = ("id", "name")
"""What is filled in of a clip."""

WORDS = ("device", "title", "text", "urgent", "link", "id")
"""What is filled in of a message. `{urgent}` is true or false; `{id}` is the same for each try at one message."""

JSON = "application/json"

_WORD = re.compile(r"\{([A-Za-z_]+)\}")


def check_template(text: str, words: Sequence[str]) -> None:
    """Raise ValueError unless every word in braces is one of `words`. Other braces stand for themselves."""
    for word in _WORD.findall(text):
        if word not in words:
            known = ", ".join(f"{{{each}}}" for each in words)
            raise ValueError(f"found {{{word}}}, which is not known: expected any of {known}")


def fill(text: str, values: Mapping[str, str], *, escaped: bool = False) -> str:
    """The text with its words filled in; `escaped` as within a string of JSON (RFC 8259, 7)."""

    def value(match: re.Match[str]) -> str:
        found = values[match[1]]
        return json.dumps(found)[1:-1] if escaped else found

    return _WORD.sub(value, text)
