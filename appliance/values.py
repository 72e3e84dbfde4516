"""Classes of values: frozen, and compared, hashed and shown by their fields.

attrs would compile what does that anew for each class, of which there are hundreds: half of what a class costs the
start of the daemon. Here it is written once, and all share it.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from attrs import frozen as frozen  # what type checkers know
else:

    def frozen(cls=None, /, *, eq=True, **options):
        """As attrs.frozen; without `eq` an object is equal to itself alone."""

        def made(plain):
            kind = attrs.frozen(plain, eq=False, repr=False, **options)
            own, fields = vars(plain), attrs.fields(kind)
            if eq and "__eq__" not in own:
                kind._compared = _getter(field.name for field in fields if field.eq)
                kind._hashed = _getter(
                    field.name for field in fields if (field.eq if field.hash is None else field.hash)
                )
                kind.__eq__, kind.__hash__ = _equal, _hash
            if "__repr__" not in own:
                kind._shown = tuple(field.name for field in fields if field.repr)
                kind.__repr__ = _show
            return kind

        return made if cls is None else made(cls)


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
