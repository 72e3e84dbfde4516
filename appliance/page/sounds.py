"""The page of greetings and prompts: what the box says, by whose sound, and how to give it others."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bottle import HTTPResponse, request

from appliance.errors import NotFound
from appliance.page import answers, words
from appliance.page.answers import API
from appliance.page.keys import Role
from appliance.page.languages import _, day
from appliance.page.media import sound_file
from appliance.page.recorder import Recorder
from appliance.values import frozen

HANDSET = {
    "greeting": "Greeting",
    "tone": "Tone before the recording",
    "language": "Which language?",
    "question": "Question",
    "consent": "Do you consent?",
    "thanks": "Thank you",
    "bell": "Bell for new messages",
}
"""What flows say, in the words of the page."""

PROMPTS = {
    "ready": "The box is ready",
    "recording": "A recording has begun",
    "paused": "The recording is paused",
    "time_is_nearly_up": "The time is nearly up",
    "stopped": "The recording has ended",
    "too_short": "The recording was too short",
    "saved": "The recording is safe",
    "delivered": "A recording has arrived where it goes",
    "new_message": "A new message is there",
    "fault": "Something is wrong",
    "card_nearly_full": "The card is nearly full",
}

DAYS = {
    "monday": "Mondays",
    "tuesday": "Tuesdays",
    "wednesday": "Wednesdays",
    "thursday": "Thursdays",
    "friday": "Fridays",
    "saturday": "Saturdays",
    "sunday": "Sundays",
}

_OF = {
    "telephone": ("greeting", "tone"),
    "booth": ("greeting", "language", "question", "consent", "tone", "thanks"),
    "message_box": ("tone", "bell"),
}
"""What each flow says."""


@frozen
class SoundPages:
    """What that page answers with."""

    recorder: Recorder

    def shown(self) -> str:
        """Everything that the box says, and says by whom."""
        visitor, told = request.environ["visitor"], self.recorder.call("sounds.list")
        of_flow = _OF.get(told["flow"], ())
        given = [_sound(each) for each in told["sounds"]]
        said = {use: _(name) for use, name in {**{use: HANDSET[use] for use in of_flow}, **PROMPTS}.items()}
        groups = [
            {"use": use, "name": name, "given": [each for each in given if each["use"] == use], "configured": path}
            for use, name in said.items()
            if (path := _configured(use, told["configured"])) or any(each["use"] == use for each in given)
        ]
        thrown = answers.query().get("thrown", "")
        removed = [_sound(each) for each in sorted(told["removed"], key=lambda each: -each["time"])]
        return answers.view(
            "sounds", visitor=visitor, may_change=visitor.role is Role.HOST, path="/sounds", words=words, told=told,
            groups=groups, said=said, of_flow=of_flow, removed=removed, days=DAYS,
            thrown=thrown if any(each["id"] == thrown for each in removed) else "",
        )  # fmt: skip

    def sound(self, use: str, name: str) -> HTTPResponse:
        """The file of one of them; where the name is `configured`, what the configuration has for that use."""
        told = self.recorder.call("sounds.list")
        if name == "configured" and (path := told["configured"].get(use)):
            return sound_file(Path(path), path, "application/octet-stream", {})
        if name == "recorded" and told["recorded"]:
            return sound_file(Path(told["recorded"]["path"]), "recorded", "audio/wav", {})
        for each in (*told["sounds"], *told["removed"]):
            if each["id"] == f"{use}/{name}":
                return sound_file(Path(each["path"]), f"{each['id']}-{each['size']}", "audio/wav", {})
        raise NotFound(f"there is no sound {use}/{name}")


def _sound(found: dict[str, Any]) -> dict[str, Any]:
    use = _({**HANDSET, **PROMPTS}.get(found["use"], found["use"]))
    return {
        **found,
        "heading": found["title"] or use,
        "about": use,
        "when": ", ".join(filter(None, (found.get("language"), when(found["day"]))))
        if found["use"] == "greeting"
        else "",
        "length": words.clock(found["seconds"]),
        "source": f"{API}/sounds/{quote(found['id'])}",
    }


def _when(found: dict[str, Any]) -> str:
    return ", ".join(filter(None, (found.get("language"), when(found["day"]))))


def _configured(use: str, configured: dict[str, str]) -> str:
    path = configured.get(use, "")
    return f"{API}/sounds/{use}/configured" if path and Path(path).suffix else path


def when(named: str) -> str:
    """On which days a greeting is heard, in words."""
    if not named:
        return _("every day that has none of its own")
    if named in DAYS:
        return _(DAYS[named])
    return _("on {date}").format(date=day(datetime.fromisoformat(named)))
