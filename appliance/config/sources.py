"""Where the values of `!env NAME` and `!secret NAME` come from."""

import logging
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from appliance.config.document import LookupFailed, Word, read_document
from appliance.config.files import read_text
from appliance.config.withheld import Withheld
from appliance.errors import ConfigError
from appliance.redact import keep_secret

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_STRAY = "\r\n\t \xa0\u200b\ufeff"
"""What a copy from a web page, or a file made on Windows, brings along around a value."""


class Sources:
    """The environment and the two places for secrets: systemd's credentials first, then the secrets file.

    `CREDENTIALS_DIRECTORY` holds a file for each credential (systemd.exec(5), LoadCredential=).
    """

    def __init__(self, environment: Mapping[str, str], secrets_file: Path | None) -> None:
        self._environment = environment
        self._file = secrets_file
        self.withheld = Withheld()
        self._told: set[str] = set()

    def look_up(self, tag: str, name: str) -> str:
        """The text behind `!env NAME` or `!secret NAME`. Raises LookupFailed, never with a secret in it."""
        if _NAME.fullmatch(name) is None:
            raise LookupFailed(f"{tag} without a proper name, expected {tag} NAME with letters, digits and ._-")
        given = self._variable(name) if tag == "!env" else self._secret(name)
        text = given.strip(_STRAY)
        if text != given and name not in self._told:
            self._told.add(name)
            log.warning("the value of %s %s begins or ends with blanks or an end of line: they are left out", tag, name)
        try:
            text.encode()
        except UnicodeEncodeError:
            text = "\0"
        if "\0" in text:
            raise LookupFailed(f"{tag} {name} is not text, expected UTF-8 text")
        if tag == "!env":
            self.withheld.variables.add(text)
        else:
            self.withheld.secrets.add(text)
            keep_secret(text)
        return text

    def _variable(self, name: str) -> str:
        if name not in self._environment:
            raise LookupFailed(f"found !env {name}, expected the environment variable {name} to be set")
        return self._environment[name]

    def _secret(self, name: str) -> str:
        text = self._credential(name)
        if text is None:
            secrets, failure = self._secrets
            if failure:
                raise LookupFailed(f"!secret {name} cannot be read: {failure}")
            text = secrets.get(name)
        if text is None:
            where = f"a line `{name}: ...` in {self._file.name} next to this file, or " if self._file else ""
            raise LookupFailed(f"found !secret {name}, expected {where}a credential {name} of the systemd unit")
        if not text:
            raise LookupFailed(f"!secret {name} is empty, expected text")
        return text

    def _credential(self, name: str) -> str | None:
        directory = self._environment.get(_CREDENTIALS)
        if not directory:
            return None
        try:
            return read_text(Path(directory) / name).removesuffix("\n")
        except FileNotFoundError:
            return None
        except ConfigError as error:
            raise LookupFailed(f"!secret {name} cannot be read: {error}") from None

    @cached_property
    def _secrets(self) -> tuple[dict[str, str], str]:
        """The secrets file by name, and why it cannot be used."""
        if self._file is None:
            return {}, ""
        try:
            text = read_text(self._file, private=True)
            document = read_document(text, str(self._file), self._nothing_here)
        except FileNotFoundError:
            return {}, ""
        except ConfigError as error:
            return {}, str(error)
        for line, path, words in document.problems:
            return {}, f"{self._file}:{line}: {'.'.join(map(str, path))}: {words}"
        for name, value in document.root.items():
            if not isinstance(value, Word):
                return {}, f"{self._file}:{document.lines[name,]}: {name}: expected text"
        return {name: value.text for name, value in document.root.items()}, ""

    @staticmethod
    def _nothing_here(tag: str, name: str) -> str:
        raise LookupFailed(f"{tag} cannot be used in the secrets file")
