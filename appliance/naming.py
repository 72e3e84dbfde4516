"""Names of files, by a template with words in braces that are filled in for each clip: `{started:%d.%m.%Y} {title}`.

A name is safe wherever it goes: what FAT, exFAT and NTFS do not take is replaced. No two clips have the same one: where
no word tells them apart, the id of the clip is put behind.
"""

import re
from collections.abc import Callable
from datetime import datetime
from string import Formatter

from appliance.circumstances import field_texts
from appliance.models import Clip
from appliance.recipes import Recipe
from appliance.values import frozen

_LONGEST = 180
"""Bytes of a name in UTF-8: file systems take 255, and some backends add to it while they send."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]')
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]) *\.", re.IGNORECASE)
"""Begins what Windows takes for a device, and for no file (Microsoft, "Naming Files, Paths, and Namespaces")."""

_DIRECTIVES = "aAbBdHIjmMpSuUVwWyYGzZ%"
_NUMBER = re.compile(r"0?[0-9]{1,2}")
_FIELD = re.compile(r"fields\.[A-Za-z][A-Za-z0-9_-]{0,31}")


@frozen
class Named:
    """What gets a name: a clip as what a recipe makes of it. `seq` is its number in the catalogue of the box."""

    clip: Clip
    recipe: Recipe
    seq: int = 0

    @property
    def started(self) -> datetime:
        """When it began by the best clock there was, in its own local time."""
        return self.clip.began.local


WORDS: dict[str, tuple[str, Callable[[Named], str]]] = {
    "name": ("the clip's own name", lambda named: named.clip.name),
    "id": ("its id", lambda named: named.clip.id),
    "seq": ("its number on this box, as `{seq:04}` with zeros", lambda named: str(named.seq)),
    "device": ("the name of the box", lambda named: named.clip.device),
    "started": ("when it began, as `{started:%d.%m.%Y}`", lambda named: f"{named.started:%Y-%m-%d_%H-%M-%S}"),
    "date": ("its day, as 2026-05-31", lambda named: f"{named.started:%Y-%m-%d}"),
    "time": ("its time of day, as 14-05-00", lambda named: f"{named.started:%H-%M-%S}"),
    "title": ("its title", lambda named: named.clip.title),
    "place": ("where it was recorded", lambda named: named.clip.place.name if named.clip.place else ""),
    "profile": ("the profile it was recorded by", lambda named: named.clip.begun.profile if named.clip.begun else ""),
    "verdict": ("what is said of its sound", lambda named: named.clip.verdict.value),
    "kind": ("what is sent: `original`, `flac` ...", lambda named: named.recipe.name),
}
"""What can stand in braces, besides `fields.NAME`: what it means, and what it is."""

_UNIQUE = {"name", "id"}


def check_template(template: str) -> None:
    """Raise ValueError, which says what is allowed, where names cannot be made by it."""
    for text, word, form, conversion in _parsed(template):
        if _UNSAFE.search(text):
            raise ValueError(f'found "{template}", expected a file name: without / and any of " * : < > ? \\ |')
        if word is None:
            continue
        if (word not in WORDS and not _FIELD.fullmatch(word)) or conversion:
            known = ", ".join(f"{{{each}}}" for each in (*WORDS, "fields.NAME"))
            raise ValueError(f'found {{{word}}} in "{template}", expected any of {known}')
        if form and not _fits(word, form):
            raise ValueError(f'found {{{word}:{form}}} in "{template}", expected {_expected(word)}')


def name_of(template: str, named: Named) -> str:
    """The name that a template makes, with the ending of the kind of file."""
    found, unique = "", False
    for text, word, form, _ in _parsed(template):
        found += text
        if word is not None:
            unique = unique or word in _UNIQUE
            found += _safe(_value(word, form or "", named))
    ending = f"_{named.clip.id}" * (not unique) + named.recipe.suffix
    room = _LONGEST - len(ending.encode())
    stem = " ".join(found.split()).encode()[:room].decode(errors="ignore").strip(". ")
    name = f"{stem}{ending}" if stem else ending.removeprefix("_")
    return f"_{name}" if _DEVICE.match(name) else name


def _parsed(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f'found "{template}", expected {{{{ and }}}} for braces themselves: {error}') from error


def _value(word: str, form: str, named: Named) -> str:
    if word == "started" and form:
        return named.started.strftime(form)
    if word == "seq":
        return format(named.seq, f"{form}d")
    return field_texts(named.clip.fields).get(word[7:], "") if word not in WORDS else WORDS[word][1](named)


def _safe(text: str) -> str:
    plain = "".join(each if each.isprintable() else " " for each in text)
    return _UNSAFE.sub("_", plain)


def _fits(word: str, form: str) -> bool:
    if word == "seq":
        return _NUMBER.fullmatch(form) is not None
    return word == "started" and all(each in _DIRECTIVES for each in re.findall(r"%(.?)", form))


def _expected(word: str) -> str:
    if word == "started":
        return "the letters of strftime, such as %d.%m.%Y or %H-%M-%S"
    return "a number of digits, such as {seq:04}" if word == "seq" else f"{{{word}}} without a format"
