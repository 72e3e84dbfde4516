"""How loud the player is, and that it falls silent and comes back without a click."""

from contextlib import suppress

from appliance.audio.card_volume import CardVolume
from appliance.audio.output import Output
from appliance.audio.playing import Playing
from appliance.audio.ramps import loudness
from appliance.config.audio import VolumeSettings
from appliance.errors import AudioError


class Fading:
    """The loudness of what goes to the output. Used by the player's thread alone."""

    def __init__(self, output: Output, volume: VolumeSettings, card: CardVolume) -> None:
        self._output = output
        self._volume = volume
        self._card = card
        self._loudness = loudness(volume.start)
        self.percent: int = volume.start
        """The volume."""

    def begin(self, playing: Playing) -> None:
        """It is about to sound: at once in full, unless it begins in mid-wave."""
        self._loudness = self._card.set(self.percent)
        self.rise(0 if playing.wish.start_at else self._loudness)

    def go_on(self) -> None:
        """It is about to sound again, on a speaker that was just opened."""
        self._loudness = self._card.set(self.percent)
        self.rise(0)

    def rise(self, first: float | None = None) -> None:
        """Go to the volume, from the loudness `first` or from what it is."""
        if first is not None:
            self._output.gain.go_to(first, 0)
        self._output.gain.go_to(self._loudness, self._output.ramp_frames)

    def set(self, percent: int, playing: Playing | None) -> None:
        """Go to another volume, or to the nearest that may be set."""
        self.percent = self._volume.within(percent)
        self._loudness = self._card.set(self.percent)
        self.take_back(playing)
        self.rise()

    def duck(self, ducked: bool, playing: Playing | None) -> None:
        """Let a voice stand out from what plays, or not any more."""
        self.take_back(playing)
        self._output.duck(ducked)

    def take_back(self, playing: Playing | None, keep: int | None = None) -> None:
        """Let its source have back what will not sound as it was handed over."""
        with suppress(AudioError):  # what is written next tells
            if playing and self._output.is_open:
                playing.source.put_back(self._output.recover(playing.source.channels, keep))

    def fade_out(self, playing: Playing, keep: int | None = None) -> None:
        """Fade out as soon as possible, or when so many frames have sounded; what follows is left in its source."""
        self.take_back(playing, keep)
        with suppress(AudioError):  # where the file breaks off, or the speaker is gone, it is silent by itself
            self._output.gain.go_to(0, self._output.ramp_frames)
            self._output.play(playing.source.read(self._output.ramp_frames))

    def fall_silent(self, playing: Playing, keep: int | None = None) -> None:
        """Fade out, and give the speaker back once that has sounded."""
        if not self._output.is_open:
            return
        self.fade_out(playing, keep)
        unheard = self._output.unheard(playing.source.channels)
        try:
            self._output.finish()
        except AudioError:
            playing.source.put_back(unheard)
        playing.position = playing.source.heard()

    def runs_dry(self, playing: Playing) -> bool:
        """Whether what is to sound next has not come yet. Then it waits, once what has come has sounded."""
        if not playing.source.is_dry:
            return False
        with suppress(AudioError):
            if self._output.sounds_on():
                return True
            if playing.source.is_behind:  # it fell silent as it was sent there
                self._output.finish()
            self.fall_silent(playing, self._output.lead_frames - self._output.ramp_frames)
        playing.dries_up()
        return True
