"""Changes of options to changes of the text, with a look at whether the text says just that afterwards."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from appliance.config import words
from appliance.config.document import Document, Kind, Place, Word, read_document
from appliance.config.options import Extensions
from appliance.config.shorthand import spelled_out
from appliance.editing import text as texts
from appliance.editing.form import Field, Forms, pairs_of
from appliance.errors import ConfigError, Refused, UsageError
from appliance.values import frozen

_HEADING = "heartbeat"
"""What may stand at the top for the service of that name."""


@frozen
class Change:
    """A new value at a place, as the file has it, and in words; None where it goes away."""

    place: Place
    source: str | None
    becomes: str
    was: str = ""
    default: str = ""
    kind: str = "changed"

    def plain(self) -> dict[str, str]:
        """As JSON has it."""
        return {
            "name": ".".join(map(str, self.place)),
            "kind": self.kind,
            "was": self.was,
            "becomes": self.becomes,
            "default": self.default,
        }


def with_changes(text: str, changes: Iterable[Change], path: Path, extensions: Extensions) -> str:
    """The text of the file at `path` with the changes and nothing else changed.

    Raises Refused where that cannot be written.
    """
    read = values_of(text)
    forms = Forms(spelled_out(read).root, extensions)
    sources: dict[Place, str | None] = {}
    for each in changes:
        place = each.place
        if place[:2] == ("services", _HEADING) and _HEADING in read.root:
            place = place[1:]  # as it may be written shorter
        holder, word = _word_above(read.root, place)
        if word is not None:  # first it is spelled out
            short = next(iter(forms.form(holder).fields))
            sources.setdefault(holder, f"{{{short}: {word.origin or _plain(word.text)}}}")
        sources[place] = each.source
    try:
        after = texts.changed(text, sources)
        same = _bare(values_of(after).root) == _bare(_expected(read.root, sources))
    except (ConfigError, yaml.YAMLError):
        same = False
    if not same:
        raise Refused(f"this is written in {path} in a way that a form cannot change: change it there")
    return after


def values_of(text: str) -> Document:
    """The values of a configuration, without what is looked up elsewhere; none of a file that says nothing yet.

    Raises ConfigError.
    """
    if all(line.strip()[:1] in ("", "#") for line in text.splitlines()):
        return Document({}, {}, [])
    return read_document(text, "the configuration", lambda tag, name: "")


def source_of(field: Field, given: str) -> str:
    """A value as YAML on one line. Raises UsageError where no YAML can hold it."""
    if not all(letter.isprintable() or letter == "\n" for letter in given):
        raise UsageError(f"{field.name}: found a character that is no text")
    if field.kind == "lines":
        return f"[{', '.join(_one(field, line.strip()) for line in given.splitlines() if line.strip())}]"
    return _one(field, given)


def _one(field: Field, given: str) -> str:
    return words.to_yaml(given, str) if field.is_text else _plain(given)


def pair_changes(place: Place, field: Field, given: str) -> Iterator[Change]:
    """The changes after which a mapping holds the names and values that somebody typed; each may have its comment.

    Raises UsageError where no YAML can hold them.
    """
    wanted, now = pairs_of(given), pairs_of(field.value)
    if not wanted and now:
        yield Change(place, None, "", field.value.replace("\n", ", "), field.default)
        return
    for name in [*wanted, *(name for name in now if name not in wanted)]:
        becomes, was = wanted.get(name), now.get(name, "")
        if becomes is None:
            yield Change((*place, name), None, "", was, kind="removed")
        elif name not in now or becomes != was:
            yield Change((*place, name), source_of(field, becomes), becomes, was)


def _plain(given: str) -> str:
    """A word whose meaning depends on the option that it is given to: without quotes, where YAML can have it so."""
    try:
        node = yaml.compose(f"[{given}]", yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        node = None
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    if len(items) == 1 and isinstance(items[0], yaml.ScalarNode) and not items[0].style and items[0].value == given:
        return given
    return words.to_yaml(given, str)


def differences(wanted: Any, now: Any, place: Place = ()) -> Iterator[Change]:
    """The changes after which everything that is `wanted` is there, and all else as it is `now`."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            yield from differences(value, now.get(name) if isinstance(now, dict) else None, (*place, name))
    elif wanted != now:
        was = ", ".join(_words(now))
        if isinstance(wanted, Word):
            yield Change(place, _as_written(wanted), wanted.text, was)
        elif isinstance(wanted, list):
            each_of = [each for each in wanted if isinstance(each, Word)]
            source = f"[{', '.join(map(_as_written, each_of))}]"
            yield Change(place, source, "\n".join(each.text for each in each_of), was)


def _words(value: Any) -> Iterator[str]:
    """All that is said in a value."""
    if isinstance(value, Word):
        yield value.text
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _words(each)


def _as_written(word: Word) -> str:
    """A word of a file as YAML: what is a text there, such as a figure in quotes, is one again."""
    return words.to_yaml(word.text, str) if word.kind is Kind.TEXT else _plain(word.text)


def _word_above(root: Any, place: Place) -> tuple[Place, Word | None]:
    """What stands around a place as one word, which is short for one of the options there."""
    for end, name in enumerate(place[:-1], 1):
        root = root.get(name) if isinstance(root, dict) else None
        if isinstance(root, Word):
            return place[:end], root
    return place, None


def added(hidden: str, secret: Mapping[str, str]) -> str:
    """The text of the secrets file with more secrets."""
    return texts.changed(hidden, {(name,): words.to_yaml(value, str) for name, value in secret.items()})


def _expected(root: dict[str, Any], sources: Mapping[Place, str | None]) -> dict[str, Any]:
    """The values as the changes want them."""
    root = dict(root)
    for place, source in sources.items():
        if source is None and not _is_there(root, place):
            continue
        inner = root
        for name in place[:-1]:
            held = inner.get(str(name))
            inner[str(name)] = inner = dict(held) if isinstance(held, dict) else {}
        if source is None:
            inner.pop(str(place[-1]), None)
        else:
            inner[str(place[-1])] = values_of(f"it: {source}").root["it"]
    return root


def _is_there(root: Any, place: Place) -> bool:
    for name in place:
        if not isinstance(root, dict) or name not in root:
            return False
        root = root[name]
    return True


def _bare(value: Any) -> Any:
    """A value in which a heading with nothing below is none."""
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items()} or None
    return [_bare(item) for item in value] if isinstance(value, list) else value


def below(place: Place, whole: Place) -> str:
    """The name of an option in the form of a place; empty where it stands elsewhere."""
    names = [str(part) for part in whole[len(place) :] if not isinstance(part, int)]
    return ".".join(names) if whole[: len(place)] == place else ""
