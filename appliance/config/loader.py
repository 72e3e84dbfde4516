"""Loads the configuration: one YAML file to `Settings`, or every problem of it at once.

The file is YAML 1.1 with two tags, `!env NAME` and `!secret NAME`. Each problem is one line,
`FILE:LINE: path: what was found, what was expected`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from appliance.config import document
from appliance.config.convert import Structurer
from appliance.config.document import read_document
from appliance.config.files import read_text
from appliance.config.options import Extensions
from appliance.config.settings import Settings
from appliance.config.shorthand import spelled_out
from appliance.config.sources import Sources
from appliance.config.words import printable
from appliance.errors import ConfigError

SECRETS_FILE = "secrets.yaml"


def load(
    path: Path,
    extensions: Extensions,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings in the file at `path`. Raises ConfigError with every problem.

    A `!secret NAME` that is no credential of the systemd unit is looked up in `secrets.yaml` next to the file.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        missing = f"{path}: there is no such file; `appliance config example` prints one to begin with"
    else:
        return parse(text, str(path), extensions, environment, path.with_name(SECRETS_FILE))
    raise ConfigError(missing)


def parse(
    text: str,
    source: str,
    extensions: Extensions,
    environment: Mapping[str, str] = os.environ,
    secrets_file: Path | None = None,
    schema: type[Settings] = Settings,
) -> Settings:
    """The settings in `text`; `source` is how problems name the file. Raises ConfigError with every problem."""
    sources = Sources(environment, secrets_file)
    read = spelled_out(read_document(text, source, sources.look_up))
    settings, problems = Structurer(extensions, sources.withheld).structure(read.root, schema)
    if isinstance(settings, schema) and not read.problems:
        return settings
    placed = read.problems + [(_line(read.lines, path), path, words) for path, words in problems]
    lines = [
        f"{source}:{line}: {_dotted(path)}{words}" for line, path, words in sorted(placed, key=lambda each: each[0])
    ]
    raise ConfigError(*dict.fromkeys(lines))


def _line(lines: Mapping[document.Place, int], path: document.Place) -> int:
    """The line of a value, or of the nearest one around it."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), lines[()])


def _dotted(path: document.Place) -> str:
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in path)
    return f"{dotted.removeprefix('.')}: " if path else ""
