"""The pages of settings: a form for each section of the configuration, what it would change, and versions from before.

The helper that may write the configuration answers on a socket of its own; nothing is known of options here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bottle import HTTPResponse, request

from appliance.control.client import Client
from appliance.errors import ConfigError, NotRunning, Refused
from appliance.page import answers, words
from appliance.page.keys import Role
from appliance.page.languages import _
from appliance.values import frozen

_PATIENCE = 60.0
"""Seconds; a small box takes its time to load all plugins, and to begin anew."""

_OVER_AGAIN = ("version", "csrf", "chosen")


@frozen
class Settings:
    """Answers about the configuration. `socket` is where the helper is asked."""

    socket: Path

    def shown(self, place: str = "") -> str | HTTPResponse:
        """The form of a section, whose names have a slash between them; on to a new entry where that is named."""
        query = answers.query()
        if name := query.get("name"):
            chosen = f"?{urlencode({'chosen': query['chosen']})}" if "chosen" in query else ""
            return HTTPResponse(status=303, headers={"Location": f"{_way(place)}/{quote(name, safe='')}{chosen}"})
        with self.helper() as helper:
            form = helper.call("form", place=_names(place), chosen=query.get("chosen", ""))
            versions = [] if place else helper.call("versions")
        return self._page(place, form, versions=[{**each, "at": words.at(each["time"])} for each in versions])

    def reviewed(self, place: str) -> str:
        """What a form would change, or the form again with what is wrong."""
        given = {name: request.forms.getunicode(name) or "" for name in request.forms}
        version, chosen = given.get("version", ""), given.get("chosen", "")
        names, values = _names(place), {name: each for name, each in given.items() if name not in _OVER_AGAIN}
        with self.helper() as helper:
            if "remove" in given:
                found = helper.call("remove", place=names, version=version)
            else:
                found = helper.call("review", place=names, values=values, version=version, chosen=chosen)
            if found["problems"] or not found["changes"]:
                form = helper.call("form", place=names, chosen=chosen)
                return self._page(place, form, values, found["problems"], nothing=not found["problems"])
        here = answers.back() if "back" in given else _way(place)
        return self._view("review", changes=found["changes"], proposal=found["proposal"], here=here)

    def preset(self, name: str, version: str) -> str:
        """What a preset would change."""
        with self.helper() as helper:
            found = helper.call("preset", name=name, version=version)
        if found["problems"]:
            raise ConfigError("; ".join(each["words"] for each in found["problems"]))
        return self._view("review", changes=found["changes"], proposal=found.get("proposal"), here="/begin")

    def used(self) -> HTTPResponse:
        """Use what was looked at."""
        with self.helper() as helper:
            found = helper.call("use", proposal=request.forms.get("proposal") or "")
        return self._back(found["used"])

    def restored(self) -> HTTPResponse:
        """Use a version from before."""
        number = request.forms.get("number") or ""
        with self.helper() as helper:
            found = helper.call("restore", number=answers.number(number) or 0)
        return self._back(found["used"])

    def _page(
        self,
        place: str,
        form: dict[str, Any],
        given: dict[str, str] | None = None,
        problems: Any = (),
        nothing: bool = False,
        versions: Sequence[dict[str, Any]] = (),
    ) -> str:
        known = {field["name"] for part in form["parts"] for field in part["fields"]}
        wrong = {_known(each["name"], known): each["words"] for each in problems}
        return self._view(
            "settings", form=form, given=given or {}, wrong=wrong, nothing=nothing, versions=versions, place=place,
            elsewhere=[each["words"] for each in problems if _known(each["name"], known) not in known],
            here=_way(place),
            used=answers.query().get("used", ""),
        )  # fmt: skip

    @staticmethod
    def _view(name: str, **values: Any) -> str:
        return answers.view(name, visitor=request.environ["visitor"], path="/settings", **values)

    @staticmethod
    def _back(used: str) -> HTTPResponse:
        return HTTPResponse(status=303, headers={"Location": f"{answers.back()}?used={quote(used)}"})

    @contextmanager
    def helper(self) -> Iterator[Client]:
        """The helper, which is started anew for each connection. Raises an ApplianceError."""
        if request.environ["visitor"].role is not Role.HOST:
            raise Refused(_("only whoever owns the box may see and change its settings"))
        try:
            with Client(self.socket, _PATIENCE) as client:
                yield client
        except NotRunning as error:
            raise NotRunning(
                _("settings are changed by a helper, which does not answer: {command}").format(
                    command="sudo systemctl enable --now appliance-settings.socket"
                )
            ) from error


def _known(name: str, known: set[str]) -> str:
    """The option of a form that a name is one of, or an entry of."""
    return next((each for each in known if name.startswith(f"{each}.")), name) if name not in known else name


def _names(place: str) -> list[str]:
    return [name for name in place.split("/") if name]


def _way(place: str) -> str:
    return "/settings" + (f"/{quote(place)}" if place else "")
