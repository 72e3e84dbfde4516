"""Everything that goes wrong on the web, once for every kind of feed that fetches from there, and for `play URL`.

Each ends, says in one line what was wrong, keeps no other item, and brings what it could not as soon as it can.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import soundfile
from appliance_download.backend import UrlsBackend
from appliance_download.options import UrlsOptions
from appliance_feed_folder.backend import FolderFeed
from appliance_feed_telegram.backend import TelegramFeed
from appliance_feed_telegram.options import TelegramFeedOptions
from appliance_http.options import Timeouts
from attrs import frozen

from appliance.audio import wav
from appliance.audio.arriving import Arrivals
from appliance.config.options import ByteCount, Seconds, Secret
from appliance.feeds.feeds import Feeds
from appliance.feeds.pull import Pull
from appliance.models import AudioFormat
from appliance.plugin import BackendContext, FeedBackend, Permanent, Transient
from tests.delivery.conftest import Box
from tests.plugins.feeds.oddserver import BLOCK, Answer, Line, OddServer, give
from tests.plugins.feeds.test_lists import as_json, backend, m3u, rss

FORMAT = AudioFormat(rate=8000)
MOST = 400_000
HTML = b"<html><body>Please log in</body></html>"
BAD, GOOD = "/bad.wav", "/good.wav"


def sound(level: int, frames: int = 60_000) -> bytes:
    return wav.build(FORMAT, 2 * frames) + level.to_bytes(2, "little") * frames


WANTED, OTHER = sound(1000), sound(2000, 100)


def headed(content: bytes, status: str = "200 OK", **headers: object) -> Answer:
    def answer(line: Line) -> None:
        line.head(status, **{"Content_Type": "audio/x-wav", "Content_Length": len(content), **headers})
        line.send(content)

    return answer


def reset(line: Line) -> None:
    line.head("200 OK", Content_Type="audio/x-wav", Content_Length=len(WANTED))
    line.send(WANTED[:BLOCK])
    line.wait(0.02)
    line.reset()


def stall(line: Line) -> None:
    line.head("200 OK", Content_Type="audio/x-wav", Content_Length=len(WANTED))
    line.send(WANTED[:100])
    line.wait(60)


def drip(line: Line) -> None:
    line.head("200 OK", Content_Type="audio/x-wav", Content_Length=len(WANTED))
    for at in range(len(WANTED)):
        line.send(WANTED[at : at + 1])
        if line.wait(0.05):
            return


def drip_of_headers(line: Line) -> None:
    for each in "HTTP/1.1 200 OK\r\nX-Long: " + "x" * 60_000:
        line.send(each.encode())
        if line.wait(0.05):
            return


def endless(line: Line) -> None:
    line.head("200 OK", Content_Type="audio/x-wav")
    while not line.server.closing.is_set():
        line.send(bytes(BLOCK))


def loop(line: Line) -> None:
    line.head("301 Moved Permanently", Location=line.server.url(BAD), Content_Length=0)


def chunk_of_less_than_nothing(line: Line) -> None:
    line.head("200 OK", Content_Type="audio/x-wav", Transfer_Encoding="chunked")
    line.send(b"64\r\n" + WANTED[:100] + b"\r\n-5\r\nwrong")


def portal(line: Line) -> None:
    line.head("302 Found", Location=line.server.url("/login"), Content_Length=0)


def astray(line: Line) -> None:
    line.head("302 Found", Location=line.server.url("/secret", line.server.neighbour), Content_Length=0)


def claiming(size: int) -> bytes:
    """Sound behind a header that is wrong about its length."""
    told = size.to_bytes(4, "little")
    form = b"fmt " + (16).to_bytes(4, "little") + bytes.fromhex("0100 0100 401f0000 803e0000 0200 1000")
    return b"RIFF" + told + b"WAVE" + form + b"data" + told + b"\x01\x02" * 40_000


@cache
def cut_mp3() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, [0.1, -0.1] * 16_000, 16_000, format="MP3")
    return file.getvalue()[: len(file.getvalue()) * 2 // 3]


@frozen
class Fault:
    """What is at the place of an item, and what is said about it; where it does no harm, what comes of it.

    `read` is for how many seconds a server may be silent meanwhile.
    """

    answer: Answer
    said: str = ""
    brings: bytes = WANTED
    read: float = 20.0


FAULTS = {
    "reset": Fault(reset, "broke"),
    "shorter than it says": Fault(headed(WANTED[:-1000], Content_Length=len(WANTED)), "broke off"),
    "longer than it says": Fault(headed(WANTED, Content_Length=20), "no sound|fetched again"),
    "gzip": Fault(headed(gzip.compress(WANTED), Content_Encoding="gzip")),
    "no gzip": Fault(headed(WANTED, Content_Encoding="gzip"), "cannot be decoded"),
    "a page": Fault(headed(HTML, Content_Type="text/html"), "no sound but text/html|web page"),
    "a page that says it is sound": Fault(headed(HTML), "no sound that can be played|fetched again"),
    "captive portal": Fault(portal, "login page|leads elsewhere"),
    "captive portal that says so": Fault(
        headed(HTML, "511 Network Authentication Required", Content_Type="text/html"), "login page"
    ),
    "a chunk of less than nothing": Fault(chunk_of_less_than_nothing, "broke off"),
    "redirects in a circle": Fault(loop, "redirects in a circle|leads elsewhere"),
    "to a service of the box": Fault(astray, "to this box itself|leads elsewhere"),
    "a part that nobody asked for": Fault(
        headed(WANTED[100:], "206 Partial Content", Content_Range=f"bytes 100-{len(WANTED) - 1}/{len(WANTED)}"),
        "begins anew|answers 206",
    ),
    "endless": Fault(endless, "larger than max_size"),
    "a picture": Fault(
        headed(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(5000)), "no sound that can be played|fetched again"
    ),
    "nothing": Fault(headed(b""), "empty|fetched again"),
    "a header that claims 4 GB": Fault(headed(claiming(0xFFFFFFFF)), brings=claiming(0xFFFFFFFF)),
    "a header that claims nothing": Fault(headed(claiming(0)), brings=claiming(0)),
    "half an MP3": Fault(headed(cut_mp3()), "damaged, or not all there|fetched again"),
    "stall": Fault(stall, "silent", read=0.5),
    "1 byte/s": Fault(drip, "next to nothing", read=0.5),
    "1 byte/s in its head": Fault(drip_of_headers, "next to nothing", read=0.5),
}


@pytest.fixture
def server() -> Iterator[OddServer]:
    started, neighbour = OddServer(), OddServer()
    started.neighbour = neighbour.port
    started.at["/login"] = headed(HTML, Content_Type="text/html")
    started.at[GOOD] = OTHER
    yield started
    started.close()
    neighbour.close()
    assert neighbour.asked == [], "strangers reach no service of the box"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path / "state", {"cloud": "original"})
    yield made
    made.close()


def more(read: float) -> dict[str, Any]:
    return {"max_size": ByteCount(MOST), "timeouts": Timeouts(Seconds(5), Seconds(read), Seconds(60))}


def urls(server: OddServer, read: float) -> FeedBackend:
    return UrlsBackend(UrlsOptions((server.url(BAD), server.url(GOOD)), **more(read)))


def listed(kind: str, write: Callable[[list[str]], str]) -> Callable[[OddServer, float], FeedBackend]:
    def make(server: OddServer, read: float) -> FeedBackend:
        server.at.setdefault("/list", write([server.url(GOOD), server.url(BAD)]).encode())
        return backend(kind, server.url("/list"), **more(read))

    return make


def telegram(server: OddServer, read: float) -> FeedBackend:
    chat = {"id": 1, "type": "private", "first_name": "Anna"}

    def said(number: int, name: str) -> dict[str, object]:
        voice = {"file_id": name, "file_unique_id": name, "file_name": name, "mime_type": "audio/x-wav"}
        return {"update_id": number, "message": {"message_id": number, "chat": chat, "from": chat, "audio": voice}}

    def result(what: object) -> bytes:
        return json.dumps({"ok": True, "result": what}).encode()

    updates = [[said(1, "bad.wav")], [said(2, "good.wav")], []]
    sizes = {"bad.wav": server.size, "good.wav": len(OTHER)}

    def get_updates(line: Line) -> None:
        headed(result(updates.pop(0) if len(updates) > 1 else []), Content_Type="application/json")(line)

    def get_file(line: Line) -> None:
        name = json.loads(line.body)["file_id"]
        told = {"file_path": name, "file_size": sizes[name]}
        headed(result(told), Content_Type="application/json")(line)

    server.at["/bot1:x/getFile"] = get_file
    server.at.setdefault("/bot1:x/getUpdates", get_updates)
    for path in (BAD, GOOD):
        server.at[f"/file/bot1:x{path}"] = server.at[path]
    options = TelegramFeedOptions(token=Secret("1:x"), url=server.url(""), chats=("1",), **more(read))
    return TelegramFeed(options, BackendContext("family", "box", Path("/nowhere")))


KINDS: dict[str, Callable[[OddServer, float], FeedBackend]] = {
    "urls": urls,
    "m3u": listed("m3u", m3u),
    "json": listed("json", as_json),
    "rss": listed("podcast", rss),
    "telegram": telegram,
}


def pulled(box: Box, make: Callable[[], FeedBackend]) -> str:
    """What is said when it is pulled, a word of the kind of error first; empty where all is well."""
    pull = Pull(box.store, "family", box.clock, lambda _: True, lambda: False, lambda _: None)
    try:
        make().pull(pull)
    except (Permanent, Transient) as error:
        words = str(error)
        assert "\n" not in words and len(words) < 400, words
        return words
    return ""


def there(box: Box) -> list[bytes]:
    """The bytes of the tracks, the smallest first."""
    return sorted((track.path.read_bytes() for track in box.store.inbox.tracks("family")), key=len)


def every(*, slow: bool) -> Any:
    return [
        pytest.param(kind, fault, id=f"{kind}, {fault}", marks=[pytest.mark.slow] if slow else [])
        for kind in KINDS
        for fault, what in FAULTS.items()
        if (what.read < 1) is slow and not (slow and kind in ("m3u", "json"))
    ]


@pytest.mark.parametrize(("kind", "fault"), every(slow=False) + every(slow=True))
def test_an_item(kind: str, fault: str, server: OddServer, box: Box) -> None:
    what = FAULTS[fault]
    server.at[BAD], server.size = what.answer, len(what.brings)
    said = pulled(box, lambda: KINDS[kind](server, what.read))
    assert bool(said) == bool(what.said)
    if not what.said:
        assert there(box) == [OTHER, what.brings]
        return
    assert any(words in said for words in what.said.split("|")), said
    assert there(box) == [OTHER], "the other item came all the same"
    server.at[BAD] = WANTED
    assert pulled(box, lambda: KINDS[kind](server, 20.0)) == ""
    assert there(box) == [OTHER, WANTED]
    assert not list(box.store.places.inbox.glob(".*")), "nothing is left over"


LISTS = [kind for kind in KINDS if kind != "urls"]
BREAKS = ["reset", "shorter than it says", "no gzip", "a page", "captive portal", "redirects in a circle", "nothing"]
BREAKS += ["captive portal that says so", "a chunk of less than nothing"]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *((kind, fault) for kind in LISTS for fault in BREAKS),
        *(pytest.param(kind, "1 byte/s", marks=pytest.mark.slow) for kind in ("json", "telegram")),
    ],
)
def test_a_list(kind: str, fault: str, server: OddServer, box: Box) -> None:
    """The list itself, or what tells of it, is at the place of what goes wrong."""
    server.at[BAD] = WANTED
    what, place = FAULTS[fault], "/bot1:x/getUpdates" if kind == "telegram" else "/list"
    server.at[place] = what.answer
    assert pulled(box, lambda: KINDS[kind](server, what.read))
    assert not there(box)
    del server.at[place]
    assert pulled(box, lambda: KINDS[kind](server, 20.0)) == ""
    assert there(box) == [OTHER, WANTED]


def part(start: int, content: bytes = WANTED, tag: str = '"one"', said: int | None = None) -> Answer:
    where = f"bytes {start if said is None else said}-{len(content) - 1}/{len(content)}"
    return headed(content[start:], "206 Partial Content", Content_Range=where, ETag=tag)


def broken(line: Line) -> None:
    line.head("200 OK", Content_Type="audio/x-wav", Content_Length=len(WANTED), ETag='"one"')
    line.send(WANTED[:50_000])
    line.wait(0.02)
    line.reset()


def rest_of(tag: str, shift: int = 0) -> Answer:
    """The rest from where it was asked for, or from `shift` bytes behind that."""

    def answer(line: Line) -> None:
        start = int(line.headers["range"].removeprefix("bytes=").removesuffix("-"))
        part(start + shift, tag=tag)(line)

    return answer


def rest_by_its_range(content: bytes, most: int | None = None) -> Answer:
    """The rest of a file, or less of it, from a server that tells no tag with it."""

    def answer(line: Line) -> None:
        start = int(line.headers["range"].removeprefix("bytes=").removesuffix("-"))
        sent = content[start:][:most]
        where = f"bytes {start}-{start + len(sent) - 1}/{len(content)}"
        headed(sent, "206 Partial Content", Content_Range=where)(line)

    return answer


NEXT = {
    "the rest": (rest_of('"one"'), ""),
    "the rest of another file": (rest_of('"two"'), "begins anew"),
    "another part than was asked for": (rest_of('"one"', 1000), "begins anew"),
    "the rest of a longer file": (rest_by_its_range(sound(2000, 61_000)), "begins anew"),
    "less than the rest": (rest_by_its_range(WANTED, 1000), "broke off"),
    "no part any more": (headed(b"", "416 Range Not Satisfiable"), "begins anew"),
    "a file that has changed": (give(WANTED, tag='"two"'), ""),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "telegram"])
@pytest.mark.parametrize("then", NEXT)
def test_what_broke_off(kind: str, then: str, server: OddServer, box: Box) -> None:
    """Whatever the server does when it is asked for the rest, no file is patched together of two."""
    server.at[BAD] = broken
    assert "broke" in pulled(box, lambda: KINDS[kind](server, 20.0))
    server.at[BAD], said = NEXT[then]
    words = pulled(box, lambda: KINDS[kind](server, 20.0))
    assert said in words and bool(said) == bool(words)
    server.at[BAD] = give(WANTED, tag='"two"')
    assert pulled(box, lambda: KINDS[kind](server, 20.0)) == ""
    assert sorted(set(there(box)), key=len) == [OTHER, WANTED]
    assert not list(box.store.places.inbox.glob(".*")), "nothing is left over"


@pytest.mark.parametrize("listening", [False, True], ids=["whole", "while it comes"])
@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[pytest.mark.slow] if what.read < 1 else []) for name, what in FAULTS.items()]
)
def test_play_url(fault: str, listening: bool, server: OddServer, box: Box) -> None:
    what = FAULTS[fault]
    server.at[BAD] = what.answer
    url = server.url(BAD)

    def fetchers(_: str) -> list[FeedBackend]:
        return [UrlsBackend(UrlsOptions((url,), **more(what.read)))]

    feeds = Feeds(box.store, {}, box.clock, box.events.post, box.vitals, lambda _: True, fetchers, arrivals=Arrivals())
    begins = (lambda _, __: None) if listening else None
    if what.said:
        with pytest.raises((Permanent, Transient)) as caught:
            feeds.fetch(url, begins=begins)
        said = str(caught.value)
        assert any(words in said for words in what.said.split("|")) and "\n" not in said, said
        server.at[BAD] = WANTED
    assert feeds.fetch(url, begins=begins).path.read_bytes() == what.brings
    feeds.close()


FILES = {
    "a picture": (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(5000), "no sound that can be played"),
    "half an MP3": (cut_mp3(), "damaged, or not all there"),
    "nothing": (b"", "is empty"),
    "a header that claims 4 GB": (claiming(0xFFFFFFFF), ""),
    "a header that claims nothing": (claiming(0), ""),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_file_of_a_folder(fault: str, box: Box, tmp_path: Path) -> None:
    content, said = FILES[fault]
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "bad\nname.mp3").write_bytes(content)
    (folder / "good.wav").write_bytes(OTHER)
    words = pulled(box, lambda: FolderFeed(folder, 0.0))
    assert said in words and bool(said) == bool(words)
    assert there(box) == ([OTHER] if said else [OTHER, content])
    if said:
        (folder / "bad\nname.mp3").write_bytes(WANTED)
        assert pulled(box, lambda: FolderFeed(folder, 0.0)) == ""
        assert there(box) == [OTHER, WANTED]


OLD = sound(3000, 50_000)
UNTOLD = ["endless", "gzip", "no gzip", "a chunk of less than nothing"]
"""What tells nothing by which an entry of a list could be told from what it was."""


@pytest.mark.parametrize("kind", ["urls", "m3u", "json"])
@pytest.mark.parametrize("fault", [name for name, what in FAULTS.items() if what.read > 1])
def test_what_is_to_take_the_place_of_another(kind: str, fault: str, server: OddServer, box: Box) -> None:
    """The old one stays until the new one is safe."""
    server.at[BAD] = OLD
    assert pulled(box, lambda: KINDS[kind](server, 20.0)) == ""
    what = FAULTS[fault]
    server.at[BAD] = what.answer
    said = pulled(box, lambda: KINDS[kind](server, what.read))
    if fault in UNTOLD and kind != "urls":
        assert said == "" and there(box) == [OTHER, OLD]
    elif what.said:
        assert any(words in said for words in what.said.split("|")), said
        assert there(box) == [OTHER, OLD]
    else:
        assert said == "" and there(box) == [OTHER, what.brings]
    server.at[BAD] = WANTED
    assert pulled(box, lambda: KINDS[kind](server, 20.0)) == ""
    assert there(box) == [OTHER, WANTED]
    assert not list(box.store.places.inbox.glob(".*")), "nothing is left over"
