"""The options of microphone and speaker, and of takes."""

from enum import StrEnum
from math import inf

from attrs import evolve
from attrs.validators import and_, ge, le, optional

from appliance.config.options import ByteCount, GainWish, Percent, Seconds, option
from appliance.config.profiles import FieldSettings, ProfileSettings, RecordedFormat, check_names
from appliance.models import AudioFormat, SampleFormat
from appliance.values import frozen

ANY_USB = "usb"
"""The device word that means whatever USB card there is."""

NO_SPEAKER = "none"
"""The device word of a box that has none."""


@frozen
class CaptureSettings:
    device: str = option(
        ANY_USB,
        "The microphone: `usb`, `usb:NAME`, `usb-path:PATH` or any ALSA PCM name. `appliance devices` lists them.",
    )
    rate: int | None = option(
        None,
        "Frames per second. Default: 48000, or the nearest that the microphone offers.",
        check=optional(and_(ge(8_000), le(384_000))),
    )
    channels: int | None = option(
        None,
        "1 is mono, 2 is stereo. Default: 1, or as many as the microphone insists on.",
        check=optional(and_(ge(1), le(32))),
    )
    sample_format: RecordedFormat | None = option(
        None, "How one sample is stored. Default: S16_LE, or what the microphone offers."
    )
    period: Seconds = option(
        Seconds(0.25), "How much sound the card hands over at once. Longer saves power.", check=and_(ge(0.01), le(1))
    )
    buffer: Seconds = option(
        Seconds(2.0),
        "How long the card may hold sound back without loss; the card may grant less.",
        check=and_(ge(0.1), le(10)),
    )

    gain: GainWish | None = option(
        None,
        "How far the mixer of the card turns the microphone up, whenever it opens: in dB, or in percent of what it "
        "can do. Default: what `appliance levels` found for this card, else as it is.",
        example="12dB",
    )
    unmute: bool = option(
        False, "Whether to switch the microphone on in the mixer of the card where it is off. Default: that is told."
    )
    automatic_gain: bool | None = option(
        None,
        "Whether the card may change the gain by itself (AGC), where its mixer has a switch for that. Default: as it "
        "is.",
    )

    safety_channel: bool = option(
        False,
        "Whether the second of two channels is turned 20 dB lower than the first, where the mixer of the card can: for "
        "one microphone on both. A rendition with `channels: safety` uses it where the first is clipped.",
    )

    @property
    def format(self) -> AudioFormat:
        """The wanted format, which the microphone may grant."""
        channels = self.channels or (2 if self.safety_channel else 1)
        return AudioFormat(self.rate or 48_000, channels, SampleFormat(self.sample_format or "S16_LE"))

    def admits(self, format: AudioFormat) -> bool:
        """Whether it is what is configured, as far as anything is."""
        wanted = (self.rate, self.channels, self.sample_format)
        offered = (format.rate, format.channels, format.sample)
        return all(wish in (None, offer) for wish, offer in zip(wanted, offered, strict=True))

    def in_format(self, format: AudioFormat) -> "CaptureSettings":
        """The same in another format. Raises ValueError for one that cannot be configured."""
        return evolve(self, rate=format.rate, channels=format.channels, sample_format=RecordedFormat(format.sample))


def _in_between(volume: "VolumeSettings", _: object, most: int) -> None:
    if not volume.min <= volume.start <= most:
        raise ValueError("min, start and max must follow each other in this order")


@frozen
class VolumeSettings:
    start: Percent = option(
        Percent(80),
        "The volume, until somebody sets another one, which is kept. Changed here, this one counts again.",
        check=and_(ge(0), le(100)),
        shorthand=True,
    )
    min: Percent = option(Percent(0), "The lowest that anybody can set.", check=and_(ge(0), le(100)))
    max: Percent = option(Percent(100), "The highest that anybody can set.", check=and_(ge(0), le(100), _in_between))

    def within(self, percent: int) -> Percent:
        """What may be set that is nearest to `percent`."""
        return Percent(min(max(percent, self.min), self.max))


class WhileRecording(StrEnum):
    """What becomes of sound from the speaker while a take is in progress."""

    REFUSE = "refuse"
    DUCK = "duck"
    ALLOW = "allow"


@frozen
class PlaybackSettings:
    device: str = option(
        ANY_USB,
        "The speaker, in the same words as the microphone, or `none`. "
        "Default: any USB card, which is missed only where it was there, or a feed has `autoplay` or `loop`.",
    )
    rate: int | None = option(
        None,
        "Rate the speaker runs at, or the nearest that it can do; everything else is resampled. "
        "Default: the microphone's, as many cards need it.",
        check=optional(and_(ge(8_000), le(384_000))),
    )
    volume: VolumeSettings = option(VolumeSettings, "The volume.")
    mixer: str | None = option(
        None,
        "The control of the speaker's sound card that the volume turns, as `alsamixer` calls it, such as `PCM`. "
        "Default: none, the sound itself is made louder and quieter.",
    )
    while_recording: WhileRecording = option(
        WhileRecording.REFUSE,
        "What plays while a take is in progress: nothing (`refuse`), what somebody asks for, but 20 dB quieter "
        "(`duck`), or that as it is (`allow`). What plays by itself waits in any case.",
    )
    only_approved: bool = option(
        False,
        "Whether `play.random`, `play.earlier` and `play.all` play recordings alone of which somebody approved with "
        "`appliance clips approve`. Whoever asks for one by its name hears it, and `play.recording` the last.",
    )


@frozen
class AudioSettings:
    capture: CaptureSettings = option(CaptureSettings, "The microphone.")
    playback: PlaybackSettings = option(PlaybackSettings, "The speaker.")


class AtMax(StrEnum):
    """What becomes of a take that is as long as it may be."""

    CONTINUE = "continue"
    STOP = "stop"


class AtPause(StrEnum):
    """What a pause does to a recording."""

    KEEP = "keep"
    SPLIT = "split"


_UNBOUNDED = 7 * 86_400
"""Seconds that a take without a longest duration is taken to last where somebody must know ahead."""


@frozen
class RecordingSettings:
    max_duration: Seconds | None = option(
        Seconds(3600), "The longest that one clip gets, or `none`.", check=optional(and_(ge(1), le(7 * 86400)))
    )
    at_max: AtMax = option(
        AtMax.CONTINUE,
        "What becomes of a take that gets longer: it goes on in another clip without losing a frame (`continue`), or "
        "ends (`stop`), which is told some time before and marks the clip as cut.",
    )
    preroll: Seconds = option(
        Seconds(0),
        "How long before its press a take begins. Where it is not 0 the microphone is always open, and so much sound "
        "is kept in memory, never on the card.",
        check=and_(ge(0), le(60)),
    )
    split_every: Seconds | None = option(
        None,
        "Go on in a linked clip after so much sound, without losing a frame.",
        check=optional(and_(ge(1), le(7 * 86400))),
        example="10m",
    )
    split_size: ByteCount | None = option(
        None, "The same once the sound of the clip has this size.", check=optional(ge(100_000)), example="500MB"
    )
    split_at: Seconds | None = option(
        None,
        "The same by the clock: `10m` is at every full ten minutes of local time.",
        check=optional(and_(ge(1), le(86400))),
        example="10m",
    )
    pause: AtPause = option(
        AtPause.KEEP,
        "A pause stays in the clip's metadata (`keep`), or ends the clip, and what follows is linked to it (`split`).",
    )
    min_duration: Seconds = option(Seconds(0.5), "Shorter clips are kept but not delivered.", check=ge(0))
    sync_interval: Seconds = option(
        Seconds(0.5), "How often sound is forced onto the card: what a power cut may cost.", check=and_(ge(0.1), le(60))
    )
    fill_gaps: bool = option(True, "Put silence where the card lost frames, so that the clip keeps its timing.")
    reconnect: Seconds = option(
        Seconds(60), "How long a take waits for an unplugged microphone to come back.", check=and_(ge(0), le(86400))
    )

    fields: dict[str, FieldSettings] = option(
        dict,
        "What describes a take, by names of your own; every take has a `title`. It can be given with each beginning.",
        check=check_names,
        example="{speaker: text, room: {choices: [hall, studio]}, consent: yes_no}",
    )
    profiles: dict[str, ProfileSettings] = option(
        dict, "Ways to record, by names of your own, that a beginning may ask for.", check=check_names
    )

    def most_frames(self, format: AudioFormat) -> float:
        """The most frames that a clip gets; infinite where nothing bounds them."""
        bounds = [format.frames(bound) for bound in (self.max_duration, self.split_every) if bound]
        if self.split_size:
            bounds.append(max(1, self.split_size // format.frame_bytes))
        return min(bounds, default=inf)

    def longest(self, format: AudioFormat) -> float:
        """The most seconds that a clip is to be reckoned with."""
        return min(self.most_frames(format) / format.rate, _UNBOUNDED)

    def ends_hard(self, format: AudioFormat) -> bool:
        """Whether a clip that is as long as it may be ends the recording."""
        longest = self.max_duration and format.frames(self.max_duration)
        return self.at_max is AtMax.STOP and longest == self.most_frames(format)


@frozen
class MonitorSettings:
    silence: Seconds | None = option(
        None,
        "How long a take may hear nothing but silence, a steady hum or clipping before that is a fault. Default: the "
        "clip is judged when it is over.",
        check=optional(and_(ge(1), le(86400))),
        example="1m",
    )
