"""Classes of values: frozen, and compared, hashed and shown by their fields.

attrs compiles what makes, compares, hashes and shows them for each class anew. There are hundreds of classes, and that
would be most of what they cost the start of the daemon. So the latter three are written here once, and all share them;
and attrs has its turn at a class when its first value is made, or somebody asks for its fields.
"""

import linecache
from collections.abc import Callable
from functools import partial
from inspect import get_annotations
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

import attrs

T = TypeVar("T")

if TYPE_CHECKING:
    from attrs import frozen as frozen  # what type checkers know
else:

    def frozen(cls=None, /, *, eq=True, **options):
        """As attrs.frozen with a `__dict__` for each value; without `eq` an object is equal to itself alone."""

        def later(kind):
            own = vars(kind)
            if eq and "__eq__" not in own:
                kind.__eq__, kind.__hash__ = _equal, _hash
            if "__repr__" not in own:
                kind.__repr__ = _show
            kind.__setattr__, kind.__delattr__ = _Unmade.__setattr__, _Unmade.__delattr__
            kind._compared, kind._hashed, kind._shown = _COMPARED, _HASHED, _SHOWN
            kind.__init__ = _First(kind)
            kind.__attrs_attrs__ = _Unmade(kind, options)
            return kind

        return later if cls is None else later(cls)


_making = RLock()
"""Held while attrs makes a class, which may make those first that it extends."""


@attrs.frozen(eq=False)
class _Unmade:
    """Stands where attrs looks for the fields of a class, until somebody asks for them."""

    kind: Any
    options: dict[str, Any]

    def __get__(self, *_: object) -> "tuple[attrs.Attribute[Any], ...]":
        """Let attrs make the class. From any thread."""
        with _making:
            if vars(self.kind)["__attrs_attrs__"] is self:
                _make(self.kind, self.options)
        fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(self.kind)
        return fields


def _make(kind: Any, options: dict[str, Any]) -> None:
    """Let attrs make a class in place; `__init__` comes last, when its values can do all that values do."""
    for own in {"__setattr__", "__delattr__"} & vars(kind).keys():
        delattr(kind, own)  # attrs freezes no class that has its own
    attrs.frozen(kind, slots=False, init=False, eq=False, repr=False, **options)
    fields, init = attrs.fields(kind), kind.__attrs_init__
    kind._compared = _getter(field.name for field in fields if field.eq)
    kind._hashed = _getter(field.name for field in fields if (field.eq if field.hash is None else field.hash))
    kind._shown = tuple(field.name for field in fields if field.repr)
    linecache.cache.pop(init.__code__.co_filename, None)  # attrs leaves the source of what it has compiled there
    kind.__init__ = init


@attrs.frozen(eq=False)
class _First:
    """Stands where a class tells how a value of it is made, until somebody asks for that."""

    kind: Any

    def __get__(self, value: object, _: object = None) -> Callable[..., None]:
        init: Callable[..., None] = _of_made(self.kind, "__init__")
        return init if value is None else partial(init, value)


@attrs.frozen(eq=False)
class _Late:
    """Stands for what a class has once it is made, which its values can want before: those that come from elsewhere."""

    name: str

    def __get__(self, _: object, kind: Any) -> Any:
        return _of_made(kind, self.name)


def _of_made(kind: Any, name: str) -> Any:
    """What a class has that attrs has made. From any thread."""
    with _making:  # whoever comes while another thread makes the class waits for it
        attrs.fields(kind)
    return getattr(kind, name)


_COMPARED, _HASHED, _SHOWN = map(_Late, ("_compared", "_hashed", "_shown"))


def _getter(names: Any) -> Callable[[Any], Any]:
    """What gets the values of all these fields at once."""
    wanted = tuple(names)
    return attrgetter(*wanted) if wanted else lambda _: ()


def _equal(self: Any, other: Any) -> bool:
    kind = type(self)
    return kind._compared(self) == kind._compared(other) if type(other) is kind else NotImplemented


def _hash(self: Any) -> int:
    kind = type(self)
    return hash((kind, kind._hashed(self)))


def _show(self: Any) -> str:
    kind = type(self)
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in kind._shown)
    return f"{kind.__qualname__.rsplit('>.', 1)[-1]}({fields})"


class Message:
    """A frozen object that has the fields of its class, and is compared, hashed and shown by them.

    What attrs would compile for each of the many classes, most of which a run makes no object of, is written here once:
    else they would be a tenth of a start. What has no value of its own has its default from the class.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *values: object, **named: object) -> None:
        kind = type(self)
        given = dict(zip(kind.__match_args__, values, strict=False), **named)
        count = len(values) + len(named)
        if len(given) != count or not kind._required <= given.keys() <= set(kind.__match_args__):
            raise TypeError(f"{kind.__name__} takes {kind.__match_args__}, and not {count} values as {(*given,)}")
        vars(self).update(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def _values(self) -> dict[str, object]:
        """Its fields by name, in their order."""
        return {name: getattr(self, name) for name in self.__match_args__}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"


@dataclass_transform(frozen_default=True)
def message(cls: type[T]) -> type[T]:
    """A class of messages: its fields are those of the class that it extends, and those annotated in it."""
    kind: Any = cls
    names = dict.fromkeys((*kind.__match_args__, *get_annotations(cls)))
    kind.__match_args__ = tuple(names)  # type: ignore[misc]
    kind._required = frozenset(name for name in names if not hasattr(kind, name))
    return cls
