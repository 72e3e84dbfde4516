"""Says in which format the microphone will record, or why it cannot as configured, before anybody presses record."""

from collections.abc import Callable

from appliance.audio.nearest import foreseen_format
from appliance.audio.ports import SoundCards
from appliance.config.audio import CaptureSettings
from appliance.errors import AudioError, FormatUnsupported
from appliance.events import Event, MicrophoneReady
from appliance.faults import MICROPHONE_FORMAT

_TRIES = 5
"""Looks at a microphone that another program holds, or that is not ready yet, before the next press is to tell."""


class Foresight:
    """Looks once at each microphone that is plugged in. One thread uses it."""

    def __init__(self, cards: SoundCards, settings: CaptureSettings, post: Callable[[Event], None]) -> None:
        self._cards = cards
        self._settings = settings
        self._post = post
        self._tries = _TRIES
        self._refused = False

    def look(self) -> None:
        """A microphone is there."""
        if not self._tries:
            return
        self._tries -= 1
        try:
            format = foreseen_format(self._cards, self._settings)
        except FormatUnsupported as error:
            self._tries, self._refused = 0, True
            self._post(MICROPHONE_FORMAT.raised(str(error)))
        except AudioError:
            pass
        else:
            self._tries = 0
            self._post(MicrophoneReady(format))

    def forget(self) -> None:
        """It was unplugged: the next one may be another."""
        self._tries = _TRIES
        if self._refused:
            self._refused = False
            self._post(MICROPHONE_FORMAT.cleared())
