"""Who a letter is from, by what it says itself, and by what the mail server says of that."""

import re
from collections.abc import Collection
from email.message import Message

from appliance_mail.options import ADDRESS

from appliance_feed_mail.encoding import in_words

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT = re.compile(r"\([^()]*\)")
_ONE = re.compile(rf"(?:[^<>,;@]*<\s*({ADDRESS})\s*>|\s*({ADDRESS}))\s*")


def sender_of(letter: Message) -> str:
    """The one address in `From`, in lower case; empty where there is none, several, or something odd."""
    fields = letter.get_all("From", [])
    text = " ".join(str(fields[0]).split()) if len(fields) == 1 else ""
    one = _ONE.fullmatch(_without_comments(_QUOTED.sub("", text)))
    return (one[1] or one[2]).lower() if one else ""


def is_among(sender: str, senders: Collection[str]) -> bool:
    """Whether an address is one of `senders`, in which `@example.org` stands for all of that place."""
    known = {each.lower() for each in senders}
    return bool(sender) and (sender in known or f"@{sender.rpartition('@')[2]}" in known)


def is_vouched_for(letter: Message, sender: str, server: str) -> bool:
    """Whether the mail server `server` says that the letter is from there (RFC 8601): DMARC (RFC 7489) is passed.

    What it says stands above what was there before, and it takes away what others say in its name (RFC 8601, 5).
    """
    for field in letter.get_all("Authentication-Results", []):
        name, *results = _without_comments(" ".join(str(field).split())).split(";")
        if name.lower().split()[:1] == [server.lower()]:
            return any(_passes(result.split(), sender.rpartition("@")[2]) for result in results)
    return False


def _passes(words: list[str], domain: str) -> bool:
    values = {name.lower(): value.lower() for name, _, value in (word.partition("=") for word in words)}
    return values.get("dmarc") == "pass" and values.get("header.from", domain) == domain


def text_of(letter: Message, name: str) -> str:
    """A field in words (RFC 2047)."""
    return " ".join(in_words(str(letter.get(name, ""))).split())


def _without_comments(text: str) -> str:
    for _ in range(10):
        text = _COMMENT.sub(" ", text)
    return text
