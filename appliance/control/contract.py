"""The contract of the control socket as data: its versions, and everything that can be called."""

from typing import Any

from appliance import __version__
from appliance.codec import to_plain
from appliance.errors import Refused
from appliance.events import EVENTS
from appliance.quantities import described as fields_of
from appliance.report import Report
from appliance.verbs import VERBS, VERSIONS, Verb


def hello(version: int = VERSIONS[-1]) -> dict[str, Any]:
    """The version that holds, where it is one that is spoken here. Raises Refused."""
    if version not in VERSIONS:
        spoken = " and ".join(map(str, VERSIONS))
        raise Refused(
            f"version {version} of the control protocol is not spoken here, but {spoken}: "
            f"this is appliance {__version__}. Use a client for one of those, or another release of the appliance"
        )
    return {"version": version, "versions": list(VERSIONS), "appliance": __version__}


def described() -> dict[str, Any]:
    """Everything that can be called, the names of all events, and every field of the report.

    Arguments are described as JSON Schema.
    """
    return {
        **hello(),
        "methods": [_method(verb) for verb in VERBS.values()],
        "events": [cls.__name__ for cls in EVENTS],
        "report": [to_plain(field) for field in fields_of(Report)],
    }


def _method(verb: Verb) -> dict[str, Any]:
    return {
        "name": verb.word,
        "help": verb.help,
        "acts": verb.acts,
        "streams": verb.streams,
        "button": verb.for_buttons,
        "since": verb.since,
        "params": [
            {"name": each.name, "help": each.help, "required": each.required, "schema": each.schema}
            for each in verb.arguments
        ],
        "answer": verb.answer,
        "done": [event.__name__ for event in verb.done],
        "failed": [event.__name__ for event in verb.failed],
    }
