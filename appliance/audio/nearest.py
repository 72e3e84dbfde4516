"""Opens microphone and speaker in the wanted format, or in the nearest they offer where nobody insists on another."""

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from appliance.audio.ports import Capture, Playback, SoundCards
from appliance.config.audio import CaptureSettings
from appliance.config.profiles import RecordedFormat
from appliance.errors import FormatUnsupported
from appliance.models import AudioFormat, SampleFormat

T = TypeVar("T")


def open_nearest(
    cards: SoundCards, settings: CaptureSettings, period: float | None = None, buffer: float | None = None
) -> Capture:
    """As `SoundCards.open_capture`; FormatUnsupported where what is configured cannot be had, with what can."""
    known = [SampleFormat(each) for each in RecordedFormat]
    waits = (period or settings.period, buffer or settings.buffer)
    return _open(
        lambda format: cards.open_capture(settings.device, format, *waits), settings.format, known, settings.admits
    )


def foreseen_format(cards: SoundCards, settings: CaptureSettings) -> AudioFormat:
    """The format that `open_nearest` would open the microphone in now; raises what that would raise."""
    known = [SampleFormat(each) for each in RecordedFormat]

    def opening(format: AudioFormat) -> AudioFormat:
        cards.check_capture(settings.device, format)
        return format

    return _open(opening, settings.format, known, settings.admits)


def open_speaker(cards: SoundCards, device: str, rate: int, period: float, buffer: float) -> Playback:
    """As `SoundCards.open_playback`, in 16-bit stereo at that rate or the nearest. FormatUnsupported where none fits"""
    wanted, known = AudioFormat(rate, 2), tuple(SampleFormat)
    return _open(lambda format: cards.open_playback(device, format, period, buffer), wanted, known, lambda _: True)


def _open(
    opening: Callable[[AudioFormat], T],
    first: AudioFormat,
    known: Collection[SampleFormat],
    admits: Callable[[AudioFormat], bool],
) -> T:
    wanted, tried = [first], set[AudioFormat]()
    refusal: FormatUnsupported | None = None
    while wanted:
        format = wanted.pop(0)
        tried.add(format)
        try:
            return opening(format)
        except FormatUnsupported as error:
            refusal = refusal or error
            wanted += [other for other in _offered(error, known) if admits(other) and other not in tried]
    assert refusal
    raise refusal


def _offered(error: FormatUnsupported, known: Collection[SampleFormat]) -> Iterator[AudioFormat]:
    """What the card offers; in every sample format where it offers one that is not known here."""
    if not error.offered:
        return
    rate, channels, sample = error.offered
    for each in known:
        if sample == each or sample not in map(str, known):
            yield AudioFormat(rate, channels, each)
