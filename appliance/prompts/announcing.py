"""What is said before a message or a recording, as answering machines do: what it is called, its day and time."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from appliance.audio.speech import Speech
from appliance.config.prompts import Told
from appliance.events import Play
from appliance.prompts.wording import words_of
from appliance.values import frozen


@frozen
class Announcer:
    """Has `told` said of what is played, in that language. `now_ns` is the wall clock."""

    told: Collection[Told]
    language: str
    speech: Speech
    now_ns: Callable[[], int]

    def text(self, wish: Play) -> str:
        """What is said before it; empty where that is nothing."""
        words = words_of(self.language)
        said = [wish.title] if Told.TITLE in self.told and wish.track_id is not None else []
        if Told.TIME in self.told and wish.at_ns:
            said.append(words.moment(_local(wish.at_ns), _local(self.now_ns())))
        return ". ".join(said)

    def sound(self, wish: Play) -> Path | None:
        """The same as a file; None where there is none."""
        return self.speech.sound(self.text(wish), words_of(self.language).voice)


def _local(wall_ns: int) -> datetime:
    return datetime.fromtimestamp(wall_ns / 1e9).astimezone()
