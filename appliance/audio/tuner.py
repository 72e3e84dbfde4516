"""Turns the gain of the microphone at the mixer of its card, and tells how it stands.

It does so on a thread of its own whenever the microphone opens, as a USB card takes its time to answer, which no take
waits for; and before that as soon as a microphone is plugged in, so that mostly nothing is left to be turned.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from appliance.audio.card_notes import CardNotes
from appliance.audio.devices import not_found
from appliance.audio.gain import GainUnit, check, holds, parse, written
from appliance.audio.ports import Capture, Direction, Mixer, SoundCards, WrappedCards
from appliance.circumstances import Gain
from appliance.config.audio import CaptureSettings
from appliance.errors import AudioError, DeviceNotFound, Refused, Stuck
from appliance.events import Event, MicrophoneTuned
from appliance.faultkind import FaultKind
from appliance.faults import MICROPHONE_GAIN, MICROPHONE_MUTED
from appliance.models import AudioFormat

_PATIENCE = 2.0

APART_DB = 20.0
"""How much lower the second channel is turned, so that it is not clipped where the first is."""

_LEAST_APART_DB = 10.0

NO_MIXER = "the sound card has no mixer that turns the gain of its microphone"

log = logging.getLogger(__name__)


class Tuner:
    """One for the microphone of the configuration. Any thread may use it; it turns one thing at a time."""

    def __init__(
        self, cards: SoundCards, settings: CaptureSettings, notes: CardNotes, post: Callable[[Event], None]
    ) -> None:
        self.notes = notes
        self._cards = cards
        self._settings = settings
        self._post = post
        self._lock = threading.Lock()
        self._faults: dict[FaultKind, str] = {}
        self._thread: threading.Thread | None = None

    @property
    def configured(self) -> str | None:
        """The gain that the configuration wants."""
        return self._settings.gain

    @property
    def wrong(self) -> str:
        """Why the gain does not stand as is wanted; empty where it does, or there is no microphone."""
        return self._faults.get(MICROPHONE_GAIN, "")

    def opened(self) -> None:
        """The microphone was opened. Returns at once."""
        if self._thread and self._thread.is_alive():
            return  # a card that does not answer is asked once
        self._thread = threading.Thread(target=self.tune, name="mixer", daemon=True)
        with suppress(RuntimeError):  # no thread can be had: at the next opening
            self._thread.start()

    def tune(self, *, found: bool = False) -> None:
        """Turn what is to be turned, and tell how it stands where that is news, or the microphone was just `found`."""
        with self._lock:
            trouble, gain = "", None
            try:
                with self._mixer() as mixer:
                    trouble = self._turn(mixer) if mixer else self._missed()
                    gain = mixer.gain() if mixer else None
            except DeviceNotFound:
                pass  # whoever looks for it tells that
            except AudioError as error:
                trouble = str(error)
            self._tell(gain, found)
            muted = f"the microphone is switched off: control '{gain.control}' of the sound card. " if gain else ""
            muted += "Switch it on (`alsamixer`), set audio.capture.unmute, or run `appliance levels`"
            self._fault(MICROPHONE_MUTED, muted if gain and not gain.on else "")
            self._fault(MICROPHONE_GAIN, trouble)
            self.notes.save()

    def look_again(self) -> None:
        """Whether what was wrong still is; and keep what was noted. To be called now and then."""
        if self._faults:
            self.tune()
        else:
            self.notes.save()

    def stands(self) -> Gain | None:
        """How it stands now; None without a mixer. Raises AudioError."""
        with self._lock, self._mixer() as mixer:
            return mixer.gain() if mixer else None

    def set_gain(self, value: float, unit: str) -> Gain:
        """Turn the gain, and switch the microphone on; how it stands then. Raises Refused, AudioError."""
        with self._lock, self._mixer() as mixer:
            if mixer is None:
                raise Refused(NO_MIXER)
            check(mixer.gain(), value, unit)
            mixer.set_gain(value, unit, self._first)
            self._set_apart(mixer)
            if not mixer.gain().on:
                mixer.switch(on=True)
            gain = mixer.gain()
            self._tell(gain, found=False)
            self._fault(MICROPHONE_MUTED, "")
            return gain

    def keep(self, value: float, unit: str) -> None:
        """Keep that gain for the card, to be set whenever its microphone opens."""
        self.notes.keep_gain(self._cards.identity(self._settings.device), value, unit)
        self.notes.save()

    def close(self) -> None:
        """Wait until nothing is turned any more. Raises Stuck where a card does not answer."""
        if (thread := self._thread) and thread.is_alive():
            thread.join(_PATIENCE)
            if thread.is_alive():
                raise Stuck("the mixer of the sound card does not answer")

    @contextmanager
    def _mixer(self) -> Iterator[Mixer | None]:
        device = self._settings.device
        mixer = self._cards.open_mixer(device)
        if mixer is None and not self._cards.present(device, Direction.CAPTURE):
            raise not_found(device, Direction.CAPTURE, "it is not plugged in")
        try:
            yield mixer
        finally:
            if mixer:
                mixer.close()

    def _turn(self, mixer: Mixer) -> str:
        """Turn everything; what cannot be done of it, in words."""
        gain, settings = mixer.gain(), self._settings
        kept = self.notes.gain(self._cards.identity(settings.device))
        if not gain.on and (settings.unmute or kept):
            mixer.switch(on=True)
        trouble = ""
        if settings.automatic_gain is not None and gain.automatic:
            mixer.set_automatic(on=settings.automatic_gain)
        elif settings.automatic_gain is not None:
            word = str(settings.automatic_gain).lower()
            trouble = f"automatic_gain cannot be {word}: the sound card has no switch for it. Take that option away"
        return self._turn_gain(mixer, gain, kept) or self._set_apart(mixer) or trouble

    def _turn_gain(self, mixer: Mixer, gain: Gain, kept: tuple[float, str] | None) -> str:
        settings = self._settings
        wish = parse(settings.gain) if settings.gain else kept
        if wish is None:
            return ""
        try:
            check(gain, *wish)
        except Refused as error:
            return str(error) if settings.gain else ""
        mixer.set_gain(*wish, self._first)
        if holds(stands := mixer.gain(), *wish):
            return ""
        why = f"the gain was set to {written(*wish)} and stands at {stands}: the sound card does not take it"
        return f"{why}, or another program changes it. Stop that program, or run `appliance levels`"

    @property
    def _first(self) -> int | None:
        """The channel that has the gain; None where all have."""
        return 0 if self._settings.safety_channel else None

    def _set_apart(self, mixer: Mixer) -> str:
        """Turn the second channel lower, where that is wanted; why it cannot be, in words."""
        gain = mixer.gain()
        if not self._settings.safety_channel:
            return ""
        if gain.value is None or gain.unit != GainUnit.DECIBEL:
            return f"safety_channel cannot be had: control '{gain.control}' tells no dB. Take that option away"
        mixer.set_gain(max(gain.value - APART_DB, gain.lowest), gain.unit, 1)
        fresh = mixer.gain()
        if fresh.value == gain.value and fresh.second is not None and gain.value - fresh.second >= _LEAST_APART_DB:
            return ""
        mixer.set_gain(gain.value, gain.unit)
        why = (
            f"safety_channel cannot be had: control '{gain.control}' of the sound card does not turn the second channel"
        )
        return f"{why} {APART_DB:g} dB lower than the first. Take that option away, or raise audio.capture.gain"

    def _missed(self) -> str:
        if not self._settings.gain:
            return ""
        wish = f"the gain cannot be {self._settings.gain}: {NO_MIXER}"
        return f"{wish}. Take audio.capture.gain away, and use the knob of the microphone, or come closer to it"

    def _tell(self, gain: Gain | None, found: bool) -> None:
        if gain != self.notes.tuned or (found and gain):
            self._post(MicrophoneTuned(gain))
        self.notes.tuned = gain

    def _fault(self, kind: FaultKind, message: str) -> None:
        if message != self._faults.get(kind, ""):
            self._faults.pop(kind, None)
            if message:
                self._faults[kind] = message
            self._post(kind.raised(message) if message else kind.cleared())


class TunedCards(WrappedCards):
    """Sound cards whose microphone is tuned whenever it opens, with what is known of them from before."""

    def __init__(self, cards: SoundCards, tuner: Tuner) -> None:
        super().__init__(cards)
        self._tuner = tuner

    @property
    def notes(self) -> CardNotes:
        return self._tuner.notes

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> Capture:
        capture = self._cards.open_capture(device, format, period, buffer)
        self._tuner.opened()
        return capture

    def check_capture(self, device: str, format: AudioFormat) -> None:
        self._cards.check_capture(device, format)
        self._tuner.tune(found=True)
