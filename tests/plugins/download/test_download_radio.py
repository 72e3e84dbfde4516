"""Radio, as stations send it: heard by whoever listens, and no message for a feed."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from appliance_download.backend import UrlsBackend
from appliance_download.options import UrlsOptions
from attrs import define, field

from appliance.plugin import Cancelled, ListeningFeedJob, Permanent, Sink, Transient
from appliance.testing.feeds import MemoryInbox

SHOUTCAST = b"ICY 200 OK\r\nicy-name:Radio Wave\r\nicy-br:128\r\ncontent-type:audio/mpeg\r\n\r\n"
ICECAST = b"HTTP/1.0 200 OK\r\nServer: Icecast 2.4.4\r\nContent-Type: audio/mpeg\r\nicy-name: Radio Wave\r\n\r\n"


@define
class Heard(MemoryInbox):
    """A person who listens for so many bytes."""

    patience: int = 100_000
    sound: bytearray = field(factory=bytearray)
    title: str = ""

    @contextlib.contextmanager
    def new_stream(self, title: str) -> Iterator[Sink]:
        self.title = title
        yield self

    def write(self, block: bytes, /) -> int:
        self.sound += block
        if len(self.sound) > self.patience:
            raise Cancelled("nobody listens any more")
        return len(block)


@contextlib.contextmanager
def station(head: bytes, *, ends: bool = False, hangs_up: int = 0) -> Iterator[str]:
    """The URL of a station that sends until its listener hangs up, or for a moment; before, it hangs up so often."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for turn in range(hangs_up + 1):
                with server.accept()[0] as connection, contextlib.suppress(OSError):
                    connection.recv(10_000)
                    connection.sendall(head + bytes(range(256)))
                    connection.sendall(bytes(range(256)) * 400 * (turn < hangs_up))
                    while not ends and turn == hangs_up:
                        connection.sendall(bytes(range(256)) * 10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/stream"
        thread.join(10)


@pytest.mark.parametrize(
    "head",
    [SHOUTCAST, ICECAST, ICECAST.replace(b"audio/mpeg", b"audio/aacp")],
    ids=["shoutcast", "icecast", "aac"],
)
def test_radio_is_heard_until_nobody_listens(head: bytes) -> None:
    listener = Heard()
    assert isinstance(listener, ListeningFeedJob) and not isinstance(MemoryInbox(), ListeningFeedJob)
    with station(head) as url, pytest.raises(Cancelled):
        UrlsBackend(UrlsOptions((url,))).pull(listener)
    assert listener.title == "Radio Wave" and listener.tracks == []
    assert listener.sound[:512] == bytes(range(256)) * 2 and len(listener.sound) > 100_000


def test_a_station_that_ends_says_so() -> None:
    with station(ICECAST, ends=True) as url, pytest.raises(Transient, match="has ended its transmission"):
        UrlsBackend(UrlsOptions((url,))).pull(Heard())


@pytest.mark.slow
def test_a_station_that_hangs_up_is_called_again() -> None:
    listener = Heard(patience=400_000)
    with station(ICECAST, hangs_up=2) as url, pytest.raises(Cancelled):
        UrlsBackend(UrlsOptions((url,))).pull(listener)
    assert len(listener.sound) > 400_000


def test_for_a_feed_it_is_no_message() -> None:
    with station(SHOUTCAST) as url, pytest.raises(Permanent, match="is a live stream, which never ends"):
        UrlsBackend(UrlsOptions((url,))).pull(MemoryInbox())
