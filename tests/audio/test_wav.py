import io
from contextlib import suppress

import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audio.wav import HEADER_BYTES, Wav, build, padding, parse
from appliance.config.profiles import RecordedFormat
from appliance.models import AudioFormat, SampleFormat

SAMPLES = [SampleFormat(each) for each in RecordedFormat]
formats = st.builds(AudioFormat, st.integers(1, 768_000), st.integers(1, 32), st.sampled_from(SAMPLES))


@settings(deadline=None)
@given(formats, st.integers(0, 2**40))
def test_a_header_is_read_back_as_it_was_built(format: AudioFormat, frames: int) -> None:
    size = frames * format.frame_bytes
    head = build(format, size)
    assert len(head) == HEADER_BYTES
    assert parse(head) == Wav(format, HEADER_BYTES, size)


@settings(deadline=None)
@given(formats)
def test_an_unknown_length_is_read_back_as_unknown(format: AudioFormat) -> None:
    assert parse(build(format, None)) == Wav(format, HEADER_BYTES, None)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse(content)


@settings(deadline=None)
@given(formats, st.integers(0, 2**40), st.data())
def test_a_damaged_header_is_read_or_refused(format: AudioFormat, size: int, data: st.DataObject) -> None:
    head = bytearray(build(format, size))
    for _ in range(data.draw(st.integers(0, 4))):
        head[data.draw(st.integers(0, len(head) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        found = parse(bytes(head[: data.draw(st.integers(0, len(head)))]))
        assert len(build(found.format, None)) == HEADER_BYTES


@pytest.mark.parametrize("length", range(HEADER_BYTES))
def test_a_header_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ValueError):
        parse(build(AudioFormat(), 1000)[:length])


def test_floats_are_for_speakers_alone() -> None:
    with pytest.raises(ValueError, match="FLOAT_LE"):
        build(AudioFormat(48_000, 1, SampleFormat.FLOAT_LE), 0)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("channels", [1, 2, 3, 8])
@pytest.mark.parametrize("known", [True, False])
def test_other_programs_read_it(sample: SampleFormat, channels: int, known: bool) -> None:
    format = AudioFormat(44_100, channels, sample)
    data = bytes(101 * format.frame_bytes)
    file = build(format, len(data) if known else None) + data + bytes(padding(len(data)) if known else 0)
    found = soundfile.info(io.BytesIO(file))
    assert (found.samplerate, found.channels, found.frames) == (44_100, channels, 101)
    assert found.subtype == f"PCM_{sample.bytes * 8}"
    assert found.format == ("WAV" if channels <= 2 and sample is SampleFormat.S16_LE else "WAVEX")


def test_the_header_turns_into_rf64_where_riff_ends() -> None:
    format = AudioFormat(48_000, 2)
    longest = 2**32 - 1 - HEADER_BYTES
    assert build(format, longest - longest % 4)[:4] == b"RIFF"
    long = build(format, 2**32)
    assert (long[:4], long[12:16]) == (b"RF64", b"ds64")
    assert parse(long).data_bytes == 2**32


def test_chunks_of_other_programs_are_passed_over() -> None:
    head = build(AudioFormat(), 1000)
    foreign = head[:12] + b"LIST\x03\x00\x00\x00abc\x00" + head[12:]
    assert parse(foreign) == Wav(AudioFormat(), HEADER_BYTES + 12, 1000)


def test_what_is_no_integer_sound_is_refused() -> None:
    floats = bytearray(build(AudioFormat(), 1000))
    floats[56:58] = b"\x03\x00"
    with pytest.raises(ValueError, match="16, 24 or 32 bit"):
        parse(bytes(floats))


def test_a_format_that_wave_has_no_words_for_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot describe"):
        build(AudioFormat(48_000, 40_000, SampleFormat.S32_LE), None)
