"""First steps: what somebody who has a new box in front of him does, one thing after the other."""

from typing import Any

from bottle import HTTPResponse, request

from appliance.errors import NotRunning, Refused
from appliance.page import answers, words
from appliance.page.door import Door
from appliance.page.keys import Keys, Role
from appliance.page.languages import _
from appliance.page.machine import zone, zones
from appliance.page.recorder import Recorder
from appliance.page.settings import Settings
from appliance.values import frozen

PRESETS = {
    "telephone": "A guestbook: a telephone that greets each guest and records",
    "booth": "A booth in which people tell their stories",
    "message_box": "A message box: hear messages at the press of a button, and answer",
    "dictation": "A dictation machine on the desk",
    "field": "A recorder for outdoors: nature, interviews, long days",
    "wildlife": "A recorder for outdoors that records what calls, by itself",
}
"""What a preset is for; one that is not here is called as its file is."""


@frozen
class FirstSteps:
    """Answers of the page that leads through them."""

    recorder: Recorder
    settings: Settings
    door: Door

    def shown(self) -> str:
        """All steps, each of which may be left out."""
        visitor = request.environ["visitor"]
        if visitor.role is not Role.HOST:
            raise Refused(_("only whoever owns the box can set it up"))
        status = self.recorder.call("status")
        presets, version, field = self._presets()
        return answers.view(
            "begin", visitor=visitor, path="/begin", status=status, version=version, field=field,
            presets={name: _(PRESETS.get(name, name)) for name in sorted(presets, key=_place)},
            locked=self.door.keys.locked, zone=zone(), zones=zones(), now=words.iso(status["time"]),
            at=words.at(status["time"]), used=answers.query().get("used", ""),
        )  # fmt: skip

    def _presets(self) -> tuple[list[str], str, dict[str, Any] | None]:
        """Names of presets, the version of the file, and the option for the name; without a helper none of them."""
        try:
            with self.settings.helper() as helper:
                form, presets = helper.call("form", place=["device"]), helper.call("presets")
        except NotRunning:
            return [], "", None
        field = next(each for part in form["parts"] for each in part["fields"] if each["name"] == "name")
        return presets, form["version"], field

    def lock(self) -> HTTPResponse:
        """Set the password; everybody logs in by it from now on."""
        given = request.forms.getunicode
        if self.door.keys.locked and not self.door.is_hosts(given("before") or ""):
            raise Refused(_("that is not the password that holds now"))
        if given("password") != given("again"):
            raise Refused(_("the two passwords are not the same. Type it again"))
        self.door.keys.set_password(given("password") or "")
        return HTTPResponse(status=303, headers={"Location": "/login?back=/begin"})

    def preset(self) -> str:
        """What a preset would change."""
        return self.settings.preset(request.forms.getunicode("preset") or "", request.forms.get("version") or "")


def _place(preset: str) -> int:
    return [*PRESETS].index(preset) if preset in PRESETS else len(PRESETS)


def is_new(keys: Keys, status: dict[str, Any]) -> bool:
    """Whether nobody seems to have set the box up: there is no password, nor a destination."""
    return not keys.locked and not status["destinations"]
