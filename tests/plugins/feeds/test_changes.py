"""Entries of lists whose sound changes, and what of them is refused, against a web server."""

import hashlib
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from appliance_download.backend import UrlsBackend
from appliance_download.options import UrlsOptions
from appliance_fetch.refusals import Refusals

from appliance.config.options import ByteCount
from appliance.plugin import FeedBackend, Permanent, WrongKind
from appliance.testing.feeds import MemoryInbox
from tests.plugins.feeds.conftest import Site
from tests.plugins.feeds.oddserver import Line, OddServer
from tests.plugins.feeds.test_lists import MONDAY, as_json, backend, m3u, pls

ONE, TWO, THREE = (bytes(range(256)) * 40 + name for name in (b"one", b"two", b"a third"))


def summed(names: list[str], site: Site) -> str:
    sums = {name: hashlib.sha256(site.files[name][1]).hexdigest().upper() for name in names}
    return json.dumps({"tracks": [{"url": name, "sha256": sums[name]} for name in names]})


def podcast(names: list[str], site: Site) -> str:
    items = "".join(
        f"<item><title>{name}</title><guid>{name}</guid><pubDate>{formatdate(MONDAY - 60 * age)}</pubDate>"
        f'<enclosure url="{site.url(name)}" type="audio/mpeg" length="{len(site.files[name][1])}"/></item>'
        for age, name in enumerate(names)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Show</title>{items}</channel></rss>'


ASKED = {
    "m3u": lambda names, _: m3u(names),
    "pls": lambda names, _: pls(names),
    "json": lambda names, _: as_json(names),
}
TOLD = {"sums": summed, "podcast": podcast}
KINDS = {"pls": "m3u", "sums": "json"}
Write = Callable[[list[str], Site], str]


class Feed:
    """A list of files at the site, written anew when it is offered again."""

    def __init__(self, how: str, site: Site, inbox: MemoryInbox, *names: str) -> None:
        self._how = how
        self._site = site
        self._inbox = inbox
        self._names = list(names)
        self.offer()
        self.restart()

    def offer(self) -> None:
        write: Write = {**ASKED, **TOLD}[self._how]
        self._site.offer("/list", write(self._names, self._site), "text/plain")

    def restart(self) -> None:
        self._backend: FeedBackend = backend(KINDS.get(self._how, self._how), self._site.url("/list"), newest=1000)

    def pull(self) -> list[str]:
        """The paths of which bytes came, besides the list."""
        begin = len(self._site.sent)
        self._backend.pull(self._inbox)
        return [path for path in self._site.sent[begin:] if path != "/list"]

    @property
    def sounds(self) -> list[bytes]:
        """The bytes of the tracks, by their keys."""
        return [track.content for track in sorted(self._inbox.tracks, key=lambda track: track.key)]


every_list = pytest.mark.parametrize("how", [*ASKED, *TOLD])


@every_list
@pytest.mark.parametrize("tags", [True, False], ids=["tags", "lengths alone"])
def test_what_changes_takes_the_place_of_the_old_one(how: str, tags: bool, site: Site, inbox: MemoryInbox) -> None:
    site.tags = tags
    site.offer("/a.mp3", ONE)
    site.offer("/b.mp3", TWO)
    feed = Feed(how, site, inbox, "/a.mp3", "/b.mp3")
    assert sorted(feed.pull()) == ["/a.mp3", "/b.mp3"]
    for content in (THREE, ONE):
        site.offer("/a.mp3", content)
        if how in TOLD:
            feed.offer()
        assert feed.pull() == ["/a.mp3"] or not tags
        assert feed.sounds == [content, TWO]
        asked = len(site.asked)
        feed.restart()
        assert feed.pull() == [] or not tags, "what nobody changed costs no bytes"
        assert feed.sounds == [content, TWO]
        assert site.asked[asked:] == ["/list"] or how in ASKED


@every_list
def test_what_earlier_releases_brought_is_not_fetched_again_and_gives_way_once_it_changes(
    how: str, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", ONE)
    site.offer("/b.mp3", ONE)
    key, copy = site.url("/a.mp3"), site.url("/b.mp3")
    with inbox.new_track(key, "a", ".mp3") as file:
        file.write(ONE)
    inbox.save_note(f"sha256 {hashlib.sha256(ONE).hexdigest()}", {"key": key})
    inbox.save_note(copy, {"copy": True})
    inbox.save_note(f"list {site.url('/list')}", {"etag": '"x"', "newest": 1000})
    feed = Feed(how, site, inbox, "/a.mp3", "/b.mp3")
    for _ in range(2):
        feed.pull()
        assert feed.sounds == [ONE]
    site.offer("/a.mp3", THREE)
    site.offer("/b.mp3", TWO + TWO)
    if how in TOLD:
        feed.offer()
    assert sorted(feed.pull()) == ["/a.mp3", "/b.mp3"]
    assert feed.sounds == [THREE, TWO + TWO]


def test_a_sum_that_changed_before_the_upgrade_is_seen(site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", TWO)
    with inbox.new_track(site.url("/a.mp3"), "a", ".mp3") as file:
        file.write(ONE)
    inbox.save_note(f"sha256 {hashlib.sha256(ONE).hexdigest()}", {"key": site.url("/a.mp3")})
    feed = Feed("sums", site, inbox, "/a.mp3")
    feed.pull()
    assert feed.sounds == [TWO]


@every_list
def test_two_that_change_places_both_do(how: str, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", ONE)
    site.offer("/b.mp3", THREE)
    feed = Feed(how, site, inbox, "/a.mp3", "/b.mp3")
    feed.pull()
    site.offer("/a.mp3", THREE)
    site.offer("/b.mp3", ONE)
    feed.offer()
    feed.pull()
    assert feed.sounds == [THREE, ONE]


@every_list
def test_a_copy_comes_once_the_other_is_another(how: str, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", ONE)
    site.offer("/b.mp3", ONE)
    feed = (
        Feed(how, site, inbox, "/b.mp3", "/a.mp3")
        if how in ("json", *TOLD)
        else Feed(how, site, inbox, "/a.mp3", "/b.mp3")
    )
    feed.pull()
    assert feed.pull() == [] and feed.sounds == [ONE]
    site.offer("/a.mp3", THREE)
    feed.offer()
    feed.pull()
    feed.pull()
    assert feed.sounds == [THREE, ONE]


@every_list
def test_what_is_broken_takes_no_place_and_is_told_without_being_fetched_again(
    how: str, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", ONE)
    feed = Feed(how, site, inbox, "/a.mp3")
    feed.pull()
    site.offer("/a.mp3", THREE)
    feed.offer()
    inbox.refuses = Permanent("a is damaged, or not all there")
    sent = len(site.sent)
    for _ in range(3):
        with pytest.raises(Permanent, match="a is damaged"):
            feed.pull()
    assert [path for path in site.sent[sent:] if path != "/list"] == ["/a.mp3"]
    assert feed.sounds == [ONE]
    site.offer("/a.mp3", TWO + TWO)
    feed.offer()
    feed.pull()
    assert feed.sounds == [TWO + TWO]


@pytest.mark.parametrize("how", ASKED)
def test_a_login_page_is_no_new_sound(how: str, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", ONE)
    feed = Feed(how, site, inbox, "/a.mp3")
    feed.pull()
    site.offer("/a.mp3", "<html>", "text/html")
    with pytest.raises(WrongKind, match="login page"):
        feed.pull()
    site.offer("/a.mp3", ONE)
    assert feed.pull() == [] and feed.sounds == [ONE]


def test_what_needs_something_is_tried_again_once_that_is_installed(
    site: Site, inbox: MemoryInbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.offer("/a.m4a", ONE)
    feed = UrlsBackend(UrlsOptions((site.url("/a.m4a"),)))
    inbox.refuses = WrongKind("a: this is M4A, which needs PyAV", needs="a_decoder_of_this_test")
    for _ in range(3):
        with pytest.raises(Permanent, match="this is M4A, which needs PyAV"):
            feed.pull(inbox)
    assert len(site.asked) == 3 and len(site.sent) == 1
    (tmp_path / "a_decoder_of_this_test.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    feed.pull(inbox)
    assert [track.content for track in inbox.tracks] == [ONE] and len(site.sent) == 2


def test_a_long_list_costs_little_and_every_entry_has_its_turn(site: Site, inbox: MemoryInbox) -> None:
    names = [f"/{number:05}.mp3" for number in range(10_000)]
    for number, name in enumerate(names[:100]):
        site.offer(name, ONE + bytes([number]))
    site.offer("/list", m3u(names))
    feed = backend("m3u", site.url("/list"), newest=100)
    feed.pull(inbox)
    for number, name in enumerate(names[:100]):
        site.offer(name, TWO + bytes([number]))
    for _ in range(5):
        asked = len(site.asked)
        feed.pull(inbox)
        assert len(site.asked) - asked == 21
    assert site.sent.count("/list") == 1
    assert {track.content for track in inbox.tracks} == {TWO + bytes([number]) for number in range(100)}


@pytest.mark.parametrize("how", ["urls", "m3u"])
def test_what_is_too_large_is_pulled_once_a_day_where_nothing_tells_whether_it_changes(
    how: str, inbox: MemoryInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, now = OddServer(), time.monotonic()
    sent = 0

    def endless(line: Line) -> None:
        nonlocal sent
        line.head("200 OK", Content_Type="audio/mpeg")
        while not line.server.closing.is_set():
            line.send(bytes(10_000))
            sent += 10_000

    server.at["/a.mp3"] = endless
    server.at["/list"] = m3u(["a.mp3"]).encode()
    largest: dict[str, Any] = {"max_size": ByteCount(5_000_000)}
    feed: FeedBackend = (
        UrlsBackend(UrlsOptions((server.url("/a.mp3"),), **largest))
        if how == "urls"
        else backend("m3u", server.url("/list"), **largest)
    )
    for hours, pulled in ((0, True), (1, False), (23, False), (25, True), (26, False)):
        monkeypatch.setattr("appliance_fetch.refusals.time.monotonic", lambda hours=hours: now + 3600 * hours)
        before = sent
        with pytest.raises(Permanent, match="larger than max_size"):
            feed.pull(inbox)
        assert (sent - before > 5_000_000) is pulled, hours
    server.at["/a.mp3"] = ONE
    feed.pull(inbox)
    assert [track.content for track in inbox.tracks] == [ONE], "now its server tells that it is another"
    server.close()


def test_of_what_was_refused_so_much_is_remembered_as_a_list_may_be_long() -> None:
    refusals = Refusals()
    for number in range(10_000):
        refusals.remember(str(number), None, Permanent("no sound"))
    assert refusals.of("7999") is None and refusals.of("8000") and refusals.of("9999")
