"""Values are compared, hashed and shown by their fields, as those that attrs makes."""

import inspect
import linecache
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import attrs
import pytest
from attrs import field

from appliance.values import Message, frozen, message


@frozen
class Point:
    x: int
    y: int = 0
    note: str = field(default="", eq=False, repr=False)


@frozen
class Place(Point):
    fields: dict[str, int] = field(factory=dict, hash=False)


@frozen(eq=False)
class Same:
    x: int


@frozen
class Nothing:
    pass


@frozen
class Odd:
    x: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Odd) and self.x % 2 == other.x % 2

    def __hash__(self) -> int:
        return self.x % 2

    def __repr__(self) -> str:
        return "odd"


def test_equal_are_values_of_one_class_whose_fields_are() -> None:
    assert Point(1, 2) == Point(1, 2, "told") != Point(1, 3)
    assert Place(1, 2) != Point(1, 2)
    assert Place(1, fields={"a": 1}) != Place(1, fields={"a": 2})
    assert Nothing() == Nothing()
    assert Same(1) != Same(1)
    assert Odd(1) == Odd(3)


def test_equal_values_are_one_key() -> None:
    assert {Point(1, 2), Point(1, 2, "told"), Point(2, 1)} == {Point(2, 1), Point(1, 2)}
    assert hash(Place(1, fields={"a": 1})) == hash(Place(1))
    assert len({Odd(1), Odd(3)}) == len({Nothing(), Nothing()}) == 1
    assert len({Same(1), Same(1)}) == 2


def test_a_value_is_shown_by_its_fields() -> None:
    assert repr(Place(1, 2, "no", {"a": 1})) == "Place(x=1, y=2, fields={'a': 1})"
    assert repr(Nothing()) == "Nothing()"
    assert repr(Odd(1)) == "odd"


def test_a_value_stays_as_it_is() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Point(1, 2).x = 3  # type: ignore[misc]
    assert attrs.evolve(Point(1, 2), x=3) == Point(3, 2)


class Louder(Odd):
    """Extends a class of values, and is none that is told so."""

    def __init__(self, x: int) -> None:
        super().__init__(2 * x)


def made(kind: type) -> bool:
    """Whether attrs has had its turn at the class, which asking it would give it."""
    return isinstance(vars(kind)["__attrs_attrs__"], tuple)


def test_a_class_is_made_when_it_is_wanted() -> None:
    @frozen
    class Below:
        x: int = field(converter=int)

    @frozen(kw_only=True)
    class Above(Below):
        y: int = 0

    assert not made(Below) and not made(Above)
    before = set(linecache.cache)
    assert [each.name for each in attrs.fields(Above)] == ["x", "y"] and made(Below) and made(Above)
    assert set(linecache.cache) == before
    assert repr(Above(x=1)).endswith("Above(x=1, y=0)") and Below(1) != Above(x=1) == Above(x="1")


def test_what_extends_a_class_may_make_its_first_value() -> None:
    assert Louder(3).x == 6
    assert Odd(3).x == 3


def test_a_class_whose_first_values_are_made_at_once_is_made_once() -> None:
    turns: list[type] = []
    again = Event()

    def turn(kind: type, fields: list[Any]) -> list[Any]:
        turns.append(kind)
        if turns[1:]:
            again.set()
        again.wait(0.2)
        return fields

    @frozen(field_transformer=turn)
    class New:
        x: int
        y: int = 1

    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(New, [3, 3])] == [New(3)] * 2
    assert turns == [New]


def test_a_class_tells_how_a_value_is_made_before_one_is() -> None:
    @frozen
    class New:
        x: int
        y: int = 1

    class Extends(New):
        pass

    assert str(inspect.signature(Extends)) == str(inspect.signature(New)) == "(x: int, y: int = 1) -> None"


def test_a_value_that_comes_from_elsewhere_may_be_the_first() -> None:
    @frozen
    class New:
        x: int

    def arrived(kind: Any, x: int) -> Any:
        """As pickle makes a value, which calls no `__init__`."""
        value = kind.__new__(kind)
        vars(value)["x"] = x
        return value

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        arrived(New, 3).x = 4
    assert repr(arrived(New, 3)).endswith("New(x=3)")

    @frozen
    class Other(New):
        pass

    assert arrived(Other, 3) == arrived(Other, 3) != arrived(Other, 4)

    @frozen
    class Third(New):
        pass

    assert len({arrived(Third, 3), arrived(Third, 3)}) == 1


def test_what_extends_a_class_is_frozen_too_however_early() -> None:
    @frozen
    class New:
        x: int

    @attrs.define
    class Extends(New):
        y: int = field(default=1, converter=int)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Extends(3).y = 4  # type: ignore[misc]
    assert Extends(3).x == 3


def test_a_class_that_cannot_be_made_says_why_each_time() -> None:
    @frozen
    class Wrong:
        x: int = 1
        y: int  # type: ignore[misc]

    for _ in range(2):
        with pytest.raises(ValueError, match="No mandatory attributes"):
            Wrong(1, 2)


class Word(Message):
    """The base of messages that a test has."""


@message
class Said(Word):
    at: float
    how: str = "loud"


@message
class SaidAgain(Said):
    times: int = 2


def test_a_message_has_the_fields_of_all_that_it_extends() -> None:
    said = SaidAgain(1.0, times=3)
    assert (said.at, said.how, said.times) == (1.0, "loud", 3)
    assert repr(said) == "SaidAgain(at=1.0, how='loud', times=3)"
    assert said == SaidAgain(at=1.0, times=3) != SaidAgain(1.0) and len({said, SaidAgain(1.0, "loud", 3)}) == 1
    assert Said(1.0) != SaidAgain(1.0)
    match said:
        case SaidAgain(at, "loud", 3):
            assert at == 1.0
        case _:
            pytest.fail("it does not match its own fields")


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1.0, "a", 2, 3), {}), ((1.0,), {"at": 1.0}), ((1.0,), {"x": 1})]
)
def test_a_message_that_lacks_a_field_or_has_too_many_is_an_error(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="SaidAgain takes"):
        SaidAgain(*values, **named)


def test_a_message_stays_as_it_is() -> None:
    said = Said(1.0)
    with pytest.raises(AttributeError, match="frozen"):
        said.how = "low"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del said.at
