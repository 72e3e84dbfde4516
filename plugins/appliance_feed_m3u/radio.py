"""Radio in HLS, heard as it comes: the list is looked at now and then, and what is new of it fetched in its order."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from appliance_fetch.fetcher import Fetcher
from appliance_fetch.station import wait

from appliance.plugin import ListeningFeedJob, Permanent, Sink, Transient, WrongKind, check_url, shown_url
from appliance_feed_m3u.hls import Playlist, Segment, playlist, variant
from appliance_feed_m3u.mpegts import TransportStream
from appliance_feed_m3u.playlist import lines_of

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_LARGEST_LIST = 4_000_000
_DEEPEST = 3
_SILENT = 60.0
"""Seconds after which a station is over that brings nothing new."""


class HlsRadio:
    """One stream, for somebody who listens. Segments that cannot be had are passed over, as any player does."""

    def __init__(self, fetcher: Fetcher, job: ListeningFeedJob, url: str, *, allow_http: bool, largest: int) -> None:
        """`largest` is how many bytes a segment may have."""
        self._fetcher = fetcher
        self._job = job
        self._url = url
        self._allow_http = allow_http
        self._largest = largest
        self._stop = fetcher.stopping(job, url)

    def listen(self) -> None:
        """Until nobody does any more, or to its end."""
        url, known = self._chosen()
        following = known.first()
        with self._job.new_stream(shown_url(self._url)) as heard:
            new_at = time.monotonic()
            while True:
                for segment in known.segments:
                    if segment.number >= following:
                        following = segment.number + 1
                        self._bring(segment, heard)
                        new_at = time.monotonic()  # whoever listens may have held still
                if known.over:
                    return
                if time.monotonic() - new_at > _SILENT:
                    raise Transient(f"{shown_url(self._url)} has ended its transmission")
                wait(known.target / 2, self._stop)
                known = self._again(url) or known

    def _chosen(self) -> tuple[str, Playlist]:
        """The list that has the sound, and where it is."""
        url = self._url
        for _ in range(_DEEPEST):
            lines, base = self._lines(url)
            following = variant(lines, base)
            if following is None:
                return url, playlist(lines, base)
            url = following
        raise Permanent(f"{shown_url(self._url)} leads from list to list, and to no sound")

    def _again(self, url: str) -> Playlist | None:
        try:
            return playlist(*self._lines(url))
        except Transient:
            return None

    def _lines(self, url: str) -> tuple[Sequence[str], str]:
        """Of a list, and where it is in truth."""
        self._check(url)
        with self._fetcher.exchange(url, self._stop) as answer:
            if answer.status != 200:
                raise Transient(f"{shown_url(url)} answers {answer.status} where a list of HLS should be")
            return lines_of(answer.head(_LARGEST_LIST)), answer.url

    def _bring(self, segment: Segment, heard: Sink) -> None:
        self._check(segment.url)
        try:
            with self._fetcher.exchange(segment.url, self._stop) as answer:
                if answer.status == 200:
                    self._write(answer, heard)
        except Transient:
            return

    def _write(self, answer: "Answer", heard: Sink) -> None:
        take: Callable[[bytes], bytes] | None = None
        size = 0
        for block in answer.blocks(hurried=False):
            size += len(block)
            if size > self._largest:
                return
            take = take or _apart(block, answer.url)
            if sound := take(block):
                heard.write(sound)

    def _check(self, url: str) -> None:
        try:
            check_url(url, allow_http=self._allow_http)
        except ValueError as error:
            raise Permanent(f"{shown_url(self._url)} leads to what cannot be fetched: {error}") from error


def _apart(head: bytes, url: str) -> Callable[[bytes], bytes]:
    """What leaves the sound of a segment that begins so. Raises WrongKind."""
    if head[0] == 0x47:
        return TransportStream().sound
    if head.startswith((b"ID3", b"\xff")):
        return bytes
    raise WrongKind(f"{shown_url(url)} is HLS of a kind that is not played: use a stream in MP3, Ogg, Opus or AAC")
