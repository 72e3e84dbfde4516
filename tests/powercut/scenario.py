"""A day in the life of an appliance, all of it recorded: four runs of the real daemon on one state directory.

It records, pauses, marks, discards, plays, delivers to two folders, pulls a feed, makes a clip of what a guest sends,
and deletes; it is killed in mid-take, started again, stopped in mid-take, started again, and killed in mid-take. At
last the card is full: clips are delivered to a server that proves what it holds, and make room.
"""

import http.server
import io
import signal
import threading
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from appliance.simulation.sound import numbered
from tests.plugins.receiver import Receiver
from tests.powercut import log
from tests.powercut.daemon import FORMAT, Daemon


def perform(daemon: Daemon, news: "News", office: str) -> None:
    """What happens. In the end every clip is at the office, and nowhere else but in the folders."""
    daemon.start()
    daemon.record(0.6)
    daemon.call("record.mark")
    daemon.call("record.pause")
    daemon.call("record.resume")
    daemon.grow(0.3)
    first = daemon.stop()
    daemon.record(0.4)
    daemon.call("record.discard")
    daemon.until(lambda: daemon.call("feeds.list"))
    daemon.send_as_guest(sound_of(5000))
    daemon.record(0.3)
    second = daemon.stop()
    daemon.until(daemon.delivered)
    daemon.call("play", source="recording")
    daemon.call("clips.delete", clip=first)
    daemon.record(0.8)
    daemon.call("record.mark")
    daemon.grow(0.5)
    daemon.end(signal.SIGKILL)

    news.issue += 1
    daemon.start()
    daemon.clips()
    daemon.record(0.3)
    third = daemon.stop()
    daemon.call("clips.delete", clip=third)
    daemon.until(daemon.delivered)
    daemon.until(lambda: len(daemon.call("feeds.list")) == 2)
    daemon.call("play", source="next")
    daemon.record(0.5)
    daemon.end(signal.SIGTERM)

    daemon.start()
    daemon.clips()
    daemon.record(0.3)
    daemon.stop()
    daemon.call("clips.delete", clip=second)
    daemon.until(daemon.delivered)
    daemon.record(0.7)
    daemon.end(signal.SIGKILL)

    daemon.configure(floor="1000TB", office=office)
    daemon.start()
    daemon.clips()
    daemon.call("clips.deliver", clips=None, to="office")
    daemon.until(lambda: not daemon.clips())
    daemon.end(signal.SIGTERM)


def sound_of(first: int) -> bytes:
    """A WAVE file of 4,000 numbered frames."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, FORMAT.rate, 0, "NONE", ""))
        file.writeframes(numbered(first, 4000, FORMAT))
    return sound.getvalue()


class News:
    """A server with a sound file for each `issue` that has come out, at `url` followed by its number."""

    def __init__(self) -> None:
        self.issue = 1
        news = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issue = int(self.path.rpartition("/")[2])
                if issue > news.issue:
                    self.send_error(404)
                    return
                content = sound_of(issue * 1000)
                self.send_response(200)
                self.send_header("Content-Type", "audio/wav")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def news() -> Iterator[News]:
    """A server for the length of a block."""
    server = News()
    try:
        yield server
    finally:
        server.close()


def record(directory: Path, alsa_config: Path) -> Path:
    """Perform the scenario in `directory`, which is empty; the log. What was there at the end is under `root`."""
    root = directory / "root"
    root.mkdir()
    library = log.build(directory)
    with news() as server, closing(Receiver()) as office:
        daemon = Daemon(root, alsa_config, server.url, library)
        try:
            perform(daemon, server, office.url())
        finally:
            daemon.end(signal.SIGKILL)
    return daemon.log
