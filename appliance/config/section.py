"""One section of the configuration, for a program that needs no more: what the others are made of is not loaded."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from appliance.config.convert import Structurer
from appliance.config.document import read_document
from appliance.config.files import read
from appliance.config.problems import error_of, line_of
from appliance.config.sources import Sources

_T = TypeVar("_T")


def load_section(path: Path, name: str, section: type[_T], environment: Mapping[str, str] = os.environ) -> _T:
    """One section of the file at `path`, for a program that needs no more. Raises ConfigError with its problems."""
    sources = Sources(environment, None)
    document = read_document(read(path), str(path), sources.look_up)
    settings, problems = Structurer({}, sources.withheld).structure(document.root.get(name) or {}, section)
    placed = [each for each in document.problems if each[1][:1] == (name,)]
    placed += [(line_of(document.lines, (name, *way)), (name, *way), words) for way, words in problems]
    if placed:
        raise error_of(str(path), placed)
    assert isinstance(settings, section)
    return settings
