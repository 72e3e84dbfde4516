"""Changes the configuration: shows what would change, writes it, and takes it back where the box cannot use it."""

import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appliance.config import files, loader
from appliance.config.document import Place
from appliance.config.files import read_text
from appliance.config.options import Extensions
from appliance.config.shorthand import spelled_out
from appliance.durable import make_directory, write_file
from appliance.editing.form import RUNNING, Form, Forms, is_locked
from appliance.editing.options import (
    Change,
    added,
    below,
    pair_changes,
    source_of,
    values_of,
    with_changes,
)
from appliance.editing.presets import taking
from appliance.editing.versions import Versions, mark_of
from appliance.errors import ApplianceError, ConfigError, NotFound, NotRunning, Refused, StorageError, UsageError
from appliance.values import frozen


@frozen
class Editor:
    """Changes the file at `path`, and secrets.yaml beside it. `reload` lets the recorder use it: it returns whether
    that is now, and raises an ApplianceError where it cannot be used.
    """

    path: Path
    extensions: Extensions
    versions: Versions
    reload: Callable[[], bool]
    presets: Path
    """A folder of configurations to begin with."""
    refused: Callable[[], bool] = lambda: False
    """Whether the recorder says that it could not use the configuration in the file."""

    def form(self, place: list[str], chosen: str = "") -> dict[str, Any]:
        """What is asked for at a place, with what stands there now."""
        text = files.read(self.path)
        return {**self._forms(text).form(tuple(place), chosen).plain(), "version": mark_of(text)}

    def review(self, place: list[str], values: dict[str, str], version: str, chosen: str = "") -> dict[str, Any]:
        """What would change: `changes` in their order, and `problems`, or where there are none a `proposal` to use.

        What is secret and empty stays as it is. Raises Refused where the file was changed meanwhile.
        """
        text = self._unchanged(version)
        form = self._forms(text).form(tuple(place), chosen)
        changes, secret = self._changes(form, values)
        if not changes:
            return {"changes": [], "problems": []}
        return self._propose(text, changes, secret, form)

    def remove(self, place: list[str], version: str) -> dict[str, Any]:
        """As `review`, for an entry that is to be taken out."""
        text = self._unchanged(version)
        form = self._forms(text).form(tuple(place))
        if form.entries is not None or form.is_new or len(place) < 2 or self._is_locked(form):
            raise NotFound(f"there is nothing to take out at {'.'.join(place)}")
        return self._propose(text, [Change(form.place, None, "", kind="removed")], {}, form)

    def preset(self, name: str, version: str) -> dict[str, Any]:
        """As `review`, for everything that a preset wants otherwise than the file has it. Raises NotFound."""
        text = self._unchanged(version)
        presets = {each: values_of(files.read(self.presets / f"{each}.yaml")).root for each in self.preset_names()}
        if name not in presets:
            raise NotFound(f"there is no preset {name}")
        wanted = presets.pop(name)
        changes = [*taking(wanted, [*presets.values()], spelled_out(values_of(text)).root)]
        return self._propose(text, changes, {}, Form((), "")) if changes else {"changes": [], "problems": []}

    def preset_names(self) -> list[str]:
        """The presets that there are."""
        return sorted(path.stem for path in self.presets.glob("*.yaml"))

    def use(self, proposal: str) -> dict[str, Any]:
        """Write what was proposed, and let the recorder use it: `used` tells whether it does now.

        Raises ConfigError where it cannot, and everything is as it was before.
        """
        with self.versions.alone():
            found = self.versions.proposed(proposal)
            text = self._unchanged(found["version"])
            self.versions.keep(text, found["changes"])
            self.versions.forget()
            return self._replace(text, found["text"], found["secrets"])

    def restore(self, number: int) -> dict[str, Any]:
        """Use a version from before again."""
        with self.versions.alone():
            text, before = files.read(self.path), self.versions.text(number)
            self.versions.keep(text, [])
            return self._replace(text, before, {})

    def settle(self) -> None:
        """Take back what was to be used after a take, where that turned out not to work."""
        with self.versions.alone():
            text = files.read(self.path)
            before = self.versions.replaced_by(text)
            if before is not None and self.refused():
                self._write(self.path, before, stat.S_IMODE(self.path.stat().st_mode))

    # -- what would change

    def _changes(self, form: Form, values: Mapping[str, str]) -> tuple[list[Change], dict[str, str]]:
        changes, secret = [], {}
        if form.entries is not None:
            raise UsageError("name the entry that is meant")
        for name, field in form.fields.items():
            place = (*form.place, *name.split("."))
            if name == form.chooser:
                changes.append(Change(place, source_of(field, field.value), field.value, kind="new"))
            if field.locked or name not in values:
                continue
            given = values[name].replace("\r\n", "\n").strip()
            if field.is_secret:
                if given:
                    entry = "-".join(map(str, place))
                    secret[entry] = given
                    changes.append(Change(place, f"!secret {entry}", "", kind="secret"))
            elif field.kind == "pairs":
                changes += pair_changes(place, field, given)
            elif given != field.value:
                source = source_of(field, given) if given else None
                changes.append(Change(place, source, given, field.value, field.default))
        return changes, secret

    def _propose(self, text: str, changes: list[Change], secret: dict[str, str], form: Form) -> dict[str, Any]:
        with self.versions.alone():
            return self._proposed(text, changes, secret, form)

    def _proposed(self, text: str, changes: list[Change], secret: dict[str, str], form: Form) -> dict[str, Any]:
        told = [each.plain() for each in changes]
        after, hidden = with_changes(text, changes, self.path, self.extensions), self._hidden()
        before = self._problems(text, hidden)
        problems = [each for each in self._problems(after, added(hidden, secret)) if each not in before]
        if problems:
            found = [{"name": below(form.place, place), "words": said} for place, said in problems]
            return {"changes": told, "problems": found}
        id = secrets.token_hex(8)
        self.versions.propose({"id": id, "version": mark_of(text), "text": after, "secrets": secret, "changes": told})
        return {"changes": told, "problems": [], "proposal": id}

    def _problems(self, text: str, hidden: str) -> list[tuple[Place, str]]:
        private = self.versions.folder / "secrets.yaml"
        try:
            make_directory(private.parent, mode=0o700)
            write_file(private, hidden.encode(), mode=0o600)
            return loader.problems(text, str(self.path), self.extensions, os.environ, private)
        except ConfigError as error:
            return [((), str(error))]
        except OSError as error:
            raise StorageError(f"nothing can be kept in {private.parent}: {error.strerror or error}") from error
        finally:
            private.unlink(missing_ok=True)

    # -- files

    def _forms(self, text: str) -> Forms:
        return Forms(spelled_out(values_of(text)).root, self.extensions)

    def _is_locked(self, form: Form) -> bool:
        return is_locked(form.place) or any(each.value in RUNNING for each in form.fields.values() if each.locked)

    def _unchanged(self, version: str) -> str:
        text = files.read(self.path)
        if mark_of(text) != version:
            raise Refused("the configuration was changed by somebody else meanwhile. Look at it again")
        return text

    @property
    def _beside(self) -> Path:
        return self.path.with_name(loader.SECRETS_FILE)

    def _hidden(self) -> str:
        try:
            return read_text(self._beside, private=True)
        except FileNotFoundError:
            return ""
        except ConfigError as error:
            raise Refused(f"no secret can be kept: {error}") from error

    def _replace(self, before: str, after: str, secret: dict[str, str]) -> dict[str, Any]:
        """Write the new text; where the recorder cannot use it the old one is there again."""
        mode, hidden = stat.S_IMODE(self.path.stat().st_mode), self._hidden()
        if secret:
            self._write(self._beside, added(hidden, secret), 0o600)
        self._write(self.path, after, mode)
        try:
            if self.reload():
                return {"used": "now"}
            self.versions.wait_with(after, before)
            return {"used": "later"}
        except NotRunning:
            return {"used": "at its start"}
        except ApplianceError as error:
            self._write(self.path, before, mode)
            if secret:
                self._write(self._beside, hidden, 0o600)
            raise ConfigError(f"it cannot be used, and all is as it was before: {error}") from error

    def _write(self, path: Path, text: str, mode: int) -> None:
        try:
            write_file(path.resolve(), text.encode(), mode=mode)  # a link leads to where it is kept
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
