"""Sound plays while it still comes, as it would were it all there, and nothing waits inside a decoder."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from appliance.audio.arriving import ENOUGH, Arrivals, GrowingFile, Stream
from appliance.audio.decode import Decoder
from appliance.audio.live import LiveDecoder, can_begin
from appliance.errors import Cancelled, Unplayable
from appliance.events import Play, PlaybackWaiting
from tests.audio.test_player import Booth

RATE = 48_000
FORMATS = [
    ("WAV", "PCM_16"),
    ("AIFF", "PCM_24"),
    ("CAF", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


def write(path: Path, format: str, subtype: str, seconds: float = 8.0) -> bytes:
    times = np.arange(round(RATE * seconds)) / RATE
    noise = np.random.default_rng(0).normal(0, 0.05, (len(times), 2))
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 440 * times)[:, None] + noise, RATE, format=format, subtype=subtype)
    return path.read_bytes()


def blocks(decoder: Decoder | LiveDecoder) -> Iterator["np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]:
    while len(block := decoder.read(4800)):
        yield block


class Growing:
    """A file that grows by hand."""

    def __init__(self, path: Path, content: bytes, first: int) -> None:
        self._file = path.open("wb", buffering=0)
        self._left = content
        self.arrival = GrowingFile(path)
        self.grow(first)

    def grow(self, count: int) -> None:
        self._file.write(self._left[:count])
        self._left = self._left[count:]
        self.arrival.came()

    @property
    def is_whole(self) -> bool:
        return not self._left


@pytest.mark.parametrize(("format", "subtype"), FORMATS)
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_what_comes_bit_by_bit_sounds_as_what_is_there(tmp_path: Path, format: str, subtype: str, rate: int) -> None:
    content = write(tmp_path / "whole", format, subtype)
    whole = np.concatenate(list(blocks(Decoder(tmp_path / "whole", rate))))
    growing = Growing(tmp_path / "grows", content, ENOUGH)
    assert can_begin(growing.arrival, "grows")
    decoder = LiveDecoder(growing.arrival, "grows", rate)
    heard, dry = [], 0
    while True:
        if decoder.is_dry:
            dry += 1
            growing.grow(len(content) // 20)
            if growing.is_whole:
                growing.arrival.end()
        elif len(block := decoder.read(4800)):
            heard.append(block)
        else:
            break
    decoder.close()
    assert dry > 1, "it ran dry on the way"
    np.testing.assert_array_equal(np.concatenate(heard), whole)


@pytest.mark.parametrize("seconds", [1.0, 1.4])
def test_what_comes_no_more_is_waited_for_and_nothing_hangs(tmp_path: Path, seconds: float) -> None:
    content = write(tmp_path / "whole", "WAV", "PCM_16", 4.0)
    booth = Booth(tmp_path, True)
    path = tmp_path / "grows"
    growing = Growing(path, content, 44 + round(seconds * RATE) * 4)
    booth.player.voice.arrivals.put(path, growing.arrival)
    try:
        booth.player.play("one", Play(path, "what comes", 7))
        assert booth.first(PlaybackWaiting).position > seconds - 0.8
    finally:
        growing.arrival.end("nothing comes any more")
        booth.player.close()


def test_a_tag_in_front_is_waited_for_and_stepped_over(tmp_path: Path) -> None:
    sound = write(tmp_path / "whole", "MP3", "MPEG_LAYER_III", 4.0)
    picture = 100_000
    size = bytes((picture >> shift) & 0x7F for shift in (21, 14, 7, 0))
    growing = Growing(tmp_path / "grows", b"ID3\4\0\0" + size + bytes(picture) + sound, ENOUGH)
    assert not can_begin(growing.arrival, "grows")
    growing.grow(ENOUGH)
    assert can_begin(growing.arrival, "grows")


def test_what_is_no_sound_or_needs_its_end_does_not_begin(tmp_path: Path) -> None:
    for content in (b"<html>" * 20_000, b"\0\0\0\x20ftypM4A " + bytes(100_000), b"RIFF" + bytes(100_000)):
        assert not can_begin(Growing(tmp_path / "grows", content, len(content)).arrival, "grows")


def test_what_breaks_off_says_so_after_what_came(tmp_path: Path) -> None:
    content = write(tmp_path / "whole", "MP3", "MPEG_LAYER_III")
    growing = Growing(tmp_path / "grows", content, len(content) // 2)
    decoder = LiveDecoder(growing.arrival, "song.mp3", RATE)
    growing.arrival.end("the line went dead")
    heard = 0
    with pytest.raises(Unplayable, match=r"'song\.mp3' broke off after [34]\.\d s: the line went dead"):
        for block in blocks(decoder):
            heard += len(block)
    assert heard > 3 * RATE


def comes(decoder: LiveDecoder, at: float) -> bool:
    """Whether it gets there, be it that the thread which fills its pipe comes to that only now."""
    for _ in range(1000):
        decoder.seek(at)
        if not decoder.is_dry:
            return True
        time.sleep(0.005)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("format", "subtype"), FORMATS)
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_it_goes_anywhere_in_what_has_come_and_waits_for_what_has_not(
    tmp_path: Path, format: str, subtype: str, rate: int
) -> None:
    """To the sample; heard as from the whole file, but for what a resampler still knew of what was before."""
    content = write(tmp_path / "whole", format, subtype)
    whole = np.concatenate(list(blocks(Decoder(tmp_path / "whole", rate))))
    growing = Growing(tmp_path / "grows", content, len(content) // 4 * 3)
    decoder = LiveDecoder(growing.arrival, "grows", rate)
    settled = 0 if rate == RATE else 400

    def heard(at: float) -> bool:
        begin = round(at * rate)
        there = decoder.read(4800)[settled:]
        return bool(np.allclose(there, whole[begin + settled : begin + 4800], atol=2e-3))

    for at in (2.0, 0.0, 1.23, 2.5):
        decoder.seek(at)
        assert decoder.position == pytest.approx(at, abs=1e-4)
        assert comes(decoder, at) and heard(at), "it has come"
    assert 2.5 <= decoder.buffered <= 8.0, "told by how many bytes have come"
    decoder.seek(7.0)
    assert decoder.is_dry and decoder.is_behind and not decoder.is_catching_up
    assert not len(decoder.read(4800)) and decoder.position == 7.0
    while decoder.is_dry:
        growing.grow(len(content) // 20)
        growing.arrival.over = growing.is_whole
    assert heard(7.0)
    assert comes(decoder, 1.0) and heard(1.0)
    decoder.seek(7.5)
    growing.grow(len(content))
    growing.arrival.end()
    growing.arrival.final = tmp_path / "grows"
    assert not decoder.is_dry and heard(7.5) and decoder.seconds == decoder.buffered == pytest.approx(8.0, abs=0.1)
    decoder.close()


def test_beyond_the_end_is_the_end_and_what_broke_off_says_where(tmp_path: Path) -> None:
    content = write(tmp_path / "whole", "WAV", "PCM_16")
    for error in ("", "the line went dead"):
        growing = Growing(tmp_path / "grows", content, len(content) if not error else len(content) // 2)
        decoder = LiveDecoder(growing.arrival, "grows", RATE)
        decoder.seek(30.0)
        assert decoder.is_dry and decoder.position == 30.0
        growing.arrival.end(error)
        assert not decoder.is_dry
        if error:
            with pytest.raises(Unplayable, match=r"broke off after 4\.0 s: the line went dead"):
                decoder.read(1)
        else:
            assert not len(decoder.read(1)) and decoder.position == 8.0


def test_radio_goes_on_where_it_is(tmp_path: Path) -> None:
    stream = Stream()
    stream.write(write(tmp_path / "whole", "OGG", "VORBIS"))
    decoder = LiveDecoder(stream, "radio", RATE)
    decoder.read(RATE)
    decoder.seek(0.0)
    assert decoder.position == 1.0 and not decoder.is_behind
    decoder.close()


def test_of_a_stream_only_the_last_is_kept_and_its_reader_sets_the_pace() -> None:
    stream, at, read = Stream(), 0, 0
    stream.taken = True
    block = bytes(range(256)) * 64

    def bring() -> None:
        try:
            while True:
                stream.write(block)
        except Cancelled:
            pass

    thread = threading.Thread(target=bring)
    thread.start()
    for _ in range(300):
        got = stream.read(at, 50_000)
        assert got[:256] == (bytes(range(256)) * 2)[at % 256 : at % 256 + 256]
        at += len(got)
        read += len(got)
        stream.passed(at)
    assert read > 4_000_000 and stream.size() - at < 1_200_000, "whoever brings it waits"
    stream.leave()
    thread.join(10)
    assert not thread.is_alive()


def test_what_comes_is_played_once_under_its_path(tmp_path: Path) -> None:
    arrivals, stream = Arrivals(), Stream()
    arrivals.put(tmp_path, stream)
    assert arrivals.take(tmp_path) is stream and stream.taken
    assert arrivals.take(tmp_path) is None


def test_what_nobody_comes_for_holds_neither_files_open_nor_what_brings_it(tmp_path: Path) -> None:
    """Such as what somebody wants to hear, time and again, while a take is in progress."""
    arrivals, first, before = Arrivals(), Stream(), len(list(Path("/proc/self/fd").iterdir()))
    arrivals.put(tmp_path, first)
    for number in range(100):
        path = tmp_path / str(number)
        path.touch()
        arrivals.put(path, GrowingFile(path))
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 10
    with pytest.raises(Cancelled):
        first.write(b"more")
    assert arrivals.take(path) is not None


@pytest.mark.parametrize(("format", "subtype"), [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS")])
def test_files_that_were_joined_are_played_to_their_end(tmp_path: Path, format: str, subtype: str) -> None:
    content = write(tmp_path / "one", format, subtype) * 2
    (tmp_path / "whole").write_bytes(content)
    whole = np.concatenate(list(blocks(Decoder(tmp_path / "whole", RATE))))
    growing = Growing(tmp_path / "grows", content, len(content))
    decoder = LiveDecoder(growing.arrival, "grows", RATE)
    heard = []
    while not decoder.is_dry and len(block := decoder.read(4800)):
        heard.append(block)
    growing.arrival.end()
    assert decoder.is_dry, "the rest is read once it is whole"
    growing.arrival.final = tmp_path / "grows"
    heard += list(blocks(decoder))
    together = np.concatenate(heard)
    assert abs(len(together) - len(whole)) < 0.1 * RATE
    if format == "OGG":
        np.testing.assert_array_equal(together[: 7 * RATE], whole[: 7 * RATE])


@pytest.mark.parametrize(("format", "subtype"), [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")])
def test_radio_goes_on_behind_each_song(tmp_path: Path, format: str, subtype: str) -> None:
    song = write(tmp_path / "song", format, subtype, 6.0)
    stream = Stream()
    stream.taken = True

    def bring() -> None:
        for _ in range(4):
            stream.write(song)
        stream.end()

    thread = threading.Thread(target=bring)
    thread.start()
    decoder = LiveDecoder(stream, "radio", RATE)
    assert sum(map(len, blocks(decoder))) > 21 * RATE
    decoder.close()
    thread.join(10)


@pytest.mark.parametrize(("format", "subtype"), [("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")])
def test_radio_goes_on_with_songs_of_other_rates_and_channels(tmp_path: Path, format: str, subtype: str) -> None:
    songs = b""
    for hertz, rate, channels in ((500, 44_100, 2), (800, 22_050, 1), (600, 48_000, 2)):
        wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(4 * rate) / rate)
        path = tmp_path / "song"
        soundfile.write(path, np.stack([wave] * channels, 1), rate, format=format, subtype=subtype)
        songs += path.read_bytes()
    stream = Stream()
    stream.write(songs)
    stream.end()
    decoder = LiveDecoder(stream, "radio", RATE)
    heard = np.concatenate(list(blocks(decoder)))
    decoder.close()
    assert len(heard) / RATE == pytest.approx(12.0, abs=0.5)
    for second, hertz in ((1, 500), (6, 800), (10, 600)):
        part = heard[second * RATE :][:RATE, 1]
        assert np.argmax(np.abs(np.fft.rfft(part * np.hanning(RATE)))) == pytest.approx(hertz, abs=1)
