"""The player's way to the speaker: loudness, channels, what is taken back, underruns, the end."""

import threading
from math import inf

from appliance.audio.nearest import open_speaker
from appliance.audio.ports import XRUN, Playback, SoundCards
from appliance.audio.ramps import RAMP, Gain
from appliance.audio.samples import Block, full_scale, to_channels, to_pcm
from appliance.audio.trail import Trail
from appliance.clock import Clock
from appliance.config.audio import NO_SPEAKER
from appliance.errors import DeviceLost, NoSpeaker

PERIOD = 0.5
BUFFER = 1.0
"""Seconds: long, as each period wakes a processor whose caches have gone cold; a press takes back what is left."""

_SHORT = (0.05, 0.15)
"""Period and buffer where nothing can be taken back: a person waits after a press for what the speaker holds."""

KEPT = 0.05
"""Seconds that are never taken back: in that time something else must be there."""

_FIRST = 0.15
"""Seconds to hand over first: so few that they sound soon, and enough for a busy box to bring more."""

_TAIL = 0.02
"""Seconds that a card may hold beyond what it tells."""

LATE = 0.1
"""Seconds by which the player may be late."""

_DUCKED = 0.1
_MOST_UNDERRUNS = 100


class Output:
    """The speaker while something plays. One thread uses it; `interrupt` and `rouse` may come from any other."""

    def __init__(self, cards: SoundCards, device: str, rate: int, clock: Clock) -> None:
        self._cards = cards
        self._device = device
        self._wanted_rate = rate
        self._clock = clock
        self._takes_back = True
        self._guard = threading.Lock()
        self._speaker: Playback | None = None
        self.gain = Gain(1.0)
        self._way = Gain(1.0)
        self._trail = self._new_trail(0)
        self._held = 0
        self._silence = 0
        self._silenced = False
        self.silent_at = -inf
        """When all that was handed over has sounded: CLOCK_MONOTONIC seconds."""
        self.underruns = 0
        """How often the speaker ran dry since somebody set this to 0."""

    @property
    def is_open(self) -> bool:
        """Whether there is a speaker to write to."""
        return self._speaker is not None

    @property
    def rate(self) -> int:
        """Frames per second that the speaker takes, as far as that is known."""
        return self._speaker.format.rate if self._speaker else self._wanted_rate

    @property
    def ramp_frames(self) -> int:
        """How long a change of loudness takes."""
        return round(RAMP * self.rate)

    @property
    def next_frames(self) -> int:
        """Frames to hand over next: little first, and more as it has more to go on with."""
        speaker = self._speaker
        return min(speaker.period_frames, max(round(_FIRST * self.rate), 2 * self._held)) if speaker else 0

    @property
    def lead_frames(self) -> int:
        """Frames of sound that were handed over and have not sounded yet. Raises AudioError."""
        return max(0, self._speaker.held - self._silence) if self._speaker else 0

    @property
    def longest_end(self) -> float:
        """Seconds that it still sounds at most, if it is to fall silent now."""
        speaker, held = self._speaker, _SHORT[1]
        if speaker:
            held = KEPT if self._takes_back else speaker.format.seconds(speaker.buffer_frames)
        return held + RAMP + LATE

    def open(self) -> None:
        """Open the speaker in the nearest that it can do to 16-bit stereo. Raises AudioError."""
        if self._device == NO_SPEAKER:
            raise NoSpeaker(
                "this box has no speaker: audio.playback.device is none. Should there be one, name it there"
            )
        lasts = (PERIOD, BUFFER) if self._takes_back else _SHORT
        speaker = open_speaker(self._cards, self._device, self._wanted_rate, *lasts)
        if self._takes_back and not speaker.takes_back:
            speaker.close()
            self._takes_back = False
            speaker = open_speaker(self._cards, self._device, self._wanted_rate, *_SHORT)
        self._trail = self._new_trail(speaker.buffer_frames)
        self._silence = self._held = 0
        with self._guard:
            self._speaker = speaker

    def duck(self, ducked: bool) -> None:
        """Give way to a voice by 20 dB, or be as loud again as `gain` says."""
        self._way.go_to(_DUCKED if ducked else 1.0, self.ramp_frames)

    def is_ready(self) -> bool:
        """Wait for room; whether there is any, or it was roused before. Raises AudioError."""
        speaker = self._speaker
        if speaker is None:
            return True
        self._take_silence_back(speaker)
        return self._has_sounded_to(speaker, speaker.buffer_frames - speaker.period_frames)

    def sounds_on(self) -> bool:
        """Wait until nearly nothing is left to sound; whether something still is. Raises AudioError."""
        speaker = self._speaker
        if speaker is None:
            return False
        self._take_silence_back(speaker)
        return not self._has_sounded_to(speaker, round(2 * KEPT * self.rate))

    def rouse(self) -> None:
        """Let whoever waits for room come back, as there is something else to do."""
        with self._guard:
            if self._speaker:
                self._speaker.rouse()

    def play(self, block: Block) -> int:
        """Hand over a block. Waits for room. How many frames are to sound then. Raises AudioError."""
        speaker, factor = self._speaker, 1.0
        if speaker is None:
            return 0
        self._take_silence_back(speaker)
        self._trail.add(block)
        self.silent_at = max(self.silent_at, self._clock.monotonic()) + len(block) / self.rate
        if self.gain.steady and self._way.steady:
            factor = self.gain.value * self._way.value
        else:
            block = self._way.apply(self.gain.apply(full_scale(block)))
        self._write(speaker, to_pcm(to_channels(block, speaker.format.channels), speaker.format.sample, factor))
        return self._held

    def recover(self, channels: int, keep: int | None = None) -> Block:
        """Take back what would sound after `keep` frames, or after `KEPT`: as it was before its loudness."""
        speaker = self._speaker
        if speaker is None:
            return self._trail.take(0, channels)
        self._take_silence_back(speaker)
        kept = round(KEPT * self.rate)
        keep = max(keep or 0, kept)
        surplus, taken = speaker.held - keep, speaker.take_back(keep)
        if not taken and surplus > kept:  # a card that says otherwise: let it hold less from its next opening on
            self._takes_back = False
        self._note(speaker)
        return self._trail.take(taken, channels)

    def unheard(self, channels: int) -> Block:
        """What can have sounded no more where the speaker is gone, as far as the time tells."""
        left = round((self.silent_at - self._clock.monotonic()) * self.rate) - self._silence
        return self._trail.take(left, channels)

    def cover(self) -> None:
        """Let silence follow, until something else does. Raises AudioError."""
        speaker = self._speaker
        if speaker and speaker.takes_back and not self._silence:
            self._write(speaker, bytes(speaker.period_frames * speaker.format.frame_bytes))
            self._silence = speaker.period_frames

    def has_ended(self) -> bool:
        """Let everything sound and give the speaker back; whether that is done, or it was roused before.

        Raises AudioError.
        """
        speaker = self._speaker
        if speaker is None or not speaker.takes_back:
            self.finish()
            return True
        if not self._silence and not self.is_ready():
            return False
        self.cover()
        if not self._has_sounded_to(speaker, self._silence - round(_TAIL * self.rate)):
            return False
        self.close()
        return True

    def finish(self) -> None:
        """Let everything sound and give the speaker back. Raises AudioError; the speaker is given back anyway."""
        speaker = self._speaker
        if speaker is None:
            return
        try:
            if not self._silenced:
                speaker.drain()
        finally:
            self.close()

    def close(self) -> None:
        """Give the speaker back at once."""
        with self._guard:
            speaker, self._speaker = self._speaker, None
        if speaker:
            self._trail, self._silence = self._new_trail(0), 0
            self.silent_at = min(self.silent_at, self._clock.monotonic())
            speaker.close()

    def interrupt(self) -> None:
        """Fall silent now and for good: whatever waits returns."""
        with self._guard:
            self._silenced = True
            if self._speaker:
                self._speaker.stop()

    def _new_trail(self, frames: int) -> Trail:
        return Trail(frames, self.gain, self._way)

    def _has_sounded_to(self, speaker: Playback, left: int) -> bool:
        self._held = speaker.let_sound(left)
        return self._silenced or self._held <= left

    def _take_silence_back(self, speaker: Playback) -> None:
        if self._silence:
            speaker.take_back(max(round(KEPT * self.rate), speaker.held - self._silence))
            self._silence = 0

    def _note(self, speaker: Playback) -> None:
        self._held = speaker.held
        self.silent_at = self._clock.monotonic() + speaker.format.seconds(self._held)

    def _write(self, speaker: Playback, data: bytes) -> None:
        dry, frame_bytes = 0, speaker.format.frame_bytes
        while data and not self._silenced:
            taken = speaker.write(data)
            if taken == XRUN:
                dry += 1
                self.underruns += dry == 1
                if dry == _MOST_UNDERRUNS:
                    raise DeviceLost(f"speaker '{self._device}' takes no sound. Unplug it and plug it in again")
                continue
            dry = 0
            data = data[taken * frame_bytes :]
        self._note(speaker)
