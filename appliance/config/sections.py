"""One configuration class: its fields, how it is assembled from plain values, and every check that fails."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
from cattrs import Converter
from cattrs.errors import AttributeValidationNote, ClassValidationError, IterableValidationNote

from appliance.config import words
from appliance.config.document import Word
from appliance.config.options import Secret
from appliance.config.scalars import Problem
from appliance.config.withheld import Withheld

Across = Callable[[dict[str, Any]], Iterator[Exception]]
"""Finds problems between the plain values of a class."""


def notes(error: BaseException) -> list[AttributeValidationNote | IterableValidationNote]:
    """What cattrs noted about where the error happened, innermost first."""
    kinds = AttributeValidationNote | IterableValidationNote
    return [note for note in getattr(error, "__notes__", ()) if isinstance(note, kinds)]


class Section:
    """A configuration class as the loader sees it; `across` finds what its entries do to each other."""

    def __init__(self, cls: Any, converter: Converter, withheld: Withheld, across: Across | None = None) -> None:
        self._across = across
        attrs.resolve_types(cls)
        self.cls = cls
        self.fields: dict[str, attrs.Attribute[Any]] = {each.name: each for each in attrs.fields(cls) if each.init}
        self.types: dict[str, Any] = {name: field.type for name, field in self.fields.items()}
        self.shorthand = next((name for name, each in self.fields.items() if each.metadata.get("shorthand")), None)
        self._converter = converter
        self._withheld = withheld

    def assemble(self, given: dict[str, Any], also_known: Iterable[str] = ()) -> Any:
        """An instance of the class. Raises ClassValidationError with every problem.

        `also_known` are names that belong to the same section of the file, for suggestions.
        """
        problems = list(self._unknown(given, also_known))
        if self._across:
            problems += self._across(given)
        given = {name: item for name, item in given.items() if name in self.fields and not self._left_out(name, item)}
        result = None
        try:
            result = self._assembled(given)
        except ClassValidationError as error:
            located = [each for each in error.exceptions if notes(each)]
            failed = list(self._failed_checks(given))
            problems += located + failed
            if not located and not failed:
                problems += error.exceptions
        if problems:
            raise ClassValidationError(self.cls.__name__, problems, self.cls)
        return result

    def _assembled(self, given: dict[str, Any]) -> Any:
        """An instance of the class, as cattrs makes one; but it would compile code for that, and for every class that
        this one names, of which a file has few, and each once. Raises ClassValidationError with every problem.
        """
        values: dict[str, Any] = {}
        failed: list[Exception] = []
        for name, field in self.fields.items():
            if name not in given and field.default is not attrs.NOTHING:
                continue
            try:
                values[field.alias or name] = self._converter.structure(given[name], self.types[name])
            except Exception as error:
                error.add_note(AttributeValidationNote(f"{self.cls.__name__}.{name}", name, self.types[name]))
                failed.append(error)
        if not failed:
            try:
                return self.cls(**values)
            except Exception as error:  # what its validators say
                failed.append(error)
        raise ClassValidationError(self.cls.__name__, failed, self.cls)

    def _left_out(self, name: str, value: Any) -> bool:
        """A heading whose options are all commented out means the default."""
        wanted = self.types[name]
        return value is None and (attrs.has(wanted) or words.is_mapping(wanted) or words.is_list(wanted))

    def _unknown(self, given: dict[str, Any], also_known: Iterable[str]) -> Iterator[Exception]:
        known = [*also_known, *self.fields]
        for name in given:
            if name not in self.fields:
                near = words.suggestion(name, known)
                yield Problem(f"unknown option{near or f', expected {words.either(known)}'}", name)

    def _failed_checks(self, given: dict[str, Any]) -> Iterator[Exception]:
        """What the validators say, all of them: the constructor stops at the first.

        Validators may look at other fields, so those that are not known here only run on a whole instance.
        """
        values: dict[str, Any] = {}
        for name, field in self.fields.items():
            try:
                values[name] = (
                    self._converter.structure(given[name], self.types[name]) if name in given else _default(field)
                )
            except Exception:  # this failure is reported by cattrs already, whatever it is
                continue
        trial = self.cls.__new__(self.cls)
        for name, value in values.items():
            object.__setattr__(trial, name, value)
        whole = values.keys() == self.fields.keys()
        for name, value in values.items():
            field = self.fields[name]
            said = self._failed_check(trial, field, value, whole)
            if said:
                yield Problem(
                    f"{_found(given.get(name), field.type)}, {said}" if said.startswith("must") else said, name
                )

    def _failed_check(self, trial: Any, field: "attrs.Attribute[Any]", value: Any, whole: bool) -> str:
        if value is None and words.optional_type(field.type)[1]:
            return ""
        for check in words.single_checks(field.validator):
            limits = words.limits(check, field.type)
            if not limits and not whole:
                continue
            try:
                check(trial, field, value)
            except Exception as error:  # a plugin's own check may raise anything
                if not limits:
                    return self._withheld.message(error)
                example = field.metadata.get("example")
                if "of the form" in limits and example:
                    return f"must look like {example}"
                near = words.suggestion(value, check.options) if hasattr(check, "options") else ""
                return f"must be {words.limits(field.validator, field.type)}{near}"
        return ""


def _found(value: Any, wanted: Any) -> str:
    secret = words.optional_type(wanted)[0] is Secret and not (isinstance(value, Word) and value.origin)
    return "found a secret" if secret else f"found {words.found(value)}"


def _default(field: "attrs.Attribute[Any]") -> Any:
    if field.default is attrs.NOTHING:
        raise LookupError(field.name)
    factory = getattr(field.default, "factory", None)
    return field.default if factory is None else factory()
