"""The options of prompts: short sounds by which the box says what has happened."""

from enum import StrEnum
from pathlib import Path

from attrs.validators import matches_re

from appliance.config.options import AbsolutePath, option
from appliance.values import frozen


class Prompt(StrEnum):
    """What the box can say."""

    READY = "ready"
    RECORDING = "recording"
    PAUSED = "paused"
    TIME_IS_NEARLY_UP = "time_is_nearly_up"
    STOPPED = "stopped"
    TOO_SHORT = "too_short"
    SAVED = "saved"
    DELIVERED = "delivered"
    NEW_MESSAGE = "new_message"
    FAULT = "fault"
    CARD_NEARLY_FULL = "card_nearly_full"


class Told(StrEnum):
    """What is said of a message before it sounds."""

    TITLE = "title"
    TIME = "time"


INTO_TAKES = (Prompt.RECORDING, Prompt.TIME_IS_NEARLY_UP)
"""Those that sound while a take is in progress."""

NO_SOUNDS = "none"
TONES = "tones"


@frozen
class PromptSettings:
    sounds: str = option(
        NO_SOUNDS,
        "What sounds: nothing (`none`), short tones that come with the appliance (`tones`), or the files of a folder, "
        "which are named after the options below: `saved.wav`, `fault.mp3`.",
        check=matches_re(r"none|tones|/.*"),
        shorthand=True,
        example="tones",
    )
    language: str = option(
        "",
        "A folder in that folder: what lies there counts first.",
        check=matches_re(r"[^/.][^/]*|"),
        example="de",
    )
    ready: AbsolutePath | None = option(None, "A file of its own for: everything has started.")
    recording: AbsolutePath | None = option(
        None,
        "For: a recording has begun, or goes on. It sounds in the take and may be heard in the clip; without a "
        "telephone only a file of its own does.",
    )
    paused: AbsolutePath | None = option(None, "For: the recording holds still.")
    time_is_nearly_up: AbsolutePath | None = option(
        None,
        "For: the recording will soon be as long as it may be. It sounds in the take and may be heard in the clip; "
        "without a telephone only a file of its own does.",
    )
    stopped: AbsolutePath | None = option(None, "For: nothing is recorded any more.")
    too_short: AbsolutePath | None = option(None, "For: the clip is too short to be delivered.")
    saved: AbsolutePath | None = option(None, "For: the clip is safe.")
    delivered: AbsolutePath | None = option(None, "For: the clip has arrived at a destination.")
    new_message: AbsolutePath | None = option(None, "For: a feed has brought something.")
    fault: AbsolutePath | None = option(None, "For: something is wrong.")
    card_nearly_full: AbsolutePath | None = option(
        None, "For: there is room for less than `storage.reserve` before no recording can begin."
    )

    announce: tuple[Told, ...] = option(
        (),
        "What is spoken before each message and recording that somebody asks for without naming it: its day and "
        "`time`, and the `title` of a message. It is spoken by `espeak-ng`, in English, German, French, Spanish or "
        "Chinese, whichever `language` begins as (`de`, `en`). Default: nothing.",
        example="[title, time]",
    )

    def own(self, prompt: Prompt) -> Path | None:
        """The file that is named for it, where one is."""
        path: Path | None = getattr(self, prompt)
        return path
