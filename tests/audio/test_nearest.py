"""The first press on a microphone that cannot do what is preferred."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.card_notes import CardNotes
from appliance.audio.nearest import foreseen_format, open_nearest
from appliance.config.audio import CaptureSettings
from appliance.config.profiles import RecordedFormat
from appliance.errors import FormatUnsupported
from appliance.events import TakeStarted
from appliance.models import AudioFormat, SampleFormat
from appliance.simulation.cards import FakeCapture, FakeCards
from appliance.simulation.sound import numbered

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

ONLY = [
    AudioFormat(48_000, 2),
    AudioFormat(44_100, 1),
    AudioFormat(16_000, 1),
    AudioFormat(48_000, 1, SampleFormat.S24_3LE),
    AudioFormat(48_000, 1, SampleFormat.S32_LE),
    AudioFormat(96_000, 4, SampleFormat.S32_LE),
]


@pytest.mark.parametrize("only", ONLY, ids=str)
def test_the_first_press_records_in_what_the_microphone_offers(booth: Booth, only: AudioFormat) -> None:
    booth.capture = CaptureSettings()
    booth.cards.formats = (only,)
    booth.begin()
    booth.run(1.0)
    assert booth.first(TakeStarted).format == only
    booth.recorder.stop(booth.at(0.999))
    clip = booth.sealed()
    assert clip.format == only
    assert booth.sound()[: clip.frames * only.frame_bytes] == numbered(0, clip.frames, only)


@pytest.mark.parametrize(
    "wish",
    [CaptureSettings(rate=48_000), CaptureSettings(channels=1), CaptureSettings(sample_format=RecordedFormat.S16_LE)],
)
def test_an_explicit_wish_is_kept_or_refused_with_what_can_be_had(wish: CaptureSettings) -> None:
    cards = FakeCards(formats=(AudioFormat(44_100, 2, SampleFormat.S32_LE),))
    with pytest.raises(FormatUnsupported) as refused:
        open_nearest(cards, wish)
    assert refused.value.offered == (44_100, 2, "S32_LE")


def test_what_is_preferred_is_taken_where_it_can_be_had() -> None:
    cards = FakeCards(formats=(AudioFormat(44_100, 2), AudioFormat()))
    assert open_nearest(cards, CaptureSettings()).format == AudioFormat()


class OddCards(FakeCards):
    """Offers a sample format that is not recorded, and can do another one beside it."""

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float):  # type: ignore[no-untyped-def]
        if format.sample is not SampleFormat.S32_LE:
            raise FormatUnsupported("no", offered=(44_100, 1, "FLOAT_LE"))
        return super().open_capture(device, format, period, buffer)


def test_a_sample_format_that_is_not_recorded_is_replaced() -> None:
    assert open_nearest(OddCards(), CaptureSettings()).format == AudioFormat(44_100, 1, SampleFormat.S32_LE)


@pytest.mark.parametrize("offered", [None, (48_000, 1, "S16_LE"), (44_100, 1, "DSD_U8")])
def test_a_card_that_offers_nothing_else_is_not_tried_for_ever(offered: tuple[int, int, str] | None) -> None:
    class Refusing(FakeCards):
        def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float):  # type: ignore[no-untyped-def]
            raise FormatUnsupported("no", offered=offered)

    with pytest.raises(FormatUnsupported):
        open_nearest(Refusing(), CaptureSettings())


rates = st.sampled_from([8000, 44_100, 48_000])
formats = st.builds(AudioFormat, rates, st.integers(1, 3), st.sampled_from(SampleFormat))


@given(
    st.sets(formats, min_size=1),
    st.builds(CaptureSettings, rate=st.none() | rates, channels=st.none() | st.integers(1, 3)),
)
def test_whatever_opens_is_offered_and_what_is_configured(can: set[AudioFormat], wish: CaptureSettings) -> None:
    try:
        opened = open_nearest(FakeCards(formats=tuple(can)), wish).format
    except FormatUnsupported:
        assert wish.format not in can
    else:
        assert opened in can and wish.admits(opened)


# -- kept for each card


class Counting(FakeCards):
    """Counts what it is asked for."""

    def __init__(self, *formats: AudioFormat) -> None:
        super().__init__(formats=formats)
        self.tried: list[AudioFormat] = []

    def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> FakeCapture:
        self.tried.append(format)
        return super().open_capture(device, format, period, buffer)


ODD = AudioFormat(44_100, 2)


def test_the_format_that_worked_is_the_first_that_is_tried(tmp_path: Path) -> None:
    cards = Counting(ODD)
    cards.notes = CardNotes(tmp_path / "cards.json")
    open_nearest(cards, CaptureSettings())
    assert cards.tried == [AudioFormat(), ODD]
    cards.notes.save()
    again = Counting(ODD)
    again.notes = CardNotes(tmp_path / "cards.json")
    assert open_nearest(again, CaptureSettings()).format == ODD
    assert again.tried == [ODD]


def test_what_a_look_ahead_found_needs_no_trying_at_the_press() -> None:
    cards = Counting(ODD)
    foreseen_format(cards, CaptureSettings())
    open_nearest(cards, CaptureSettings())
    assert cards.tried == [ODD]


def test_a_kept_format_is_doubted_where_the_card_refuses_it() -> None:
    cards = Counting(ODD)
    open_nearest(cards, CaptureSettings())
    cards.formats = (AudioFormat(),)
    assert open_nearest(cards, CaptureSettings()).format == AudioFormat()
    cards.tried.clear()
    open_nearest(cards, CaptureSettings())
    assert cards.tried == [AudioFormat()]


def test_another_card_is_asked_anew() -> None:
    cards = Counting(ODD)
    open_nearest(cards, CaptureSettings())
    cards.card, cards.formats = "another", (AudioFormat(), ODD)
    assert open_nearest(cards, CaptureSettings()).format == AudioFormat()


def test_a_kept_format_is_not_for_another_wish() -> None:
    cards = Counting(ODD)
    open_nearest(cards, CaptureSettings())
    with pytest.raises(FormatUnsupported, match="48000 Hz S16_LE mono"):
        open_nearest(cards, CaptureSettings(channels=1))
    assert open_nearest(cards, CaptureSettings(channels=2)).format == ODD


def test_where_a_kept_format_is_refused_without_another_offer_the_wish_is_tried() -> None:
    class Silent(FakeCards):
        def open_capture(self, device: str, format: AudioFormat, period: float, buffer: float) -> FakeCapture:
            if format != AudioFormat():
                raise FormatUnsupported("it refuses that combination")
            return super().open_capture(device, format, period, buffer)

    cards = Silent()
    cards.notes.keep_format(cards.card, AudioFormat(), ODD)
    assert open_nearest(cards, CaptureSettings()).format == AudioFormat()
