"""The feeds `m3u`, `json` and `podcast` against a web server."""

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from appliance_feed_json import appliance_feed_backends as json_kinds
from appliance_feed_m3u import appliance_feed_backends as m3u_kinds
from appliance_feed_podcast import appliance_feed_backends as podcast_kinds

from appliance.config.options import loaded
from appliance.plugin import BackendContext, FeedBackend, Permanent, Secret, WrongKind
from appliance.testing.feeds import MemoryInbox, check_feed_backend
from tests.plugins.feeds.conftest import Site

KINDS = {kind.name: kind for kinds in (json_kinds, m3u_kinds, podcast_kinds) for kind in kinds()}
SOUND = bytes(range(256)) * 40
MONDAY = 1_769_990_400


def m3u(urls: list[str]) -> str:
    return "#EXTM3U\r\n" + "".join(f"#EXTINF:12,Title of {url[-5:]}\r\n{url}\r\n" for url in urls)


def pls(urls: list[str]) -> str:
    entries = enumerate(urls, 1)
    return "[playlist]\n" + "".join(f"File{n}={url}\nTitle{n}=Title of {url[-5:]}\n" for n, url in entries)


def as_json(urls: list[str]) -> str:
    return json.dumps({"tracks": [{"url": url, "title": f"Title of {url[-5:]}"} for url in urls]})


def rss(urls: list[str], more: str = "") -> str:
    items = "".join(
        f"<item><title>Title of {url[-5:]}</title><guid>{url}</guid><pubDate>{formatdate(MONDAY - 60 * age)}</pubDate>"
        f'<enclosure url="{url}" type="audio/mpeg" length="1"/></item>'
        for age, url in enumerate(urls)
    )
    return f'<?xml version="1.0"?>{more}<rss version="2.0"><channel><title>Show</title>{items}</channel></rss>'


def atom(urls: list[str]) -> str:
    entries = "".join(
        f"<entry><title>Title of {url[-5:]}</title><id>{url}</id><updated>2026-02-0{9 - age}T12:00:00Z</updated>"
        f'<link rel="enclosure" href="{url}" type="audio/mpeg" length="1"/></entry>'
        for age, url in enumerate(urls)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Show</title>{entries}</feed>'


Write = Callable[[list[str]], str]
LISTS = [("m3u", m3u), ("m3u", pls), ("json", as_json), ("podcast", rss), ("podcast", atom)]
"""How lists are written, the newest entry first in what they are given."""

in_every_list = pytest.mark.parametrize(("kind", "write"), LISTS, ids=["m3u", "pls", "json", "rss", "atom"])


def backend(kind: str, url: str, **options: Any) -> FeedBackend:
    context = BackendContext("family", "box", Path("/nowhere"))
    return KINDS[kind].create(loaded(KINDS[kind].options)(url, **options), context)


@in_every_list
def test_conformance(kind: str, write: Write, site: Site) -> None:
    names = ["/c.mp3", "/b.mp3", "/a.mp3"]
    for number, name in enumerate(names):
        site.offer(name, SOUND[number:])
    site.offer("/list", write([site.url(name) for name in names]), "text/plain")
    check_feed_backend(lambda: backend(kind, site.url("/list")), brings=3)


@in_every_list
def test_who_wants_more_of_a_list_need_not_wait_until_it_changes(
    kind: str, write: Write, site: Site, inbox: MemoryInbox
) -> None:
    names = ["/b.mp3", "/a.mp3"]
    for number, name in enumerate(names):
        site.offer(name, SOUND[number:])
    site.offer("/list", write([site.url(name) for name in names]))
    for newest in (1, 2):
        backend(kind, site.url("/list"), newest=newest).pull(inbox)
        assert len(inbox.tracks) == newest


@pytest.mark.parametrize("write", [m3u, pls])
def test_of_a_playlist_the_first_come_in_their_order(write: Write, site: Site, inbox: MemoryInbox) -> None:
    for number, name in enumerate("abc"):
        site.offer(f"/{name}.mp3", SOUND[number:])
    site.offer("/list", write([f"{name}.mp3" for name in "cab"]))
    backend("m3u", site.url("/list"), newest=2).pull(inbox)
    assert [track.title for track in inbox.tracks] == ["Title of c.mp3", "Title of a.mp3"]


@pytest.mark.parametrize("write", [m3u, pls])
@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("cp1252", "Wait\u2026 f\u00fcr \u201eO\u2019Hara\u201c"),
        ("latin-1", "f\u00fcr"),
        ("utf-8", "\u65e5\u672c\u2028\x85"),
        ("utf-8-sig", "\u65e5\u672c"),
        ("utf-16", "\u65e5\u672c"),
    ],
)
def test_playlists_in_any_character_set(
    encoding: str, title: str, write: Write, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/list", write(["a.mp3"]).replace("Title of a.mp3", title).encode(encoding))
    backend("m3u", site.url("/list")).pull(inbox)
    assert [track.title for track in inbox.tracks] == [title.strip()] and site.asked == ["/list", "/a.mp3"]


@pytest.mark.parametrize("before", ["\ufeff", "\n\n", "\ufeff\r\n "])
@pytest.mark.parametrize(("kind", "write"), [*LISTS[:3], ("podcast", rss)], ids=["m3u", "pls", "json", "rss"])
def test_what_stands_before_a_list_does_no_harm(
    before: str, kind: str, write: Write, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/list", before + write([site.url("/a.mp3")]))
    backend(kind, site.url("/list")).pull(inbox)
    assert len(inbox.tracks) == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("m3u", "a\n" * 2_000_001),
        ("json", '{"tracks": [' + '{"url":"a"},' * 400_000 + '{"url":"a"}]}'),
        (
            "podcast",
            rss([]).replace("</channel>", "<item><guid>1</guid><title>a</title></item>" * 20_001 + "</channel>"),
        ),
    ],
)
def test_a_list_that_takes_more_memory_than_a_box_has_is_refused(
    kind: str, body: str, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/list", body)
    with pytest.raises(Permanent, match=r"larger than a list may be|more than 20000 episodes"):
        backend(kind, site.url("/list")).pull(inbox)


@pytest.mark.parametrize(("kind", "write"), LISTS[2:])
def test_the_newest_come_the_oldest_first_and_nothing_twice(
    kind: str, write: Write, site: Site, inbox: MemoryInbox
) -> None:
    for number, name in enumerate("dcba"):
        site.offer(f"/{name}.mp3", SOUND[number:])
    site.offer("/list", write([site.url(f"/{name}.mp3") for name in "cba"]), "text/plain")
    backend(kind, site.url("/list"), newest=2).pull(inbox)
    assert [track.title for track in inbox.tracks] == ["Title of b.mp3", "Title of c.mp3"]
    assert [track.content for track in inbox.tracks] == [SOUND[2:], SOUND[1:]]
    asked = len(site.asked)
    backend(kind, site.url("/list"), newest=2).pull(inbox)
    assert site.asked[asked:] == ["/list", *(["/b.mp3", "/c.mp3"] if kind == "json" else [])]
    assert site.sent[asked:] == ["/list"], "what nobody changed costs no bytes"
    site.offer("/list", write([site.url(f"/{name}.mp3") for name in "dcb"]), "text/plain")
    backend(kind, site.url("/list"), newest=2).pull(inbox)
    assert [track.title for track in inbox.tracks][2:] == ["Title of d.mp3"]


@in_every_list
def test_the_same_bytes_under_another_name_come_once(kind: str, write: Write, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/b.mp3", SOUND)
    site.offer("/list", write([site.url("/b.mp3"), site.url("/a.mp3")]), "text/plain")
    for _ in range(2):
        backend(kind, site.url("/list")).pull(inbox)
        assert [track.content for track in inbox.tracks] == [SOUND]
    assert site.sent.count("/b.mp3") == 1


@in_every_list
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file:///etc/passwd", "not a valid URL"),
        ("http://192.0.2.1/a.mp3", "not encrypted"),
        ("ftp://h/a", "not a valid"),
        ("http://h:99999/a.mp3", "not a valid URL"),
    ],
)
def test_an_entry_that_leads_astray_is_told_and_keeps_no_other(
    place: str, words: str, kind: str, write: Write, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/list", write([place, site.url("/a.mp3")]), "text/plain")
    with pytest.raises(Permanent, match=words):
        backend(kind, site.url("/list")).pull(inbox)
    assert len(inbox.tracks) == 1


@in_every_list
def test_an_entry_leads_to_no_other_service_of_the_box(
    kind: str, write: Write, site: Site, start_site: Callable[[], Site], inbox: MemoryInbox
) -> None:
    service = start_site()
    service.offer("/a.mp3", SOUND)
    site.offer("/list", write([service.url("/a.mp3")]), "text/plain")
    with pytest.raises(Permanent, match="to this box itself"):
        backend(kind, site.url("/list")).pull(inbox)
    assert not service.asked and not inbox.tracks
    secret = {"Authorization": Secret("Bearer me")}
    backend(kind, site.url("/list"), allow_local=True, headers=secret).pull(inbox)
    assert len(inbox.tracks) == 1
    assert site.headers[-1]["authorization"] == "Bearer me" and "authorization" not in service.headers[-1]


@in_every_list
def test_what_is_no_list_of_this_kind(kind: str, write: Write, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/list", "<!doctype html><html><body><p>Hello<br></body></html>", "text/html")
    with pytest.raises(WrongKind, match=f"{site.url('/list')} is no"):
        backend(kind, site.url("/list")).pull(inbox)
    with pytest.raises(Permanent, match="404"):
        backend(kind, site.url("/none")).pull(inbox)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[]", "no list of tracks"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_json_that_breaks_its_schema(body: str, words: str, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/list", body, "application/json")
    with pytest.raises(Permanent, match=words):
        backend("json", site.url("/list")).pull(inbox)


@pytest.mark.parametrize(
    ("kind", "write", "place"),
    [
        ("json", as_json, "http://[::1/a.mp3"),
        ("json", as_json, "\ud800.mp3"),
        ("m3u", m3u, "http://[::1/a.mp3"),
        ("m3u", pls, "http://[::1/a.mp3"),
        ("podcast", rss, "http://[::1/a.mp3"),
        ("podcast", atom, "http://[::1/a.mp3"),
        ("podcast", rss, "http://exa\u2100mple.org/a.mp3"),
    ],
)
def test_an_address_that_makes_no_sense_is_told_and_keeps_no_other(
    kind: str, write: Write, place: str, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/list", write([place, site.url("/a.mp3")]), "text/plain")
    with pytest.raises(Permanent, match="not a valid URL"):
        backend(kind, site.url("/list")).pull(inbox)
    assert len(inbox.tracks) == 1


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ('{"url": 7}', r"tracks\[0\] is no object"),
        ("null", r"tracks\[0\] is no object"),
        ('{"title": "a"}', r"tracks\[0\] has no url"),
        ('{"url": "b.mp3", "sha256": "beef"}', "64 hexadecimal"),
        ('{"url": "b.mp3", "id": "one"}', "b.mp3 has the id of another entry"),
    ],
)
def test_a_track_in_json_that_breaks_the_schema_is_told_and_keeps_no_other(
    odd: str, words: str, site: Site, inbox: MemoryInbox
) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/b.mp3", SOUND[1:])
    tracks = [odd, '{"url": "a.mp3", "id": "one"}'] if "one" not in odd else ['{"url": "a.mp3", "id": "one"}', odd]
    site.offer("/list", f'{{"tracks": [{", ".join(tracks)}]}}', "application/json")
    feed = backend("json", site.url("/list"), newest=1 if "one" not in odd else 2)
    for _ in range(2):
        with pytest.raises(Permanent, match=words):
            feed.pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND] and site.sent.count("/a.mp3") == 1


@pytest.mark.parametrize(
    "odd",
    [
        "<link>http://[bad</link>",
        '<guid isPermaLink="true">http://[bad</guid>',
        '<itunes:image href="http://[bad"/>',
        '<media:thumbnail url="http://[bad"/>',
        f"<itunes:duration>{'9' * 5000}</itunes:duration>",
        f'<psc:chapters><psc:chapter start="{"9" * 5000}" title="a"/></psc:chapters>',
        "<pubDate>Mon, 99 Foo 99999999999999999 25:61</pubDate>",
    ],
)
@pytest.mark.parametrize("where", ["episode", "show"])
def test_what_is_odd_in_a_podcast_and_is_not_needed_keeps_nothing(
    odd: str, where: str, site: Site, inbox: MemoryInbox
) -> None:
    spaces = {
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "psc": "http://podlove.org/simple-chapters",
    }
    site.offer("/a.mp3", SOUND)
    site.offer("/b.mp3", SOUND[1:])
    text = rss([site.url("/b.mp3"), site.url("/a.mp3")])
    text = text.replace("<rss", "<rss" + "".join(f' xmlns:{name}="{place}"' for name, place in spaces.items()))
    text = (
        text.replace("<channel>", f"<channel>{odd}") if where == "show" else text.replace("<item>", f"<item>{odd}", 1)
    )
    site.offer("/list", text)
    backend("podcast", site.url("/list")).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND, SOUND[1:]]


@pytest.mark.parametrize("where", ["description", "title", "content:encoded", "itunes:summary"])
def test_the_words_of_a_podcast_cost_little(where: str, site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", SOUND)
    text = rss([site.url("/a.mp3")])
    site.offer("/list", text.replace("<item>", f"<item><{where}>{'&lt;a ' * 100_000}</{where}>"))
    begin = time.process_time()
    backend("podcast", site.url("/list")).pull(inbox)
    assert time.process_time() - begin < 5 and len(inbox.tracks) == 1


def test_a_sum_in_json_is_compared(site: Site, inbox: MemoryInbox) -> None:
    site.offer("/a.mp3", SOUND)
    site.offer("/list", json.dumps({"tracks": [{"url": "a.mp3", "sha256": "0" * 64}]}))
    with pytest.raises(Permanent, match="other bytes than its SHA-256 says"):
        backend("json", site.url("/list")).pull(inbox)
    assert not inbox.tracks


def test_for_a_feed_a_stream_in_hls_is_no_list(site: Site, inbox: MemoryInbox) -> None:
    site.offer("/list", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\na.ts\n")
    with pytest.raises(Permanent, match="is a stream in HLS, which feeds do not pull: `appliance play` plays it"):
        backend("m3u", site.url("/list")).pull(inbox)


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_do_not_explode(encoding: str, site: Site, inbox: MemoryInbox) -> None:
    text = rss([site.url("/a.mp3")], BOMB + "]>").replace('version="1.0"', f'version="1.0" encoding="{encoding}"')
    site.offer("/list", text.replace("Show", "&j;").encode(encoding))
    with pytest.raises(Permanent, match="entities"):
        backend("podcast", site.url("/list")).pull(inbox)


def test_a_podcast_that_is_nested_without_end_costs_nothing(site: Site, inbox: MemoryInbox) -> None:
    site.offer("/list", rss([site.url("/a.mp3")]).replace("Show", "<a>" * 20_000 + "</a>" * 20_000))
    with pytest.raises(Permanent, match="more than 100 deep in each other"):
        backend("podcast", site.url("/list")).pull(inbox)


@pytest.mark.slow
def test_a_podcast_of_10_000_episodes_costs_its_newest(site: Site, inbox: MemoryInbox) -> None:
    site.offer("/9999.mp3", SOUND)
    site.offer("/list", rss([site.url(f"/{number}.mp3") for number in range(9999, -1, -1)]), "application/rss+xml")
    backend("podcast", site.url("/list"), newest=1).pull(inbox)
    assert site.asked == ["/list", "/9999.mp3"] and len(inbox.tracks) == 1
