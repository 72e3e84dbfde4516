"""The configuration as forms: what stands at a place of it, by the same classes that the reference is made from."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import attrs
from attrs import field

from appliance.config import words
from appliance.config.described import Described, describe, summary
from appliance.config.document import Place, Word
from appliance.config.options import Extensions, Secret, loaded
from appliance.config.settings import Settings
from appliance.errors import NotFound
from appliance.values import frozen

LOCKED: tuple[Place, ...] = (
    ("control",),
    ("disabled_plugins",),
    ("processors",),
    ("storage", "directory"),
    ("storage", "encrypt_to"),
    ("storage", "keep_encrypted"),
    ("web",),
)
"""What no form changes: by it somebody could lock himself out, have programs of his own choice run, or read on."""

RUNNING = ("rclone",)
"""What is chosen in a section and runs a program by its options."""


_NOTHING = ("null", "''", "[]", "{}")
"""Defaults that are better shown as nothing."""


@frozen
class Field:
    """One option. `name` is dotted below the place of the form; `kind` is how it is asked for.

    `value` is what stands in the file as a person would type it; empty where nothing does, or nobody may see it. What
    is typed for one that `is_text` is text, also where it looks like a number.
    """

    name: str
    help: str
    said: str
    kind: str
    default: str = ""
    value: str = ""
    written: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    locked: bool = False
    is_text: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether its value is never told."""
        return self.kind == "secret"


@frozen
class Part:
    """Some options under one heading, and what lies below: `links` to more forms by their names and helps."""

    name: str
    help: str
    fields: tuple[Field, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@frozen
class Form:
    """Everything that is asked for at one place.

    `entries` are the names there, where a person chooses them; `choices` is what a new one can be. `chooser` is the
    option of a new one that says what it is.
    """

    place: Place
    help: str
    parts: tuple[Part, ...] = ()
    entries: tuple[str, ...] | None = None
    choices: tuple[str, ...] = ()
    is_new: bool = False
    chooser: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return attrs.asdict(self)

    @property
    def fields(self) -> dict[str, Field]:
        """All of its options by their names."""
        return {each.name: each for part in self.parts for each in part.fields}


@frozen
class Forms:
    """The forms of one file, whose values are `root`, of the classes that `extensions` add to."""

    root: Mapping[str, Any]
    extensions: Extensions = field(factory=dict)

    def form(self, place: Place, chosen: str = "") -> Form:
        """What is asked for at `place`; `chosen` is what a new entry is to be. Raises NotFound."""
        cls: type = Settings
        values: Any = self.root
        about, way = summary(Settings), 0
        while way < len(place):
            option = self._option(cls, place[way])
            about, values, way = option.help, _below(values, place[way]), way + 1
            assert option.section is not None
            cls = option.section
            if option.keyed:
                if way == len(place):
                    choices = tuple(sorted(self.extensions.get(cls, ())))
                    return Form(place, about, entries=tuple(values or ()), choices=choices)
                is_new = not isinstance(values, dict) or place[way] not in values
                values, way = _below(values, place[way]), way + 1
                if way == len(place):
                    fits = chosen in self.extensions.get(cls, ()) and chosen not in RUNNING and not is_locked(place)
                    chooser = next(describe(cls)).name if is_new and fits else ""
                    parts = tuple(self._parts(cls, values, place, chosen))
                    return Form(place, about, parts, is_new=is_new, chooser=chooser)
        return Form(place, about, tuple(self._parts(cls, values, place)))

    def _option(self, cls: type, name: str | int) -> Described:
        option = next((each for each in describe(cls) if each.name == name and each.section), None)
        if option is None:
            raise NotFound(f"the configuration has no section {name}")
        return option

    def _parts(self, cls: type, values: Any, place: Place, chosen: str = "") -> Iterator[Part]:
        values = spread(cls, values)
        extended = self.extensions.get(cls)
        if extended is None:
            yield from self._part(cls, values, "", place)
            return
        chooser = next(describe(cls)).name
        word = values.get(chooser)
        chosen = word.text if isinstance(word, Word) else chosen
        locked = chosen in RUNNING
        yield from self._part(cls, {**values, chooser: Word(chosen)}, "", place, locked=locked)
        if chosen in extended:
            options = loaded(extended[chosen])
            for part in self._part(options, values, "", place, locked=locked):
                yield attrs.evolve(part, help=part.help or summary(options))

    def _part(
        self, cls: type, values: Any, prefix: str, place: Place, help: str = "", *, locked: bool = False
    ) -> Iterator[Part]:
        values = spread(cls, values)
        fields: list[Field] = []
        links: list[tuple[str, str]] = []
        below: list[Part] = []
        types = {each.name: each for each in attrs.fields(cls)}
        extended = cls in self.extensions
        for option in describe(cls):
            if extended and option.name == "options":
                continue
            way = (*place, *filter(None, prefix.split(".")), option.name)
            name = f"{prefix}.{option.name}".lstrip(".")
            if option.keyed or (option.section and not prefix and not place):
                links.append((option.name, option.help))
            elif not place:
                continue  # the whole has a page for each of its sections, and nothing else that a form could change
            elif option.section:
                inner = values.get(option.name)
                below += self._part(option.section, inner, name, place, option.help, locked=locked)
            else:
                fixed = locked or is_locked(way) or (extended and not fields)
                fields.append(_field(option, types[option.name], name, values.get(option.name), fixed))
        yield Part(prefix, help, tuple(fields), tuple(links))
        yield from below


def is_locked(place: Place) -> bool:
    """Whether no form changes what is at a place."""
    return any(place[: len(each)] == each for each in LOCKED)


def spread(cls: type, values: Any) -> dict[str, Any]:
    """The options of a section, that may be written as one word."""
    if isinstance(values, Word):
        return {each.name: values for each in describe(cls) if each.shorthand}
    return values if isinstance(values, dict) else {}


def _below(values: Any, name: str | int) -> Any:
    return values.get(name) if isinstance(values, dict) else None


def _field(option: Described, of: "attrs.Attribute[Any]", name: str, value: Any, locked: bool) -> Field:
    kind, choices = _kind(of)
    text = None if kind == "secret" else _text(value, kind)
    elsewhere = kind != "secret" and text is None
    return Field(
        name, option.help, option.kind + (f". Example: {option.example}" if option.example else ""), kind,
        "" if option.required or option.value in _NOTHING else option.value, text or "", value is not None,
        option.required, choices, locked or elsewhere or kind == "other", _is_text(of.type),
    )  # fmt: skip


def _kind(of: "attrs.Attribute[Any]") -> tuple[str, tuple[str, ...]]:
    """How an option is asked for, and the words it can be chosen from."""
    inner, _ = words.optional_type(of.type)
    arguments = get_args(inner)
    if inner is Secret:
        return "secret", ()
    if inner is bool:
        return "choice", ("true", "false")
    if known := words.choices(inner):
        return "choice", known
    if named := [each for each in words.single_checks(of.validator) if hasattr(each, "options")]:
        return "choice", tuple(map(str, named[0].options))
    if words.is_list(inner) and arguments and arguments[0] is not Secret and not attrs.has(arguments[0]):
        return "lines", ()
    if words.is_mapping(inner) and not any(map(attrs.has, arguments)) and Secret not in arguments:
        return "pairs", ()
    if words.is_mapping(inner) or words.is_list(inner) or inner is Any:
        return "other", ()
    return ("words" if inner is str else "text"), ()


def _is_text(wanted: Any) -> bool:
    """Whether a type is text, or a list or mapping of text."""
    inner, _ = words.optional_type(wanted)
    arguments = [each for each in get_args(inner) if each is not ...]
    return (arguments[-1] if arguments else inner) is str


def _text(value: Any, kind: str) -> str | None:
    """What a person would type; None where it cannot be typed."""
    if value is None:
        return ""
    if isinstance(value, Word):
        return None if value.origin else value.text
    if kind == "lines" and isinstance(value, list):
        lines = [_text(each, "") for each in value]
        return None if None in lines else "\n".join(line or "" for line in lines)
    if kind == "pairs" and isinstance(value, dict):
        pairs = {str(name): _text(each, "") for name, each in value.items()}
        plain = all(text is not None and "\n" not in text and ":" not in name for name, text in pairs.items())
        return "\n".join(f"{name}: {text}" for name, text in pairs.items()) if plain else None
    return None


def pairs_of(lines: str) -> dict[str, str]:
    """What somebody typed for names and values, one `name: value` a line."""
    pairs = (line.partition(":") for line in lines.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}
