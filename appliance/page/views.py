"""The views: templates of bottle, each read and compiled once, whose values are let go of as soon as they are shown.

What bottle runs a template with refers to itself, once more for each template that is included. All that a page was
made of would wait for Python's collector, a hundred times over for a list of clips.
"""

from functools import cache
from typing import Any

import bottle


class _View(bottle.SimpleTemplate):  # type: ignore[misc]  # bottle has no types
    """One view, or a part of several."""

    def prepare(self, **options: Any) -> None:
        super().prepare(**options)
        self.cache = _parts(*self.lookup)

    def _rebase(self, env: dict[str, Any], name: str, /, **values: Any) -> None:
        super()._rebase(env, name, **values, ends=True)

    def _include(self, env: dict[str, Any], name: str, /, ends: bool = False, **values: Any) -> dict[str, Any]:
        """`ends` says that nothing of `env` is needed after that."""
        super()._include(env, name, **values).clear()
        if ends:
            env.clear()
        return {}


@cache
def _parts(folder: str) -> dict[str, _View]:
    """Those that views of a folder include, by their names: all of them share these."""
    return {}


@cache
def _view(folder: str, name: str) -> _View:
    return _View(name=name, lookup=[folder])


def rendered(folder: str, name: str, values: dict[str, Any]) -> str:
    """The view of this name in a folder, with these values."""
    said: list[str] = []
    _view(folder, name).execute(said, values).clear()
    return "".join(said)
