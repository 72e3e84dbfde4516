"""Loads the configuration: one YAML file to `Settings`, or every problem of it at once.

The file is YAML 1.1 with two tags, `!env NAME` and `!secret NAME`. Each problem is one line,
`FILE:LINE: path: what was found, what was expected`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, fields

from appliance.config.across import ACROSS
from appliance.config.convert import Structurer
from appliance.config.document import Document, Place, read_document
from appliance.config.files import read
from appliance.config.options import Extensions
from appliance.config.problems import Placed, dotted, error_of, in_words, line_of
from appliance.config.settings import DestinationSettings, Settings
from appliance.config.shorthand import in_full, spelled_out
from appliance.config.sources import Sources
from appliance.config.takes import wrong_wishes
from appliance.values import frozen

SECRETS_FILE = "secrets.yaml"


@frozen
class Usable:
    """What of a file can be used. `left_out` holds why the rest cannot, in one line, by its dotted name.

    A destination that is left out is there all the same, without a backend: clips wait for it, in the form it wants.
    """

    settings: Settings
    left_out: Mapping[str, str] = field(factory=dict)


def load(path: Path, extensions: Extensions, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file at `path`. Raises ConfigError with every problem.

    A `!secret NAME` that is no credential of the systemd unit is looked up in `secrets.yaml` next to the file.
    """
    return parse(read(path), str(path), extensions, environment, path.with_name(SECRETS_FILE))


def parse(
    text: str,
    source: str,
    extensions: Extensions,
    environment: Mapping[str, str] = os.environ,
    secrets_file: Path | None = None,
    schema: type[Settings] = Settings,
) -> Settings:
    """The settings in `text`; `source` is how problems name the file. Raises ConfigError with every problem."""
    settings, found = _checked(text, source, extensions, Sources(environment, secrets_file), schema)
    if settings is None:
        raise error_of(source, found)
    return settings


def problems(
    text: str, source: str, extensions: Extensions, environment: Mapping[str, str], secrets_file: Path
) -> list[tuple[Place, str]]:
    """Every problem of `text`, each with the way to it, for somebody who sees no lines. Raises ConfigError where
    nothing can be made of the text.
    """
    _, found = _checked(text, source, extensions, Sources(environment, secrets_file), Settings)
    return [(in_full(path), words) for _, path, words in found]


def usable(
    text: str,
    source: str,
    extensions: Extensions,
    environment: Mapping[str, str] = os.environ,
    secrets_file: Path | None = None,
    *,
    by_defaults: bool = False,
) -> Usable:
    """As `parse`, but what the box records without is left out where it has a problem.

    Raises ConfigError where there is one in what recording needs, or in the file as such. `by_defaults` is for whoever
    has nothing better: what recording needs has its default where it has a problem.
    """
    sources = Sources(environment, secrets_file)
    document = spelled_out(read_document(text, source, sources.look_up))
    gone: dict[Place, str] = {}
    before = document.root.get("destinations")
    written = dict(before) if isinstance(before, dict) else {}
    while True:
        settings, problems = _structured(document, extensions, sources, Settings)
        problems = [each for each in problems if not any(in_full(each[1])[: len(place)] == place for place in gone)]
        if settings is not None:
            break
        if not problems:
            settings, _ = _structured(evolve(document, problems=[]), extensions, sources, Settings)
            assert settings is not None
            break
        for problem in problems:
            wrong = in_full(problem[1])
            place = _spared(wrong) or (_nearest(document.root, wrong) if by_defaults else None)
            if place is None or not _leave_out(document.root, place):
                raise error_of(source, problems)
            gone.setdefault(place, in_words(source, problem))
    names = {str(name) for first, *rest in gone for name in rest if first == "destinations"}
    waiting = {name: _waiting(written.get(name), sources) for name in sorted(names)}
    settings = evolve(settings, destinations={**settings.destinations, **waiting})
    for problem in _wrong_wishes(document, settings):  # what can be done of it is done, and nothing else
        gone.setdefault(problem[1], in_words(source, problem))
    return Usable(settings, {dotted(place): words for place, words in gone.items()})


_SPARED = {
    ("destinations",): 2,
    ("feeds",): 2,
    ("renditions",): 2,
    ("services",): 2,
    ("schedules",): 2,
    ("triggers",): 2,
    ("processors",): 2,
    ("panel",): 3,
    ("audio", "playback"): 2,
    ("disabled_plugins",): 1,
}
"""What the box records without, and of how many names that has which is left out as one."""


def _checked(
    text: str, source: str, extensions: Extensions, sources: Sources, schema: type[Settings]
) -> tuple[Settings | None, list[Placed]]:
    """The settings in `text`, and every problem with its line: one of the two is none."""
    document = spelled_out(read_document(text, source, sources.look_up))
    settings, problems = _structured(document, extensions, sources, schema)
    if settings is not None:
        problems = _wrong_wishes(document, settings)
    return (None if problems else settings), problems


def _structured(
    document: Document, extensions: Extensions, sources: Sources, schema: type[Settings]
) -> tuple[Settings | None, list[Placed]]:
    """The settings, and every problem with its line: one of the two is none."""
    settings, problems = Structurer(extensions, sources.withheld, ACROSS).structure(document.root, schema)
    placed = document.problems + [(line_of(document.lines, path), path, words) for path, words in problems]
    return (None if placed else settings), placed


def _wrong_wishes(document: Document, settings: Settings) -> list[Placed]:
    """What beginnings of takes, profiles, destinations and feeds want that there is not."""
    return [(line_of(document.lines, path), path, words) for path, words in wrong_wishes(settings)]


def _waiting(written: object, sources: Sources) -> DestinationSettings:
    """A destination that cannot be used, with what can be read of what every destination has."""
    settings = DestinationSettings("")
    for each in fields(DestinationSettings):
        if isinstance(written, dict) and each.name in written and each.name not in ("backend", "options"):
            entry = {"backend": "none", each.name: written[each.name]}
            read, _ = Structurer({}, sources.withheld).structure(entry, DestinationSettings)
            settings = evolve(settings, **{each.name: getattr(read, each.name)}) if read else settings
    return settings


def _spared(path: Place) -> Place | None:
    """What is left out for a problem at `path`; None where recording needs it."""
    for begin, names in _SPARED.items():
        if path[: len(begin)] == begin:
            return path[:names]
    return None


def _nearest(root: dict[str, Any], path: Place) -> Place | None:
    """What there is at `path`, or around it."""
    end = 0
    for name in path:
        if not isinstance(root, dict) or name not in root:
            break
        root, end = root[name], end + 1
    return path[:end] or None


def _leave_out(root: dict[str, Any], place: Place) -> bool:
    """Take something out of the values; whether it was there, or is gone already."""
    for name in place[:-1]:
        root = root.get(str(name), {})
        if not isinstance(root, dict):
            return False
    root.pop(str(place[-1]), None)
    return True
