"""What the doctor says."""

from enum import StrEnum

from attrs import frozen


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
