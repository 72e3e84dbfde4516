"""The page of the box's health: what happened, how much room there is, an examination, a file for whoever helps."""

from datetime import datetime
from typing import Any

from bottle import HTTPResponse, request

from appliance.errors import Refused
from appliance.page.keys import Role
from appliance.page.languages import _, day, several
from appliance.page.recorder import Recorder
from appliance.page.sentences import sentence
from appliance.values import frozen

SHOWN = 100
"""Things that happened, on the page."""

FULL = (
    "At the pace of the last week it is full in {count} day",
    "At the pace of the last week it is full in {count} days",
)

_FAR = 3650.0
"""Days; what lies beyond is nothing that anybody wants to know."""

CHECKS = {
    "permissions": "Permissions",
    "configuration": "Settings",
    "plugins": "Plugins",
    "encryption": "Encryption",
    "microphone": "Microphone",
    "microphone level": "Level of the microphone",
    "speaker to microphone": "From speaker to microphone",
    "speech": "Speech",
    "panel": "Buttons and lights",
    "buttons": "Buttons",
    "destinations": "Destinations",
    "free space": "Room",
    "lasting": "Storage",
    "clock": "Clock",
    "watchdog": "Watchdog",
    "power": "Power supply",
}
"""What the doctor looks at, in the words of the page; others are called as they are."""

_RESULTS = {"pass": "works", "warn": "will bite one day", "fail": "does not work", "skip": "not looked at"}


@frozen
class Health:
    """Answers about the health of the box."""

    recorder: Recorder

    def seen(self) -> dict[str, Any]:
        """What the page shows."""
        happened = reversed(self.recorder.call("history", limit=SHOWN))
        return {"status": self.recorder.call("status"), "history": [_told(each) for each in happened], "findings": None}

    def examined(self) -> dict[str, Any]:
        """The same, with what the doctor finds now."""
        steps = (step for step in self.recorder.stream("doctor") if "prompt" not in step)
        findings = [
            {**step, "name": checked(step["name"]), "result": _(_RESULTS.get(step["result"], step["result"]))}
            for step in steps
        ]
        return {**self.seen(), "findings": findings}

    def bundle(self) -> HTTPResponse:
        """One file for whoever helps from afar. Raises Refused."""
        if request.environ["visitor"].role is not Role.HOST:
            raise Refused(_("the configuration is in this file: only whoever owns the box may have it"))
        from appliance.support import findings_in_words, journal, zipped

        parts = self.recorder.call("support")
        parts["doctor.txt"] = findings_in_words(self.recorder.stream("doctor"))
        parts["journal.txt"] = journal()
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": 'attachment; filename="appliance-support.zip"',
            "Cache-Control": "no-store",
        }
        return HTTPResponse(zipped(parts, self.recorder.call("status")["time"]), 200, headers)


def checked(name: str) -> str:
    """What the doctor looked at, in words."""
    return _(CHECKS[name]) if name in CHECKS else sentence(name)


def outlook(status: dict[str, Any]) -> str:
    """When the disk will be full, in words; empty where that cannot be told."""
    days = status["storage"].get("full_in_days")
    if days is None or days > _FAR:
        return ""
    if days < 1:
        return _("At the pace of the last week it is full today")
    return several(*FULL, 1 if days < 2 else round(days))


def _told(happened: dict[str, Any]) -> dict[str, str]:
    at = datetime.fromtimestamp(happened["time"])
    return {"at": f"{day(at)} {at:%H:%M:%S}", "words": happened["words"]}
