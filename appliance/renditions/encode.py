"""WAV to FLAC or Opus, through libsndfile, in constant memory."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.durable import PARTIAL
from appliance.errors import Permanent, Transient
from appliance.models import RenditionKind

if TYPE_CHECKING:
    import soundfile

_BLOCK_FRAMES = 65_536
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


def encode(source: Path, target: Path, kind: RenditionKind, check: Callable[[], None]) -> None:
    """Write the encoding of `source` to `target`, whole or not at all; calls `check` between blocks.

    FLAC keeps 16 and 24 bits exactly; of 32 it keeps the upper 24, which is what sound cards fill. Opus is resampled to
    48 kHz where it does not know the rate. Raises Permanent where the sound cannot be encoded so, Transient where
    the disk refuses.
    """
    import soundfile

    partial = target.with_name(f".{target.name}{PARTIAL}")
    try:
        partial.touch()  # a disk that refuses says so as an OSError; libsndfile would only say "System error"
        with soundfile.SoundFile(source) as sound:
            blocks, rate, options = _plan(sound, kind)
            with soundfile.SoundFile(partial, "w", rate, sound.channels, **options) as encoded:
                for block in blocks:
                    check()
                    _write(encoded, block)
        partial.replace(target)  # not synced: what a power cut leaves of it is compared with its hash before use
    except soundfile.LibsndfileError as error:
        raise Permanent(
            f"{source.name} cannot be encoded as {kind} ({error.error_string}). Set `deliver_as: original`"
        ) from error
    except OSError as error:
        raise Transient(f"{target.name} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):  # what stays is swept up at the next start
            partial.unlink(missing_ok=True)


def _plan(sound: "soundfile.SoundFile", kind: RenditionKind) -> tuple[Iterator[Any], int, dict[str, str]]:
    """The blocks to write, their rate, and the options of the file that takes them."""
    if kind is RenditionKind.FLAC:
        narrow = sound.subtype == "PCM_16"
        options = {"format": "FLAC", "subtype": "PCM_16" if narrow else "PCM_24"}
        return sound.blocks(_BLOCK_FRAMES, dtype="int16" if narrow else "int32"), sound.samplerate, options
    blocks = sound.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True)
    options = {"format": "OGG", "subtype": "OPUS"}
    if sound.samplerate in _OPUS_RATES:
        return blocks, sound.samplerate, options
    return _resampled(blocks, sound.samplerate, sound.channels), _OPUS_RATES[-1], options


def _resampled(blocks: Iterator[Any], rate: int, channels: int) -> Iterator[Any]:
    import soxr

    stream = soxr.ResampleStream(rate, _OPUS_RATES[-1], channels, dtype="float32")
    last = None
    for block in blocks:
        if last is not None:
            yield stream.resample_chunk(last)
        last = block
    if last is not None:
        yield stream.resample_chunk(last, last=True)


def _write(encoded: "soundfile.SoundFile", block: Any) -> None:
    """What fails here, after the file was opened for this very format, is the disk."""
    import soundfile

    try:
        encoded.write(block)
    except soundfile.LibsndfileError as error:
        raise Transient(f"{Path(encoded.name).name} cannot be written: {error.error_string}") from error
