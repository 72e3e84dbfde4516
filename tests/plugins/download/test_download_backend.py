"""The feed backend `urls` against real servers."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from appliance_download import appliance_feed_backends
from appliance_download.backend import UrlsBackend
from appliance_download.options import UrlsOptions
from appliance_http.options import Timeouts, Tls
from attrs import evolve

from appliance.config.feeds import FeedSettings
from appliance.config.loader import parse
from appliance.errors import ConfigError
from appliance.plugin import AbsolutePath, ByteCount, Cancelled, Permanent, Seconds, Secret, Transient
from appliance.testing.feeds import check_feed_backend
from tests.plugins.certificates import Authority
from tests.plugins.download.conftest import Inbox
from tests.plugins.faultproxy import RESET_AT_ONCE, Fault, FaultProxy
from tests.plugins.receiver import Receiver, Reply

Start = Callable[..., Receiver]
SOUND = bytes(range(256)) * 4000
AUDIO = {"Content-Type": "audio/mpeg"}


def backend(*urls: str, read: float = 5.0, total: float = 60.0, **options: Any) -> UrlsBackend:
    timeouts = Timeouts(Seconds(5.0), Seconds(read), Seconds(total))
    return UrlsBackend(UrlsOptions(urls, timeouts=timeouts, **options))


def offer(content: bytes = SOUND, **headers: str) -> Reply:
    return Reply(200, {**AUDIO, **{name.replace("_", "-"): value for name, value in headers.items()}}, content)


MODIFIED = "Sat, 31 Jan 2026 12:00:00 GMT"
UNBOUNDED = Reply(garbage=b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + SOUND)
"""An answer whose end is that of the connection."""


def test_conformance(tmp_path: Path) -> None:
    names = ("a.mp3", "b.flac", "c.ogg")
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(SOUND + bytes([number]))
    handler = partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        urls = [f"http://127.0.0.1:{server.server_port}/{name}" for name in names]
        check_feed_backend(lambda: backend(*urls), brings=3)
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_file_arrives_whole(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(offer(ETag='"one"'))
    backend(receiver.url("/Morning%20news.mp3?key=1"), headers={"Authorization": Secret("Bearer me")}).pull(inbox)
    (track,) = inbox.tracks
    assert (track.title, track.suffix, track.content) == ("Morning news", ".mp3", SOUND)
    (seen,) = receiver.seen
    assert (seen.method, seen.path) == ("GET", "/Morning%20news.mp3?key=1")
    assert seen.headers["authorization"] == "Bearer me"
    assert "referer" not in seen.headers


def test_a_probe_asks_for_each_file_and_takes_none(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [offer(), offer(), Reply(404)]
    url = receiver.url("/a.mp3")
    asked = backend(url, receiver.url("/b.mp3"), headers={"Authorization": Secret("Bearer me")})
    assert asked.probe() == "2 files are there" and not inbox.tracks
    assert {seen.headers["authorization"] for seen in receiver.seen} == {"Bearer me"}
    with pytest.raises(Permanent, match="there is no file"):
        backend(url).probe()


def test_an_unchanged_file_is_not_sent_again(receiver: Receiver, inbox: Inbox) -> None:
    modified = "Sat, 31 Jan 2026 12:00:00 GMT"
    receiver.replies += [offer(ETag='W/"one"', Last_Modified=modified), Reply(304)]
    sender = backend(receiver.url("/a.mp3"))
    sender.pull(inbox)
    sender.pull(inbox)
    assert len(inbox.tracks) == 1
    assert receiver.seen[1].headers["if-none-match"] == 'W/"one"'
    assert receiver.seen[1].headers["if-modified-since"] == modified


def test_a_changed_file_takes_the_place_of_the_old_one(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [offer(ETag='"one"'), offer(SOUND[::-1], ETag='"two"'), offer(SOUND[1:], Last_Modified="today")]
    for content in (SOUND, SOUND[::-1], SOUND[1:]):
        backend(receiver.url("/a.mp3")).pull(inbox)
        assert [track.content for track in inbox.tracks] == [content]


@pytest.mark.parametrize("version", ['"one"', 'W/"one"', "Sat, 31 Jan 2026 12:00:00 GMT", "#1"])
def test_what_an_earlier_release_pulled_is_not_pulled_again_and_gives_way_once_it_changes(
    version: str, receiver: Receiver, inbox: Inbox
) -> None:
    url = receiver.url("/a.mp3")
    with inbox.new_track(f"{url} {version}", "a", ".mp3") as file:
        file.write(SOUND)
    inbox.save_note(url, {"etag": version, "sha256": hashlib.sha256(SOUND).hexdigest()})
    receiver.replies += [Reply(304), offer(SOUND[1:], ETag='"two"')]
    for content in (SOUND, SOUND[1:]):
        backend(url).pull(inbox)
        assert [(track.key, track.content) for track in inbox.tracks] == [(url, content)]


def test_a_server_that_ignores_conditions_gives_no_second_track(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [offer(ETag='"one"'), offer(ETag='"one"')]
    for _ in range(2):
        backend(receiver.url("/a.mp3")).pull(inbox)
    assert len(inbox.tracks) == 1


def test_the_same_bytes_under_another_tag_give_no_second_track(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [offer(ETag='"one"'), offer(ETag='"two"'), Reply(304)]
    for _ in range(3):
        backend(receiver.url("/a.mp3")).pull(inbox)
    assert len(inbox.tracks) == 1
    assert receiver.seen[2].headers["if-none-match"] == '"two"'


def test_a_server_without_tags(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [offer(), offer(), offer(SOUND[1:]), offer(SOUND[1:]), offer()]
    for content in (SOUND, SOUND, SOUND[1:], SOUND[1:], SOUND):
        backend(receiver.url("/a.mp3")).pull(inbox)
        assert [track.content for track in inbox.tracks] == [content]


def test_a_pull_that_the_note_missed(receiver: Receiver, inbox: Inbox) -> None:
    """The box died between keeping the track and keeping the note."""
    receiver.replies += [offer(ETag='"one"'), offer(ETag='"one"')]
    backend(receiver.url("/a.mp3")).pull(inbox)
    inbox.notes.clear()
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert len(inbox.tracks) == 1


def test_one_broken_url_does_not_keep_the_others(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [Reply(404), offer(), Reply(503, {"Retry-After": "30"}), offer(SOUND[1:])]
    with pytest.raises(Transient, match=r"3\.mp3 answers 503 .* \(2 of 4 URLs failed\)") as caught:
        backend(*(receiver.url(f"/{number}.mp3?key=secret") for number in range(1, 5))).pull(inbox)
    assert "secret" not in str(caught.value)
    assert caught.value.retry_after == 30
    assert [track.title for track in inbox.tracks] == ["2", "4"]


def test_only_broken_urls(receiver: Receiver, inbox: Inbox) -> None:
    receiver.always = Reply(410)
    with pytest.raises(Permanent, match="gone for good"):
        backend(receiver.url("/1.mp3"), receiver.url("/2.mp3")).pull(inbox)


@pytest.mark.parametrize(
    "fault",
    [
        RESET_AT_ONCE,
        Fault(reset_after_down=50_000),
        Fault(cut_after_down=0),
        Fault(cut_after_down=50_000),
        Fault(stall_after_down=50_000),
    ],
    ids=str,
)
def test_half_a_file_is_none(
    fault: Fault, receiver: Receiver, inbox: Inbox, fault_proxy: Callable[[int], FaultProxy]
) -> None:
    receiver.always = offer(ETag='"one"')
    proxy = fault_proxy(receiver.port)
    proxy.faults.append(fault)
    puller = backend(f"http://127.0.0.1:{proxy.port}/a.mp3", read=0.5)
    with pytest.raises(Transient):
        puller.pull(inbox)
    assert inbox.tracks == []
    assert all(set(note) == {"begun"} for note in inbox.notes.values())
    puller.pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]


@pytest.mark.parametrize(
    "reply",
    [offer(), UNBOUNDED],
    ids=["announced", "not announced"],
)
def test_a_file_larger_than_allowed(reply: Reply, receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(reply)
    with pytest.raises(Permanent, match="max_size"):
        backend(receiver.url("/a.mp3"), max_size=ByteCount(len(SOUND) - 1)).pull(inbox)
    assert inbox.tracks == []


def test_a_file_of_no_announced_length(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(UNBOUNDED)
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]
    assert inbox.doubted == [inbox.tracks[0].key]


HALF = 3 * 16_384
REST = {**AUDIO, "ETag": '"one"', "Content-Range": f"bytes {HALF}-{len(SOUND) - 1}/{len(SOUND)}"}
BROKEN = Reply(200, {**AUDIO, "ETag": '"one"', "Connection": "close"}, SOUND[:HALF], claimed=len(SOUND))


@pytest.mark.parametrize(
    ("validators", "condition"),
    [
        ({"ETag": '"one"', "Last-Modified": MODIFIED}, '"one"'),
        ({"ETag": 'W/"one"', "Last-Modified": MODIFIED}, MODIFIED),
        ({"Last-Modified": MODIFIED}, MODIFIED),
    ],
)
def test_what_broke_off_is_gone_on_with(
    validators: dict[str, str], condition: str, receiver: Receiver, inbox: Inbox
) -> None:
    headers = {**REST, **validators}
    if "ETag" not in validators:
        del headers["ETag"]
    part = Reply(206, headers, SOUND[HALF:])
    receiver.replies += [evolve(BROKEN, headers={**AUDIO, **validators, "Connection": "close"}), part, Reply(304)]
    with pytest.raises(Transient):
        backend(receiver.url("/a.mp3")).pull(inbox)
    for _ in range(2):
        backend(receiver.url("/a.mp3")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]
    assert (receiver.seen[1].headers["range"], receiver.seen[1].headers["if-range"]) == (f"bytes={HALF}-", condition)
    assert "range" not in receiver.seen[2].headers
    kept = {"sha256", "length", *(n.lower().replace("-", "_") for n in validators)}
    assert set(inbox.note(receiver.url("/a.mp3"))) == kept


@pytest.mark.parametrize(
    "reply",
    [offer(ETag='"one"'), offer(ETag='"two"'), offer()],
    ids=["no ranges", "another file", "no tag any more"],
)
def test_what_cannot_be_gone_on_with_begins_anew(reply: Reply, receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [BROKEN, reply]
    with pytest.raises(Transient):
        backend(receiver.url("/a.mp3")).pull(inbox)
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(416),
        Reply(206, {**REST, "Content-Range": "bytes 0-9/10"}, SOUND[:10]),
        Reply(206, {**REST, "ETag": '"two"'}, SOUND[HALF:]),
        Reply(206, AUDIO, SOUND[HALF:]),
    ],
    ids=["nothing more", "another part", "a part of another file", "an unknown part"],
)
def test_a_part_that_does_not_fit_is_not_taken(reply: Reply, receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [BROKEN, reply, offer(ETag='"one"')]
    for _ in range(2):
        with pytest.raises(Transient):
            backend(receiver.url("/a.mp3")).pull(inbox)
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]
    assert "range" not in receiver.seen[2].headers


def test_a_part_that_nobody_asked_for_is_not_taken(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(Reply(206, REST, SOUND[HALF:]))
    with pytest.raises(Transient):
        backend(receiver.url("/a.mp3")).pull(inbox)
    assert inbox.tracks == []


@pytest.mark.parametrize("headers", [AUDIO, {**AUDIO, "ETag": '"one"', "Content-Encoding": "gzip"}])
def test_what_has_no_tag_or_is_encoded_is_not_gone_on_with(
    headers: dict[str, str], receiver: Receiver, inbox: Inbox
) -> None:
    content = gzip.compress(SOUND) if "Content-Encoding" in headers else SOUND
    receiver.replies += [
        Reply(200, {**headers, "Connection": "close"}, content[:4000], claimed=len(content)),
        Reply(200, headers, content),
    ]
    with pytest.raises(Transient):
        backend(receiver.url("/a.mp3")).pull(inbox)
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]
    assert "range" not in receiver.seen[-1].headers


def test_radio_is_no_message(receiver: Receiver, inbox: Inbox) -> None:
    radio = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: Radio\r\n\r\n" + SOUND
    receiver.replies += [Reply(garbage=radio), offer(icy_name="A station's file")]
    with pytest.raises(Permanent, match="live stream, which never ends"):
        backend(receiver.url("/radio")).pull(inbox)
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert len(inbox.tracks) == 1


@pytest.mark.slow
def test_a_slow_url_lets_the_others_go_first(
    start_receiver: Start, inbox: Inbox, fault_proxy: Callable[[int], FaultProxy]
) -> None:
    slow, quick = start_receiver(always=offer(ETag='"one"')), start_receiver(always=offer())
    proxy = fault_proxy(slow.port)
    proxy.faults += [Fault(down_rate=100_000)] * 2
    with pytest.raises(Transient, match=r"/a\.mp3 is too slow for the others: give it a feed of its own"):
        backend(f"http://127.0.0.1:{proxy.port}/a.mp3", quick.url("/b.mp3"), read=0.3).pull(inbox)
    assert [track.title for track in inbox.tracks] == ["b"]
    assert "range" in slow.seen[1].headers
    backend(f"http://127.0.0.1:{proxy.port}/a.mp3", quick.url("/b.mp3"), read=5).pull(inbox)
    assert {track.title for track in inbox.tracks} == {"a", "b"}


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "application/rss+xml"])
def test_a_page_is_no_sound(kind: str, receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(Reply(200, {"Content-Type": kind}, b"<html>"))
    with pytest.raises(Permanent, match="is no sound but"):
        backend(receiver.url("/a.mp3")).pull(inbox)


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "binary/octet-stream", ""])
def test_a_type_that_says_nothing_is_judged_by_its_bytes(kind: str, receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(Reply(200, {"Content-Type": kind}, SOUND))
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]


def test_an_empty_file_is_no_track(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(offer(b""))
    with pytest.raises(Permanent, match="empty"):
        backend(receiver.url("/a.mp3")).pull(inbox)
    assert inbox.tracks == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_without_secrets_to_others(status: int, start_receiver: Start, inbox: Inbox) -> None:
    here, there = start_receiver(), start_receiver()
    here.replies.append(Reply(status, {"Location": there.url("/song.flac")}))
    there.replies.append(Reply(200, {"Content-Type": "audio/flac"}, SOUND))
    backend(here.url("/latest"), headers={"X-Key": Secret("key")}, allow_local=True).pull(inbox)
    assert (inbox.tracks[0].title, inbox.tracks[0].suffix) == ("song", ".flac")
    assert "x-key" in here.seen[0].headers
    assert "x-key" not in there.seen[0].headers


def test_as_many_redirects_as_browsers_follow(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [*(Reply(302, {"Location": f"/{number}"}) for number in range(20)), offer()]
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert [seen.path for seen in receiver.seen] == ["/a.mp3", *(f"/{number}" for number in range(20))]
    assert len(inbox.tracks) == 1


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/Grüße.mp3", "/Gr%C3%BC%C3%9Fe.mp3"),
        ("/two words.mp3?a=b c", "/two%20words.mp3?a=b%20c"),
        ("/G%C3%BC%20x.mp3", "/G%C3%BC%20x.mp3"),
        ("\xfc.mp3", "/%C3%BC.mp3"),
    ],
)
def test_redirects_to_what_is_no_proper_url(location: str, path: str, receiver: Receiver, inbox: Inbox) -> None:
    raw = location.encode("latin-1" if location[0] == "\xfc" else "utf-8")
    moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + raw + b"\r\n\r\n"
    receiver.replies += [Reply(garbage=moved), offer()]
    backend(receiver.url("/a.mp3")).pull(inbox)
    assert receiver.seen[1].path == path


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0.0.0.0"])
def test_no_redirect_reaches_the_services_of_the_box(host: str, start_receiver: Start, inbox: Inbox) -> None:
    here, own = start_receiver(), start_receiver(always=offer())
    here.always = Reply(302, {"Location": own.url("/admin?delete=1", host)})
    with pytest.raises(Permanent, match=r"to this box itself.*allow_local: true"):
        backend(here.url("/a.mp3"), allow_http=True).pull(inbox)
    assert own.attempts == 0
    backend(here.url("/a.mp3"), allow_http=True, allow_local=True).pull(inbox)
    assert own.attempts == 1


def test_a_proxy_on_the_box_is_none_of_its_services_to_a_redirect(
    start_receiver: Start, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, own = start_receiver(), start_receiver(always=offer())
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    proxy.replies += [Reply(302, {"Location": "http://other.invalid/b.mp3"}), offer()]
    backend("http://feed.invalid/a.mp3", allow_http=True).pull(inbox)
    assert [seen.path for seen in proxy.seen] == ["http://feed.invalid/a.mp3", "http://other.invalid/b.mp3"]
    proxy.replies.append(Reply(302, {"Location": own.url("/admin")}))
    with pytest.raises(Permanent, match="to this box itself"):
        backend("http://feed.invalid/c.mp3", allow_http=True).pull(inbox)
    assert own.attempts == 0


def test_redirect_to_what_is_not_encrypted(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(Reply(302, {"Location": "http://example.org/a.mp3"}))
    with pytest.raises(Permanent, match="not encrypted"):
        backend(receiver.url("/a.mp3")).pull(inbox)


def test_certificates(start_receiver: Start, authority: Authority, inbox: Inbox) -> None:
    receiver = start_receiver(tls=authority.issue("feed").server(), always=offer())
    with pytest.raises(Permanent, match=r"set tls\.ca"):
        backend(receiver.url("/a.mp3")).pull(inbox)
    backend(receiver.url("/a.mp3"), tls=Tls(AbsolutePath(authority.path))).pull(inbox)
    assert len(inbox.tracks) == 1


@pytest.mark.parametrize("reply", [offer(), UNBOUNDED], ids=["announced", "not announced"])
def test_stopping_does_not_wait_for_the_server(
    reply: Reply, receiver: Receiver, inbox: Inbox, fault_proxy: Callable[[int], FaultProxy]
) -> None:
    receiver.always = reply
    proxy = fault_proxy(receiver.port)
    proxy.faults.append(Fault(stall_after_down=50_000))

    def stop() -> None:
        inbox.stopping = True

    timer = threading.Timer(0.3, stop)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        backend(f"http://127.0.0.1:{proxy.port}/a.mp3", read=30).pull(inbox)
    assert time.monotonic() - began < 3
    assert inbox.tracks == []
    timer.cancel()


def test_a_full_inbox(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies.append(offer())
    inbox.room = 1000
    with pytest.raises(Transient, match="free some space"):
        backend(receiver.url("/a.mp3")).pull(inbox)


@pytest.mark.slow
def test_nothing_is_left_of_a_drip(receiver: Receiver, inbox: Inbox, fault_proxy: Callable[[int], FaultProxy]) -> None:
    receiver.always = offer()
    proxy = fault_proxy(receiver.port)
    proxy.faults.append(Fault(stall_after_down=50_000))
    with pytest.raises(Transient, match=r"timeouts\.total"):
        backend(f"http://127.0.0.1:{proxy.port}/a.mp3", read=30, total=0.5).pull(inbox)
    assert inbox.tracks == []


def test_options_for_one_url() -> None:
    (kind,) = appliance_feed_backends()
    assert kind.options_for_url("http://example.org/a.mp3").urls == ("http://example.org/a.mp3",)
    assert kind.options_for_url("https://example.org/a.mp3") is not None
    for other in ("/home/me/a.mp3", "a.mp3", "ftp://example.org/a.mp3", "https://", ""):
        assert kind.options_for_url(other) is None


def load(options: str) -> UrlsOptions:
    text = f"feeds:\n  news:\n    {options}\n"
    found = parse(text, "config.yaml", {FeedSettings: {"urls": UrlsOptions}}, {}).feeds["news"].options
    assert isinstance(found, UrlsOptions)
    return found


def test_options() -> None:
    assert load("urls: [https://example.org/a.mp3]").max_size == ByteCount(500_000_000)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("every: 5m", "urls"),
        ("urls: []", "no URL"),
        ("urls: [http://example.org/a.mp3]", "`allow_http: true`"),
        ("urls: [/a.mp3]", "not a valid URL"),
    ],
)
def test_options_that_cannot_work(options: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(options)
