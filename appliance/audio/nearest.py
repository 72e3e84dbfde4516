"""Opens the microphone in the wanted format, or in the nearest that it offers where nobody insists on another."""

from collections.abc import Iterator

from appliance.audio.ports import Capture, SoundCards
from appliance.config.audio import CaptureSettings
from appliance.errors import FormatUnsupported
from appliance.models import AudioFormat, SampleFormat


def open_nearest(
    cards: SoundCards, settings: CaptureSettings, period: float | None = None, buffer: float | None = None
) -> Capture:
    """As `SoundCards.open_capture`; FormatUnsupported where what is configured cannot be had, with what can."""
    waits = (period or settings.period, buffer or settings.buffer)
    wanted, tried = [settings.format], set[AudioFormat]()
    refusal: FormatUnsupported | None = None
    while wanted:
        format = wanted.pop(0)
        tried.add(format)
        try:
            return cards.open_capture(settings.device, format, *waits)
        except FormatUnsupported as error:
            refusal = refusal or error
            wanted += [other for other in _offered(error) if settings.admits(other) and other not in tried]
    assert refusal
    raise refusal


def _offered(error: FormatUnsupported) -> Iterator[AudioFormat]:
    """What the card offers; in every sample format where it offers one that is not recorded."""
    if not error.offered:
        return
    rate, channels, sample = error.offered
    for each in SampleFormat:
        if sample == each or sample not in tuple(SampleFormat):
            yield AudioFormat(rate, channels, each)
