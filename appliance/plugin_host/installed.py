"""The plugins of installed distributions, found in the folders that Python looks for modules in.

`importlib.metadata` finds them too, and brings along what reads ZIP files, CSV and mails: 1.6 MB, and a tenth of the
time until the box is ready. The format: https://packaging.python.org/en/latest/specifications/entry-points/
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from operator import attrgetter
from pathlib import Path

from appliance.foreign import printable
from appliance.values import frozen

_KINDS = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}
"""What ends the names of folders that tell of a distribution, and the file in it that names it."""

_VALUE = re.compile(r"([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[.*\])?")


@frozen
class EntryPoint:
    """A name in a distribution for something in a module of it."""

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> object:
        """Import it. Raises whatever that raises, ImportError where it names no module."""
        found = _VALUE.fullmatch(self.value)
        if not found:
            raise ImportError(f"the entry point {self.name} = {self.value} names no module")
        module, name = found.groups()
        return attrgetter(name)(import_module(module)) if name else import_module(module)


def entry_points(group: str, folders: Iterable[str] | None = None) -> Iterator[EntryPoint]:
    """Those of a group, in the order of the folders (as a rule Python's); a distribution that is there twice counts
    where it is found first.
    """
    known = set()
    for folder in sys.path if folders is None else folders:
        for info in _distributions(Path(folder)):
            name = re.sub(r"[-_.]+", "-", info.stem.partition("-")[0]).lower()
            if name in known:
                continue
            known.add(name)
            found = [*_of_group(_text(info / "entry_points.txt"), group)]
            if found:
                told = _told(_text(info / _KINDS[info.suffix]))
                names = printable(told.get("Name", name)), printable(told.get("Version", ""))
                for entry, value in found:
                    yield EntryPoint(printable(entry), value, *names)


def _distributions(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.suffix in _KINDS)
    return []


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace")
    return ""


def _of_group(text: str, group: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == group and line and line[0] not in "#;":
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _told(text: str) -> dict[str, str]:
    """The headers of a METADATA file by name (the last of each), up to the description below them."""
    lines = text.partition("\n\n")[0].splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
