"""Does what a recipe says, through libsndfile, in constant memory."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.durable import PARTIAL
from appliance.errors import Permanent, Transient
from appliance.models import Clip
from appliance.recipes import BWF, LOSSLESS, MOST_CHANNELS, RATES, Recipe
from appliance.renditions.proof import differs

if TYPE_CHECKING:
    import soundfile

    from appliance.audio.loudness import Loudness

_BLOCK_FRAMES = 65_536
_TAGS = "tags"


def encode(source: Path, target: Path, recipe: Recipe, clip: Clip, check: Callable[[], None]) -> None:
    """Make `target` of the clip's file `source` by a recipe, whole or not at all; calls `check` between blocks.

    FLAC keeps 16 and 24 bits exactly; of 32 it keeps the upper 24, which is what sound cards fill. Opus is resampled to
    48 kHz where it does not know the rate, and so is MP3. What is known of the clip goes in. Raises Permanent where the
    sound cannot be encoded so, or does not decode to what it was made of, Transient where the disk refuses.
    """
    import soundfile

    from appliance.metadata.tags import tag
    from appliance.metadata.wave import with_metadata

    partial = target.with_name(f".{target.name}{PARTIAL}")
    try:
        _refuse_floats(source)
        _refuse_channels(source, recipe)
        partial.touch()  # a disk that refuses says so as an OSError; libsndfile would only say "System error"
        if recipe.treatment:
            from appliance.renditions.make import make

            clip = make(source, partial, recipe, clip, _write, check)
        elif recipe == BWF:
            with_metadata(source, partial, clip, check, _loudness(source, check))
        else:
            _through_libsndfile(source, partial, recipe, check)
        if _TAGS in recipe.steps:
            tag(partial, recipe.suffix, clip)
        if not recipe.treatment and (wrong := differs(source, partial, recipe in LOSSLESS, check)):
            raise ValueError(f"decoded again, {wrong}")
        partial.replace(target)  # not synced: what a power cut leaves of it is compared with its hash before use
    except (soundfile.LibsndfileError, ValueError) as error:
        why = getattr(error, "error_string", error)
        raise Permanent(
            f"{source.name} cannot be encoded as {recipe.name} ({why}). Set `deliver_as: original`"
        ) from error
    except OSError as error:
        raise Transient(f"{target.name} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):  # what stays is swept up at the next start
            partial.unlink(missing_ok=True)


def _refuse_floats(source: Path) -> None:
    """Raise ValueError for a file of floats, which no recording is: what is no number among them ends LAME, and with it
    the whole process.
    """
    import soundfile

    if soundfile.info(source).subtype in ("FLOAT", "DOUBLE"):
        raise ValueError("it holds floats, and no longer what was recorded")


def _refuse_channels(source: Path, recipe: Recipe) -> None:
    """Raise ValueError for more channels than the format holds: libsndfile only says that it knows no such format."""
    import soundfile

    channels = 1 if recipe.treatment and recipe.treatment.channels else soundfile.info(source).channels
    for step in recipe.steps:
        if channels > MOST_CHANNELS.get(step, channels):
            most = MOST_CHANNELS[step]
            raise ValueError(
                f"it has {channels} channels, {step} holds {most}: a recipe with `channels: mono` makes one"
            )


def _loudness(source: Path, check: Callable[[], None]) -> "Loudness":
    from appliance.recipes import Treatment
    from appliance.renditions.treat import Treated

    return Treated(source, Treatment(), check).loudness()


def _through_libsndfile(source: Path, partial: Path, recipe: Recipe, check: Callable[[], None]) -> None:
    import soundfile

    with soundfile.SoundFile(source) as sound:
        way = _Way(sound)
        for step in recipe.steps:
            if step != _TAGS:
                _STEPS[step](way)
        with soundfile.SoundFile(partial, "w", way.rate, sound.channels, **way.file) as encoded:
            for block in way.blocks(way.dtype):
                check()
                _write(encoded, block)


class _Way:
    """The way of sound from one file into the other: `blocks` of a `dtype`, and what the `file` is that takes them."""

    def __init__(self, sound: "soundfile.SoundFile") -> None:
        self.sound = sound
        self.rate: int = sound.samplerate
        self.dtype = "float32"
        self.file: dict[str, str] = {}
        self.blocks: Callable[[str], Iterator[Any]] = self._read

    def _read(self, dtype: str) -> Iterator[Any]:
        blocks: Iterator[Any] = self.sound.blocks(_BLOCK_FRAMES, dtype=dtype, always_2d=True)
        return blocks


def _as_flac(way: _Way) -> None:
    narrow = way.sound.subtype == "PCM_16"
    way.dtype = "int16" if narrow else "int32"
    way.file = {"format": "FLAC", "subtype": "PCM_16" if narrow else "PCM_24"}


def _as_opus(way: _Way) -> None:
    way.file = {"format": "OGG", "subtype": "OPUS"}


def _as_mp3(way: _Way) -> None:
    way.file = {"format": "MP3", "subtype": "MPEG_LAYER_III"}


def _at_a_rate_of(known: Collection[int]) -> Callable[[_Way], None]:
    def step(way: _Way) -> None:
        if way.rate not in known:
            from appliance.renditions.treat import resampled

            blocks, rate = way.blocks, way.rate
            way.rate = max(known)
            way.blocks = lambda dtype: resampled(lambda: blocks(dtype), rate, way.rate, way.sound.channels, dtype)

    return step


_STEPS: dict[str, Callable[[_Way], None]] = {
    "flac": _as_flac,
    "opus": _as_opus,
    "rate of opus": _at_a_rate_of(RATES["opus"]),
    "mp3": _as_mp3,
    "rate of mp3": _at_a_rate_of(RATES["mp3"]),
}
"""What the steps of recipes mean."""


def _write(encoded: "soundfile.SoundFile", block: Any) -> None:
    """What fails here, after the file was opened for this very format, is the disk."""
    import soundfile

    try:
        encoded.write(block)
    except soundfile.LibsndfileError as error:
        raise Transient(f"{Path(encoded.name).name} cannot be written: {error.error_string}") from error
