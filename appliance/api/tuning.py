"""The gain of a script's microphone."""

from collections.abc import Callable

from appliance.audio.card_notes import CardNotes
from appliance.audio.ports import SoundCards
from appliance.audio.tuner import TunedCards, Tuner
from appliance.config.audio import CaptureSettings
from appliance.errors import AudioError
from appliance.events import Event


def tuned(
    cards: SoundCards, capture: CaptureSettings, post: Callable[[Event], None]
) -> tuple[SoundCards, Callable[[], None]]:
    """The cards with the gain that is wanted whenever the microphone opens, and what waits until nothing is turned.

    Raises AudioError where the card cannot have it.
    """
    if capture.gain is None:
        return cards, lambda: None
    tuner = Tuner(cards, capture, CardNotes(), post)
    tuner.tune()
    if tuner.wrong:
        raise AudioError(tuner.wrong.replace("audio.capture.gain", "gain"))
    return TunedCards(cards, tuner), tuner.close
