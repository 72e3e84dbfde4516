"""Recipes of a person's own, by which files are made of clips for destinations."""

from collections.abc import Mapping, Sequence

from attrs.validators import and_, ge, in_, le, optional

from appliance.config.options import Seconds, option
from appliance.recipes import FORMATS, RATES, RECIPES, Recipe, Treatment, encrypted, treated
from appliance.values import frozen

CHANNELS = ("mono", "mix", "left", "right", "safety")

_BITS = {"wav": (16, 24, 32), "flac": (16, 24)}


@frozen
class TrimSettings:
    head: bool = option(False, "Whether silence at the beginning is cut off.")
    tail: bool = option(False, "Whether silence at the end is.")
    below: float = option(-50.0, "Up to which level, in dBFS, it is silence.", check=and_(ge(-100), le(-10)))
    margin: Seconds = option(Seconds(0.3), "How much of it stays.", check=and_(ge(0), le(10)))


@frozen
class StepSettings:
    """What is done to the sound, in this order, however it is written."""

    high_pass: float | None = option(
        None,
        "Takes away what is below so many Hz, as rumble and wind.",
        check=optional(and_(ge(10), le(1000))),
        example="80",
    )
    trim: TrimSettings = option(TrimSettings, "Cuts off silence.")
    gain: float = option(0.0, "Makes it louder by so many dB, or less loud.", check=and_(ge(-60), le(60)))
    loudness: float | None = option(
        None,
        "Brings it to this loudness in LUFS (EBU R 128), by 30 dB at most: -23 in broadcasting, -16 for podcasts.",
        check=optional(and_(ge(-50), le(-5))),
        example="-16",
    )
    true_peak: float | None = option(
        None,
        "The highest peak, also between samples, in dBTP. Default: -1 with `loudness` or `safety`, else none.",
        check=optional(and_(ge(-20), le(0))),
        example="-1",
    )
    fade: Seconds = option(Seconds(0), "How long it fades in and out.", check=and_(ge(0), le(5)))


def _known_bits(settings: "RenditionSettings", _: object, bits: int) -> None:
    known = _BITS.get(settings.format, ())
    if bits not in known:
        allowed = f"expected {', '.join(map(str, known))}" if known else "which takes none: leave it out"
        raise ValueError(f"found {bits} for {settings.format}, {allowed}")


def _known_rate(settings: "RenditionSettings", _: object, rate: int) -> None:
    known = RATES.get(settings.format)
    if known and rate not in known:
        raise ValueError(f"found {rate}, expected what {settings.format} knows: {', '.join(map(str, known))}")


def _lossy(settings: "RenditionSettings", _: object, bit_rate: int) -> None:
    if settings.format not in RATES:
        raise ValueError(f"{settings.format} loses nothing, and has no bit rate: leave it out")


@frozen
class RenditionSettings:
    format: str = option(help="The kind of file.", check=in_(FORMATS), example="mp3")
    channels: str | None = option(
        None,
        "One channel: the mean of all (`mono`), their sum (`mix`), one of them, or the left one, with the right one "
        "where that is clipped (`safety`, see `audio.capture.safety_channel`). Default: as recorded.",
        check=optional(in_(CHANNELS)),
    )
    rate: int | None = option(
        None,
        "Frames per second. Default: as recorded, or 48000 where the format does not know that.",
        check=and_(optional(and_(ge(8_000), le(384_000))), optional(_known_rate)),
        example="44100",
    )
    bits: int | None = option(
        None,
        "Bits of a sample, of `wav` (16, 24, 32) and `flac` (16, 24). Default: as recorded.",
        check=optional(_known_bits),
        example="16",
    )
    bit_rate: int | None = option(
        None,
        "Bits per second of `opus` and `mp3`; the nearest that there is. Default: what the encoder thinks right.",
        check=and_(optional(and_(ge(6_000), le(512_000))), optional(_lossy)),
        example="96000",
    )
    steps: StepSettings = option(StepSettings, "What is done to the sound.")

    def recipe(self, name: str) -> Recipe:
        """The recipe that it describes, under its name."""
        steps, peak = self.steps, self.steps.true_peak
        if peak is None and (steps.loudness is not None or self.channels == "safety"):
            peak = -1.0
        return treated(
            name,
            self.format,
            Treatment(
                channels=self.channels or "",
                high_pass=steps.high_pass or 0.0,
                trim_head=steps.trim.head,
                trim_tail=steps.trim.tail,
                trim_below=steps.trim.below,
                trim_margin=steps.trim.margin,
                gain=steps.gain,
                rate=self.rate or 0,
                loudness=steps.loudness,
                true_peak=peak,
                fade=steps.fade,
                bits=self.bits or 0,
                bit_rate=self.bit_rate or 0,
            ),
        )


def all_recipes(own: Mapping[str, RenditionSettings], encrypt_to: Sequence[str] = ()) -> dict[str, Recipe]:
    """Every recipe that there is, by name; where something is encrypted to keys, each with its encrypted one."""
    clear = RECIPES | {name: each.recipe(name) for name, each in own.items()}
    if not encrypt_to:
        return clear
    return clear | {made.name: made for recipe in clear.values() for made in [encrypted(recipe, encrypt_to)]}
