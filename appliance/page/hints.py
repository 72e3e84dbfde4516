"""How the value of an option is written, in the language of the page: what `config.words.kind` says, taken apart again.

That is a kind with its limits, each of which has few shapes; so it is put together anew from these and their words.
"""

import re
from functools import cache

from appliance.page.languages import _, current

WORDS = (
    *("text", "path", "absolute path", "absolute paths", "true or false", "anything", "options"),
    *("number", "numbers", "whole number", "whole numbers", "percentage", "dB or percentage"),
    *("duration", "durations", "size", "sizes", "local time", "local times", "secret", "secrets"),
    *("at least 1 entry long", "at least 1 character long"),
)
SHAPES = (
    "{kind}. Example: {example}",
    "{kind}, or nothing",
    "list of {kind}",
    "mapping of {names} to {kind}",
    "one of {choices}",
    "{kind}, {limits}",
    "{kind} of the form {form}",
    "between {low} and {high}",
    "{limits} and {more}",
    "of the form {form}",
    "each {limits}",
    "at least {low}",
    "more than {low}",
    "at most {high}",
    "less than {high}",
    "{first} or {last}",
)
"""The first that fits is meant."""

_AS_IT_IS = ("example", "form", "low", "high", "first", "last")
"""What is typed so in every language."""


def hint(text: str) -> str | None:
    """How a value is written; None where the language of the page does not know all of its words."""
    if current().code == "en":
        return text
    if text in WORDS:
        return _(text)
    for shape in SHAPES:
        if found := _pattern(shape).fullmatch(text):
            values = {name: each if name in _AS_IT_IS else hint(each) for name, each in found.groupdict().items()}
            if None not in values.values():
                return _(shape).format(**values)
    return None


@cache
def _pattern(shape: str) -> "re.Pattern[str]":
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(shape)), re.S)
