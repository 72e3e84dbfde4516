"""Spares memory, and time until the box is ready: libraries come without what nobody needs, what is free goes back."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of mallopt(3)."""


@contextmanager
def spared(instead: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """While it lasts these modules stand for those of the same names, unless somebody has loaded them before; with None
    there is no such module.
    """
    absent: dict[str, Any] = {name: module for name, module in instead.items() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def later(*names: str) -> dict[str, ModuleType | None]:
    """Stands for modules of which a library takes what it may call some day: each is loaded by the first such call."""
    return {name: _Later(name) for name in names}


def whole(package: ModuleType) -> None:
    """Let a package whose modules come `later` have all that it should have: what was taken from them comes when asked
    for, as what it is.
    """
    own: dict[str, Any] = vars(package)
    taken = {name: value for name, value in own.items() if isinstance(value, _Taken)}

    def found(name: str) -> Any:
        if name not in taken:
            raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}")
        own[name] = taken[name].found()
        return own[name]

    for name in taken:
        del own[name]
    if taken:
        own["__getattr__"] = found  # PEP 562


class _Later(ModuleType):
    def __getattr__(self, name: str) -> "_Taken":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Taken(self.__name__, name)


class _Taken:
    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def found(self) -> Any:
        return getattr(import_module(self._module), self._name)

    def __call__(self, *values: object, **named: object) -> Any:
        return self.found()(*values, **named)


def one_arena() -> None:
    """Let all threads to come share one arena: one of its own costs each a megabyte and more."""
    _mallopt(_M_ARENA_MAX, 1)


def give_back_what_is_large() -> None:
    """Let blocks of 64 kB and more go back to the system once they are free: pieces of uploads tear holes otherwise."""
    _mallopt(_M_MMAP_THRESHOLD, 65_536)


def _mallopt(parameter: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).mallopt(parameter, value)
