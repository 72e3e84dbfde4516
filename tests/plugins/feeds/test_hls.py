"""Radio in HLS: which stream is chosen, and that its sound comes piece by piece, without what is around it."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from appliance_feed_m3u import appliance_feed_backends
from appliance_feed_m3u.hls import playlist, variant

from appliance.config.options import loaded
from appliance.plugin import BackendContext, Cancelled, FeedBackend, Permanent, Transient, WrongKind
from tests.audio.test_beyond import RATE, heard, live, sound, write
from tests.plugins.download.test_download_radio import Heard
from tests.plugins.feeds.conftest import Site

MASTER = """\
#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English, of course",DEFAULT=YES,URI="sound/list.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2"
video.m3u8
"""


def backend(url: str) -> FeedBackend:
    [kind] = appliance_feed_backends()
    options = loaded(kind.options)(url)
    return kind.create(options, BackendContext("radio", "box", Path("/nowhere"), lambda: True))


def test_the_best_stream_that_is_sound_alone_is_heard() -> None:
    def chosen(text: str) -> str | None:
        return variant(text.splitlines(), "https://radio.example.org/live/a.m3u8")

    assert chosen("#EXTM3U\n#EXT-X-TARGETDURATION:6\na.aac") is None
    only_video = "https://radio.example.org/live/video.m3u8"
    assert chosen(MASTER) == only_video, "its sound is that of the video"
    grouped = MASTER.replace("BANDWIDTH", 'AUDIO="sound",BANDWIDTH')
    assert chosen(grouped) == "https://radio.example.org/live/sound/list.m3u8"
    offers = "".join(
        f'#EXT-X-STREAM-INF:BANDWIDTH={rate},CODECS="mp4a.40.2"\n/{rate}.m3u8\n' for rate in (48_000, 128_000, 320_000)
    )
    assert chosen(f"#EXTM3U\n{offers}") == "https://radio.example.org/128000.m3u8"
    assert chosen(f"{MASTER}{offers}") == "https://radio.example.org/128000.m3u8"
    assert chosen("#EXT-X-STREAM-INF:BANDWIDTH=320000\nhttps://b/c.m3u8") == "https://b/c.m3u8", "the only one"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('#EXT-X-KEY:METHOD=AES-128,URI="k"', "is encrypted HLS, which is not played"),
        ('#EXT-X-MAP:URI="init.mp4"', "is HLS in pieces of MP4, which is not played"),
    ],
)
def test_what_cannot_be_heard_is_said(line: str, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        playlist(["#EXTM3U", line, "#EXTINF:6,", "a.ts"], "https://radio.example.org/a.m3u8")
    assert playlist(["#EXT-X-KEY:METHOD=NONE", "a.ts"], "https://a/b").segments


def segments(folder: Path, seconds: int, suffix: str) -> list[bytes]:
    """A sound in pieces of a second, as a station cuts them; each can be read alone."""
    samples = sound(seconds)
    return [
        write(folder / f"{at}{suffix}", "aac", samples[:, at * RATE : (at + 1) * RATE]).read_bytes()
        for at in range(seconds)
    ]


@pytest.mark.parametrize("suffix", [".ts", ".aac"])
def test_what_was_recorded_is_heard_from_its_beginning_to_its_end(site: Site, tmp_path: Path, suffix: str) -> None:
    """In a transport stream, and as it is behind a tag that tells the time."""
    tag = b"ID3\4\0\0\0\0\0\x14" + bytes(20) if suffix == ".aac" else b""
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXT-X-MEDIA-SEQUENCE:7"]
    for number, content in enumerate(segments(tmp_path, 2, suffix)):
        site.offer(f"/live/{number}{suffix}", tag + content)
        lines += ["#EXTINF:1,", f"{number}{suffix}"]
    site.offer("/live/list.m3u8", "\n".join([*lines, "#EXT-X-ENDLIST"]))
    site.offer("/radio.m3u8", '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=99,CODECS="mp4a.40.2"\nlive/list.m3u8\n')
    listener = Heard(patience=10_000_000)
    backend(site.url("/radio.m3u8")).pull(listener)
    samples = sound(2)
    expected = np.concatenate(
        [
            heard(write(tmp_path / "alone.aac", "aac", samples[:, number * RATE : (number + 1) * RATE]))[
                RATE // 4 : RATE // 2
            ]
            for number in range(2)
        ]
    )
    got = live(bytes(listener.sound))
    assert 2.0 < len(got) / RATE < 2.2 and not listener.tracks
    for part in np.split(expected, 2):
        correlated = np.fft.irfft(np.fft.rfft(got[:, 0], 1 << 18) * np.conj(np.fft.rfft(part[:, 0], 1 << 18)))
        at = int(np.argmax(correlated))
        assert np.corrcoef(got[at : at + len(part), 0], part[:, 0])[0, 1] > 0.98


class Station:
    """Of a station's list the segments that there are now; `more` lets another one be there."""

    def __init__(self, site: Site, first: int, count: int) -> None:
        self._site, self._first, self._count = site, first, count
        self.more(0)

    def more(self, moved: int = 1) -> None:
        self._first += moved
        there = range(self._first, self._first + self._count)
        for number in there:
            self._site.offer(f"/{number}.mp3", b"\xff" + bytes([number]) * 99)
        head = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{self._first}\n"
        self._site.offer("/radio.m3u8", head + "".join(f"#EXTINF:1,\n{number}.mp3\n" for number in there))


class Patient(Heard):
    """A person who listens until the segment `last`, and is told of each."""

    def __init__(self, station: Station, last: int) -> None:
        super().__init__()
        self.heard: list[int] = []
        self._station, self._last = station, last

    def write(self, block: bytes, /) -> int:
        self.heard.append(block[1])
        if block[1] == self._last:
            raise Cancelled("nobody listens any more")
        if block[1] >= 9:
            self._station.more()
        return len(block)


def test_radio_begins_near_its_end_and_goes_on_with_what_is_new(site: Site) -> None:
    station = Station(site, first=4, count=6)
    listener = Patient(station, last=11)
    with pytest.raises(Cancelled):
        backend(site.url("/radio.m3u8")).pull(listener)
    assert listener.heard == [7, 8, 9, 10, 11]


def test_also_where_a_playlist_names_it(site: Site) -> None:
    station = Station(site, first=4, count=6)
    site.offer("/station.pls", f"[playlist]\nFile1={site.url('/radio.m3u8')}\nTitle1=Radio\n", "audio/x-scpls")
    listener = Patient(station, last=11)
    with pytest.raises(Cancelled):
        backend(site.url("/station.pls")).pull(listener)
    assert listener.heard == [7, 8, 9, 10, 11]


def test_whoever_held_still_hears_what_there_is_then(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance_feed_m3u.radio._SILENT", 0.2)
    station = Station(site, first=4, count=6)

    class Still(Patient):
        def write(self, block: bytes, /) -> int:
            if block[1] == 9:
                threading.Event().wait(0.4)
                station.more(20)
            return super().write(block)

    listener = Still(station, last=27)
    with pytest.raises(Cancelled):
        backend(site.url("/radio.m3u8")).pull(listener)
    assert listener.heard == [7, 8, 9, 25, 26, 27]


def test_a_segment_that_is_gone_is_passed_over(site: Site) -> None:
    station = Station(site, first=4, count=6)
    del site.files["/8.mp3"]
    listener = Patient(station, last=10)
    with pytest.raises(Cancelled):
        backend(site.url("/radio.m3u8")).pull(listener)
    assert listener.heard == [7, 9, 10]


def test_a_list_leads_to_no_other_service_of_this_box(start_site: Any) -> None:
    radio, own = start_site(), start_site()
    radio.offer("/radio.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{own.url('/admin?reboot')}\n")
    with pytest.raises(Permanent, match="to this box itself"):
        backend(radio.url("/radio.m3u8")).pull(Heard())
    assert own.asked == []


def test_a_station_that_brings_nothing_new_is_over(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance_feed_m3u.radio._SILENT", 0.1)
    Station(site, first=4, count=6)
    with pytest.raises(Transient, match="has ended its transmission"):
        backend(site.url("/radio.m3u8")).pull(Heard())


def test_what_is_no_sound_is_said(site: Site) -> None:
    site.offer("/a.ts", b"\0\0\0\x18ftypiso5" + bytes(999))
    site.offer("/radio.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\na.ts\n")
    with pytest.raises(WrongKind, match="is HLS of a kind that is not played"):
        backend(site.url("/radio.m3u8")).pull(Heard())
