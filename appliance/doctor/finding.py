"""What the doctor says."""

from enum import StrEnum
from typing import Any

from appliance.codec import to_plain
from appliance.values import frozen


class Result(StrEnum):
    """How a thing is: it works, it will bite one day, it does not work, or it was not looked at."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@frozen
class Finding:
    """What was found about the thing `name`. `next_step` is what a person can do; it may have several lines."""

    name: str
    result: Result
    words: str
    next_step: str = ""


@frozen
class Prompt:
    """What a person should do now, or hear of now."""

    words: str


Step = Finding | Prompt


def plain(step: Step) -> dict[str, Any]:
    """The step as JSON has it: a finding, or as `prompt` what a person should do."""
    return {"prompt": step.words} if isinstance(step, Prompt) else to_plain(step)
