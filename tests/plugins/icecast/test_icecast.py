"""What the microphone hears arrives at a server as a stream that players understand, and again after it broke off."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from appliance_icecast import source
from appliance_icecast.options import Coding, IcecastOptions
from appliance_icecast.service import BLOCK, Icecast

from appliance.audio.decode import Decoder
from appliance.config.options import Secret
from appliance.events import FaultCleared, FaultRaised
from appliance.models import AudioFormat, SampleFormat
from appliance.plugin import FrameBlock, House
from appliance.testing.services import FakeHouse, check_service

FORMAT = AudioFormat(48_000, 1)
SOON = 10.0


class Server:
    """A server that takes sources as Icecast does, with an answer that a test chooses."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 100 Continue\r\n\r\n"
        self.drips = False
        self.heads: list[str] = []
        self.streams: list[bytearray] = []
        self.connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/box.ogg"

    def break_off(self) -> None:
        """End all connections, hard."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            self.heads.append(head.decode())
            while self.drips:
                try:
                    connection.sendall(b"x")
                except OSError:
                    return
                time.sleep(0.05)
            connection.sendall(self.answer)
            if b" 100 " in self.answer:
                stream = bytearray()
                self.streams.append(stream)
                self.connections.append(connection)
                try:
                    while data := connection.recv(65_536):
                        stream += data
                except OSError:
                    return


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def tone(number: int, format: AudioFormat = FORMAT, hertz: float = 440, *, is_last: bool = False) -> FrameBlock:
    """A tenth of a second of a tone, at 48 kHz."""
    frames = np.arange(number * BLOCK, (number + 1) * BLOCK)
    wave = np.sin(2 * np.pi * hertz * frames / format.rate) * 0.5 * (2 ** (8 * format.sample.bytes - 1) - 1)
    octets = wave.astype("<i4").view(np.uint8).reshape(-1, 4)[:, : format.sample.bytes]
    data = np.repeat(octets.reshape(BLOCK, 1, -1), format.channels, axis=1).tobytes()
    return FrameBlock(data, number * BLOCK, 1000 + number * BLOCK / format.rate, format, is_last)


def heard(stream: bytes, folder: Path) -> tuple[float, float]:
    """How long a stream is, in seconds, and its loudest frequency."""
    path = folder / "stream"
    path.write_bytes(stream)
    decoder = Decoder(path, 48_000)
    blocks = []
    while len(block := decoder.read(4800)):
        blocks.append(block)
    sound = np.concatenate(blocks)[:, 0]
    spectrum = np.abs(np.fft.rfft(sound))
    return len(sound) / 48_000, float(spectrum.argmax() * 48_000 / len(sound))


def streaming(url: str, coding: Coding = Coding.OPUS) -> Callable[[House], Icecast]:
    options = IcecastOptions(url, Secret("hushhush"), coding=coding, title="Town\nsquare")
    return lambda house: Icecast(options, house, lambda: 0.0)


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize(
    "format", [FORMAT, AudioFormat(48_000, 2, SampleFormat.S24_3LE), AudioFormat(96_000, 4, SampleFormat.S32_LE)]
)
def test_a_stream_is_what_sounded(server: Server, tmp_path: Path, coding: Coding, format: AudioFormat) -> None:
    house = FakeHouse(tmp_path)
    blocks = 20 * format.rate // 48_000
    with house.running(streaming(server.url, coding)(house)):
        house.sound(*(tone(number, format) for number in range(blocks)), tone(blocks, format, is_last=True))
        house.until(lambda: server.streams and not house._blocks)
    house.until(lambda: len(server.streams[0]) > 2000)
    threads = [each for each in threading.enumerate() if each.name.endswith("(_serve)")]
    for thread in threads:
        thread.join(SOON)
    seconds, hertz = heard(bytes(server.streams[0]), tmp_path)
    assert seconds == pytest.approx(2.1, abs=0.15) and hertz == pytest.approx(440, abs=2)
    [head] = server.heads
    assert head.startswith("PUT /box.ogg HTTP/1.1\r\n") and "Expect: 100-continue" in head
    assert "Authorization: Basic c291cmNlOmh1c2hodXNo\r\n" in head and "Ice-Name: Town square\r\n" in head
    assert f"Content-Type: {'audio/ogg' if coding is Coding.OPUS else 'audio/mpeg'}" in head


def test_it_begins_again_where_the_server_broke_off(server: Server, tmp_path: Path) -> None:
    house, number = FakeHouse(tmp_path), 0
    with house.running(streaming(server.url)(house)):

        def sounding(condition: Callable[[], object]) -> None:
            nonlocal number
            limit = time.monotonic() + SOON
            while not condition():
                assert time.monotonic() < limit
                house.sound(tone(number))
                number += 1
                house.until(lambda: not house._blocks)

        sounding(lambda: server.streams and len(server.streams[0]) > 3000)
        server.break_off()
        sounding(lambda: any(isinstance(event, FaultRaised) for event in house.said))
        sounding(lambda: len(server.streams) > 1 and len(server.streams[1]) > 3000)
    assert isinstance(house.said[-1], FaultCleared)
    assert bytes(server.streams[1][:4]) == b"OggS", "a stream of its own, from its head on"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "does not accept the password"),
        (b"HTTP/1.1 403 Mountpoint in use\r\n\r\n", "another source uses the mount point"),
        (b"HTTP/1.1 404\r\n\r\n", "answers 404: it has no such mount point"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n", "does not speak HTTP"),
    ],
)
def test_a_refusal_is_told_in_words(server: Server, tmp_path: Path, answer: bytes, words: str) -> None:
    server.answer, house = answer, FakeHouse(tmp_path)
    with house.running(streaming(server.url)(house)):
        house.sound(tone(0), tone(1))
        house.until(lambda: house.said)
    [raised] = [event for event in house.said if isinstance(event, FaultRaised)]
    assert words in raised.fault.message and "hushhush" not in raised.fault.message
    assert len(server.heads) == 1, "it is not asked again at once"


def test_one_that_drips_its_answer_holds_nobody_for_long(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TIMEOUT", 0.4)
    server.drips, house = True, FakeHouse(tmp_path)
    with house.running(streaming(server.url)(house)):
        house.sound(tone(0))
        house.until(lambda: house.said)
    assert isinstance(house.said[0], FaultRaised) and "cannot be reached: timed out" in house.said[0].fault.message


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    house = FakeHouse(tmp_path)
    with house.running(streaming(f"http://127.0.0.1:{port}/box.ogg")(house)):
        house.sound(tone(0))
        house.until(lambda: house.said)
    assert isinstance(house.said[0], FaultRaised) and "cannot be reached" in house.said[0].fault.message


def test_it_is_a_service(server: Server, tmp_path: Path) -> None:
    check_service(streaming(server.url), folder=tmp_path)


ICECAST = """\
<icecast>
  <limits><sources>2</sources></limits>
  <authentication>
    <source-password>hushhush</source-password>
    <admin-user>admin</admin-user><admin-password>unused</admin-password>
  </authentication>
  <hostname>localhost</hostname>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <fileserve>0</fileserve>
  <paths>
    <logdir>{folder}</logdir><webroot>/etc/icecast2/web</webroot><adminroot>/etc/icecast2/admin</adminroot>
  </paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>3</loglevel></logging>
  <security><chroot>0</chroot>{user}</security>
</icecast>
"""


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that the user may write to as whom Icecast runs, which is never root."""
    with tempfile.TemporaryDirectory(prefix="icecast-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("icecast2"), reason="Debian's icecast2 is not installed")
def test_a_listener_of_a_real_icecast_hears_it(public: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "" if os.geteuid() else "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
    config = public / "icecast.xml"
    config.write_text(ICECAST.format(port=port, folder=public, user=user))
    server = subprocess.Popen(["icecast2", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        house, number, got = FakeHouse(tmp_path), 0, bytearray()
        url = f"http://127.0.0.1:{port}/box.ogg"

        def listen() -> None:
            with urllib.request.urlopen(url, timeout=SOON) as answer:
                while len(got) < 20_000 and (data := answer.read(1000)):
                    got.extend(data)

        log = public / "error.log"
        house.until(lambda: log.exists() and "server started" in log.read_text())
        time.sleep(0.5)  # Icecast 2.4.4 crashes now and then when it is called while its threads begin
        with house.running(streaming(url)(house)):
            house.sound(*(tone(number) for number in range(10)))
            house.until(lambda: not house._blocks)
            assert not house.said, house.said
            listener = threading.Thread(target=listen, daemon=True)
            listener.start()
            number = 10
            limit = time.monotonic() + 2 * SOON
            while listener.is_alive():
                assert time.monotonic() < limit
                house.sound(tone(number))
                number += 1
                house.until(lambda: not house._blocks)
                time.sleep(0.01)
        assert heard(bytes(got[: got.rindex(b"OggS")]), tmp_path)[1] == pytest.approx(440, abs=3)
    finally:
        server.terminate()
        server.wait(SOON)
