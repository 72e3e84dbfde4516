"""Blots out of text whatever is known to be secret, in whatever form it comes back: servers and programs say again what
they were sent. The configuration tells what is secret as it is read; that stays so for as long as the process lives.
"""

import base64
import re
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import parse_qsl, unquote, urlsplit

_BLOT = "***"
_SHORTEST = 6
"""Characters that a secret has at least: shorter ones are parts of words and numbers that are none."""

_WINDOW = 8
"""So much of a secret, and half of it, is as good as all of it: what is quoted is often cut off."""

_MOST = 200
"""Secrets that are known at once: some are renewed every hour."""

_MOST_PARTS = 64

_DEPTH = 10
"""So many levels of escapes are looked through: those who pass a text on may escape it again."""

_ESCAPE = (
    r"%([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|\\U000([0-9A-Fa-f]{5})|\\x([0-9A-Fa-f]{2})|&#x([0-9A-Fa-f]{1,5});"
    r"|&#([0-9]{1,6});|&(amp|lt|gt|quot|apos);|\\[nrtbf]|\\(.)"
    r"|([\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})|([\ud800-\udbff][\udc00-\udfff])"
)
"""Percent (RFC 3986), JSON (RFC 8259), Python, XML, and what is left of them: UTF-8 taken for Latin-1, UTF-16."""

_BLANKS = " \t\n\r\v\f"
_NO_BLANKS = str.maketrans("", "", _BLANKS)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_WORD = r"[A-Z]?[a-z]*(?:[A-Z][a-z]+)*\d{0,4}|[A-Z]{1,9}\d{0,4}|\d{1,8}"
_SEPARATORS = r"[-_.~ ]"
_LONGEST_WORD = 20
_ODD, _ODD_IN_A_FILE = 6, 16
"""Characters in words that nobody writes, from which on a part of a path is taken for a key."""

_URL = r"\w+://[^/?]+[/?]+(.+)"
_KEY = r"key|token|sig|secret|pass|auth|code|cred"


class _Secrets:
    """Finds secrets, the newest of many. What is known changes as a whole: any thread may look."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()
        self._parts: dict[int, dict[str, list[tuple[str, int]]]] = {}
        """Parts of the forms of secrets, by their length: the form, and where in it the part begins."""

    def add(self, secret: str) -> None:
        if secret in self._known:
            return
        known, parts = (*self._known, secret), {length: dict(parts) for length, parts in self._parts.items()}
        new = known[-1:]
        if len(known) > _MOST:
            new = known = known[-_MOST // 2 :]
            parts = {}
        for form in (form for each in new for form in _forms(each)):
            length = min(len(form), _WINDOW)
            for start in range(0, len(form) - length + 1, 1 + len(form) // _MOST_PARTS):
                found = parts.setdefault(length, {})
                part = form[start : start + length]
                found[part] = [*found.get(part, ()), (form, start)]
        self._known, self._parts = known, parts

    def found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets begin and end."""
        for length, parts in self._parts.items():
            end = 0
            for at in range(len(text) - length + 1):
                if at >= end and (places := parts.get(text[at : at + length])):
                    runs = (_run(text, at, form, start) for form, start in places)
                    begin, end = max(runs, key=lambda run: run[1] - run[0])
                    if end > begin:
                        yield begin, end


def _run(text: str, at: int, form: str, start: int) -> tuple[int, int]:
    """How far `text` around `at` is that of `form` around `start`; nothing where that is too little to matter."""
    begin, end = at, at
    while begin > 0 and start - (at - begin) > 0 and text[begin - 1] == form[start - (at - begin) - 1]:
        begin -= 1
    while end < len(text) and start + end - at < len(form) and text[end] == form[start + end - at]:
        end += 1
    return (begin, end) if end - begin >= max(min(len(form), _WINDOW), len(form) // 2) else (at, at)


_SECRETS = _Secrets()


def keep_secret(text: str) -> None:
    """From now on `text` is secret; of a URL all that follows the host."""
    url = re.fullmatch(_URL, text, re.S)
    _SECRETS.add(url[1] if url else text)
    if url:
        keep_url_secret(text)


def keep_url_secret(url: str) -> None:
    """From now on it is secret what looks like a key in the path and the query of `url`, and the password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for part in map(unquote, parts.path.split("/")):
        if not _is_plain(part):
            _SECRETS.add(part)
    for name, value in parse_qsl(parts.query):
        if re.search(_KEY, name, re.I) or not _is_plain(value):
            _SECRETS.add(value)
    if parts.password:
        _SECRETS.add(unquote(parts.password))


def shown_url(url: str) -> str:
    """The URL as messages may show it: without the query, and without what looks like a key in its path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that makes no sense"
    path = "/".join(part if _is_plain(unquote(part)) else _BLOT for part in parts.path.split("/"))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def redact(text: str) -> str:
    """`text` without any secret, whole or in a large part, plain or escaped, in base64 or hexadecimal."""
    if not re.search(_ESCAPE, text) and next(_SECRETS.found(_dense(text)), None) is None:
        return text
    secret = bytearray(len(text))
    view, places = text, [(at, at + 1) for at in range(len(text))]
    for _ in range(_DEPTH):
        kept = [at for at, character in enumerate(view) if character not in _BLANKS]
        view, places = "".join(view[at] for at in kept), [places[at] for at in kept]
        for start, end in _SECRETS.found(view):
            begin, stop = places[start][0], places[end - 1][1]
            secret[begin:stop] = b"\1" * (stop - begin)
        unescaped, places = _unescaped(view, places)
        if unescaped == view:
            break
        view = unescaped
    runs = (("".join(text[at] for at in run), hidden) for hidden, run in groupby(range(len(text)), secret.__getitem__))
    return "".join(_BLOT if hidden else run for run, hidden in runs)


def _unescaped(view: str, places: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The text without one level of escapes, and from where to where in the original each character reaches."""
    characters, reach, last = list[str](), list[tuple[int, int]](), 0
    for match in re.finditer(_ESCAPE, view):
        start, end = match.span()
        characters += view[last:start]
        reach += places[last:start]
        if character := _character(match):
            characters.append(character)
            reach.append((places[start][0], places[end - 1][1]))
        last = end
    return "".join([*characters, view[last:]]), reach + places[last:]


def _character(match: re.Match[str]) -> str:
    *hexadecimal, decimal, entity, escaped, octets, pair = match.groups()
    if number := "".join(filter(None, hexadecimal)):
        return chr(int(number, 16))
    if octets:
        return octets.encode("latin-1").decode(errors="replace")[0]
    if pair:
        return pair.encode("utf-16", "surrogatepass").decode("utf-16")
    return chr(int(decimal)) if decimal else _ENTITIES.get(entity or "", escaped or "")


def _forms(secret: str) -> set[str]:
    """How a secret may come back, beside escapes and blanks, which are looked through."""
    encoded = [secret.encode(errors="replace")]
    if not secret.isascii() and all(character < "\u0100" for character in secret):
        encoded.append(secret.encode("latin-1"))
    mistaken = encoded[0].decode("latin-1")
    forms = {_dense(secret), _dense(secret.replace(" ", "+")), _dense(mistaken)}
    for data in encoded:
        forms |= {data.hex(), data.hex().upper()}
        for before in range(3):
            whole = base64.b64encode(bytes(before) + data).decode()
            core = whole[(before * 4 + 2) // 3 : (before + len(data)) * 4 // 3]
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _SHORTEST}


def _dense(text: str) -> str:
    return text.translate(_NO_BLANKS)


def _is_plain(part: str) -> bool:
    """Whether a part of a URL is made of words, numbers and places for words, and not a key."""
    if "{" in part:
        return True
    words = re.split(_SEPARATORS, part)
    odd = sum(len(word) for word in words if len(word) > _LONGEST_WORD or not re.fullmatch(_WORD, word))
    is_file = len(words) > 1 and 2 <= len(words[-1]) <= 4 and words[-1].isalnum()
    return odd < (_ODD_IN_A_FILE if is_file else _ODD)
