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
    waits = (period or settings.period, buffer or settings.buffer)
    return _open_microphone(cards, settings, lambda format: cards.open_capture(settings.device, format, *waits))[0]


def foreseen_format(cards: SoundCards, settings: CaptureSettings) -> AudioFormat:
    """The format that `open_nearest` would open the microphone in now; raises what that would raise."""
    return _open_microphone(cards, settings, lambda format: cards.check_capture(settings.device, format))[1]


def _open_microphone(
    cards: SoundCards, settings: CaptureSettings, opening: Callable[[AudioFormat], T]
) -> tuple[T, AudioFormat]:
    """What `opening` returns, and the format. The one that worked for this card before is tried first."""
    card, wish = cards.identity(settings.device), settings.format
    kept = cards.notes.format(card, wish)
    firsts = [kept, wish] if kept and settings.admits(kept) else [wish]
    known = [SampleFormat(each) for each in RecordedFormat]
    opened, format = _open(opening, firsts, known, settings.admits)
    cards.notes.keep_format(card, wish, format)
    return opened, format


def open_speaker(cards: SoundCards, device: str, rate: int, period: float, buffer: float) -> Playback:
    """As `SoundCards.open_playback`, in 16-bit stereo at that rate or the nearest. FormatUnsupported where none fits"""
    wanted, known = [AudioFormat(rate, 2)], tuple(SampleFormat)
    return _open(lambda format: cards.open_playback(device, format, period, buffer), wanted, known, lambda _: True)[0]


def _open(
    opening: Callable[[AudioFormat], T],
    firsts: list[AudioFormat],
    known: Collection[SampleFormat],
    admits: Callable[[AudioFormat], bool],
) -> tuple[T, AudioFormat]:
    """What `opening` returns for the first format that it does not refuse; else what it says to the last of `firsts`"""
    wanted, tried = list(firsts), set[AudioFormat]()
    refusals = dict[AudioFormat, FormatUnsupported]()
    while wanted:
        format = wanted.pop(0)
        if format in tried:
            continue
        tried.add(format)
        try:
            return opening(format), format
        except FormatUnsupported as error:
            refusals[format] = error
            wanted += [other for other in _offered(error, known) if admits(other)]
    raise refusals[firsts[-1]]


def _offered(error: FormatUnsupported, known: Collection[SampleFormat]) -> Iterator[AudioFormat]:
    """What the card offers; in every sample format where it offers one that is not known here."""
    if not error.offered:
        return
    rate, channels, sample = error.offered
    for each in known:
        if sample == each or sample not in map(str, known):
            yield AudioFormat(rate, channels, each)
