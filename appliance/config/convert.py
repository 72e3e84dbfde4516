"""The values of a document to configuration classes through cattrs, with every problem and the way to it.

cattrs assembles the classes, and its detailed validation carries each error past the errors next to it. Beside that
stand the rules of the file: names that no option has, shorthand, and a plugin's options next to the common ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import partial
from inspect import isabstract
from pathlib import Path
from types import GenericAlias
from typing import Any, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ClassValidationError,
    IterableValidationError,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)

from appliance.config import document, words
from appliance.config.document import Broken, Kind, Word
from appliance.config.options import Extensions, OptionsClass, Secret, loaded
from appliance.config.scalars import Problem, Reported, anything, read_word, takes_a_word
from appliance.config.sections import Across, Section, notes
from appliance.config.withheld import Withheld
from appliance.foreign import printable
from appliance.limits import PATIENCE, within
from appliance.redact import keep_secret, keep_url_secret

Hook = Callable[[Any, Any], Any]
_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class Structurer:
    """Turns plain values into settings."""

    def __init__(self, extensions: Extensions, withheld: Withheld, across: Mapping[type, Across] | None = None) -> None:
        self._extensions = extensions
        self._across = across or {}
        self._withheld = withheld
        self._converter = converter = Converter(detailed_validation=True)
        for wanted in (str, int, float, bool, Path, Secret, Enum):
            converter.register_structure_hook(wanted, self._word)
        converter.register_structure_hook_func(takes_a_word, self._word)
        converter.register_structure_hook_func(lambda wanted: wanted is Any, lambda value, _: anything(value))
        converter.register_structure_hook_factory(words.is_mapping, self._mapping_hook)
        converter.register_structure_hook_factory(words.is_list, self._list_hook)
        converter.register_structure_hook_factory(attrs.has, self._section_hook)
        converter.register_structure_hook_func(words.may_be_none, self._unless_none)

    def structure(self, values: dict[str, Any], wanted: type) -> tuple[Any, list[tuple[document.Place, str]]]:
        """The settings and no problem, or None and every problem with its path."""
        try:
            return self._converter.structure(values, wanted), []
        except BaseValidationError as error:
            return None, list(self._problems(error, ()))

    def _problems(self, error: Exception, path: document.Place) -> Iterator[tuple[document.Place, str]]:
        marks = notes(error)
        for note in reversed(marks):
            path = (*path, note.name if isinstance(note, AttributeValidationNote) else note.index)
        if isinstance(error, BaseValidationError):
            for inner in error.exceptions:
                yield from self._problems(inner, path)
        elif isinstance(error, Problem):
            yield (*path, *error.path), error.words
        elif isinstance(error, KeyError) and marks:
            yield path, f"is missing, expected {words.expected(marks[0].type)}"
        elif isinstance(error, StructureHandlerNotFoundError):
            yield path, "its plugin describes this option by a type that no YAML text can have"
        elif not isinstance(error, Reported):
            yield path, self._withheld.message(error)

    def _word(self, value: Any, wanted: Any) -> Any:
        if isinstance(value, Broken):
            raise Reported
        word = Word(value, Kind.NAME) if isinstance(value, str) else value
        if not isinstance(word, Word):
            raise Problem(f"found {words.found(value)}, expected {words.expected(wanted)}")
        if wanted is Secret:
            self._withheld.secrets.add(word.text)
            keep_secret(word.text)
        elif "://" in word.text:
            keep_url_secret(word.text)
        return read_word(word, wanted)

    def _unless_none(self, value: Any, wanted: Any) -> Any:
        none = value is None or (isinstance(value, Word) and value.text == words.NONE and not value.origin)
        return None if none else self._converter.structure(value, words.optional_type(wanted)[0])

    def _mapping_hook(self, wanted: Any) -> Hook:
        names, values = get_args(wanted) or (Any, Any)
        structure = self._converter.gen_structure_mapping(GenericAlias(dict, (names, values)))

        def hook(value: Any, _: Any) -> Any:
            given = _given(value, wanted)
            problems: list[Exception] = []
            if values in self._extensions:
                problems = [
                    Problem(f'found "{printable(name)}", expected a name of letters, digits, - and _', name)
                    for name in given
                    if not name or not _NAME_CHARACTERS.issuperset(name)
                ]
            result = _attempt(problems, lambda: structure(given, wanted))
            _raise(problems, wanted)
            return result

        return hook

    def _list_hook(self, wanted: Any) -> Hook:
        kind = get_origin(wanted) or wanted
        item_type = (get_args(wanted) or (Any,))[0]

        def hook(value: Any, _: Any) -> Any:
            if isinstance(value, Broken):
                raise Reported
            if not isinstance(value, list):
                raise Problem(f"found {words.found(value)}, expected {words.expected(wanted)}")
            items, problems = [], []
            for index, item in enumerate(value):
                try:
                    items.append(self._converter.structure(item, item_type))
                except Exception as error:  # as cattrs does: whatever a class of a plugin raises is told with its place
                    error.add_note(IterableValidationNote("in a list", index, item_type))
                    problems.append(error)
            if problems:
                raise IterableValidationError("in a list", problems, kind)
            return tuple(items) if isabstract(kind) else kind(items)

        return hook

    def _section_hook(self, cls: Any) -> Hook:
        section = Section(cls, self._converter, self._withheld, self._across.get(cls))
        short = section.shorthand

        def hook(value: Any, _: Any) -> Any:
            if short is not None and value is None:
                raise Problem(f"found nothing, expected {words.expected(section.types[short])}")
            if short is not None and isinstance(value, Word):
                self._converter.structure(value, section.types[short])
                value = {short: value}
            given = _given(value, cls)
            return self._with_extension(given, section) if cls in self._extensions else section.assemble(given)

        return hook

    def _with_extension(self, given: dict[str, Any], section: Section) -> Any:
        """A section that plugins extend: its own options, and in `options` those of what is chosen from beside them."""
        common, chooser = section.fields.keys() - {"options"}, next(iter(section.fields))
        problems: list[Exception] = []
        options_class = self._options_class(given, section, chooser, problems)
        settings = _attempt(
            problems, lambda: section.assemble({name: item for name, item in given.items() if name in common})
        )
        options = None
        if options_class is not None:
            rest = {name: item for name, item in given.items() if name not in common}
            chosen = given.get(chooser, section.fields[chooser].default)
            what = f"options:{section.cls.__name__}:{getattr(chosen, 'text', chosen)}"
            try:
                loaded_class = within(PATIENCE, partial(loaded, options_class), what)
                these = f"{what}:{hash(_hashable(rest))}"  # values of another entry need not hang
                options = within(PATIENCE, partial(self._options, loaded_class, rest, common), these)
            except BaseValidationError as error:
                problems += error.exceptions
            except Exception as error:  # a plugin's broken options class must not end the daemon
                problems.append(Problem(f"the plugin of its {chooser} is broken: {self._withheld.message(error)}"))
        _raise(problems, section.cls)
        return attrs.evolve(settings, options=options)

    def _options(self, options: type, given: dict[str, Any], also_known: Iterable[str]) -> Any:
        if clash := attrs.fields_dict(options).keys() & set(also_known):
            raise TypeError(f"it has options that every entry has: {', '.join(sorted(clash))}")
        return Section(options, self._converter, self._withheld).assemble(given, also_known)

    def _options_class(
        self, given: dict[str, Any], section: Section, chooser: str, problems: list[Exception]
    ) -> OptionsClass | None:
        choices = self._extensions[section.cls]
        known = words.either(sorted(choices)) if choices else f"the {chooser} of an installed plugin"
        chosen = given.get(chooser, section.fields[chooser].default)
        if chosen is attrs.NOTHING:
            given[chooser] = Broken()
            problems.append(Problem(f"is missing, expected {known}", chooser))
            return None
        word = Word(chosen) if isinstance(chosen, str) else chosen
        if not isinstance(word, Word):
            return None
        if word.text not in choices:
            near = "" if word.origin else words.suggestion(word.text, choices)
            hint = near or "; `appliance plugins` shows what is installed"
            problems.append(Problem(f"found {words.found(word)}, expected {known}{hint}", chooser))
        return choices.get(word.text)


def _given(value: Any, wanted: Any) -> dict[str, Any]:
    if isinstance(value, Broken):
        raise Reported
    if value is not None and not isinstance(value, dict):
        raise Problem(f"found {words.found(value)}, expected {words.expected(wanted)}")
    return dict(value or {})


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _hashable(each)) for name, each in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _attempt(problems: list[Exception], run: Callable[[], Any]) -> Any:
    try:
        return run()
    except BaseValidationError as error:
        problems += error.exceptions
        return None


def _raise(problems: list[Exception], cls: Any) -> None:
    if problems:
        raise ClassValidationError("in a section", problems, cls)
