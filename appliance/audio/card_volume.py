"""The volume at the mixer of the speaker's card, where the configuration wants it there."""

from collections.abc import Callable

from appliance.audio.ports import Direction, SoundCards
from appliance.audio.ramps import loudness
from appliance.config.audio import PlaybackSettings
from appliance.errors import AudioError, Refused
from appliance.events import Event
from appliance.faults import SPEAKER_VOLUME


class CardVolume:
    """Turns the card. What it cannot do is left to the sound itself, and told. Used by the player's thread alone."""

    def __init__(self, cards: SoundCards, playback: PlaybackSettings, post: Callable[[Event], None]) -> None:
        self._cards = cards
        self._device = playback.device
        self._control = playback.mixer
        self._post = post
        self._trouble = ""

    def set(self, percent: int) -> float:
        """Turn the card to that volume. How loud the sound itself is to be then."""
        factor = loudness(percent)
        if self._control is None or not self._cards.present(self._device, Direction.PLAYBACK):
            return factor
        trouble = ""
        try:
            self._cards.turn_speaker(self._device, self._control, factor)
        except (AudioError, Refused) as error:
            trouble = str(error)
        if trouble != self._trouble:
            self._trouble = trouble
            self._post(SPEAKER_VOLUME.raised(trouble) if trouble else SPEAKER_VOLUME.cleared())
        return factor if trouble or not percent else 1.0
