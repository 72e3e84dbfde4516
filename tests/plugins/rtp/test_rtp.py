"""Live sound as RTP: what arrives is what sounded, for a parser of RFC 3550 here and for the receiver of FFmpeg."""

import socket
import struct
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from appliance_rtp.options import RtpOptions, is_near
from appliance_rtp.packets import MOST, Packets, description, payload_type
from appliance_rtp.reports import EVERY
from appliance_rtp.service import BLOCK, SDP, Rtp
from attrs import evolve, frozen

from appliance.events import FaultCleared, FaultRaised
from appliance.models import AudioFormat, SampleFormat
from appliance.plugin import FrameBlock
from appliance.testing.services import FakeHouse, check_service

FORMAT = AudioFormat(48_000, 2)


@frozen
class Packet:
    """One of RFC 3550, without what it does not use here."""

    kind: int
    mark: bool
    number: int
    at: int
    source: int
    sound: bytes

    @classmethod
    def of(cls, data: bytes) -> "Packet":
        first, second, number, at, source = struct.unpack("!BBHII", data[:12])
        assert first == 2 << 6, "version 2, without padding, extension or contributors"
        return cls(second & 127, bool(second >> 7), number, at, source, data[12:])


def noise(number: int, format: AudioFormat = FORMAT, *, is_last: bool = False, dropped: int = 0) -> FrameBlock:
    samples = np.random.default_rng(number).integers(-32_768, 32_768, (BLOCK, format.channels), np.int16)
    wide = samples if format.sample is SampleFormat.S16_LE else samples.astype("<i4") << 16
    data = wide.tobytes()
    return FrameBlock(data, number * BLOCK, 1000 + number * BLOCK / format.rate, format, is_last, dropped)


@pytest.fixture
def ears() -> Iterator[tuple[socket.socket, socket.socket]]:
    """At two neighbouring ports: for sound, and for what is told of it."""
    for _ in range(100):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as beside,
        ):
            found.bind(("127.0.0.1", 0))
            try:
                beside.bind(("127.0.0.1", found.getsockname()[1] + 1))
            except (OSError, OverflowError):  # somebody else's
                continue
            for each in (found, beside):
                each.settimeout(20)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            yield found, beside
            return


@pytest.fixture
def receiver(ears: tuple[socket.socket, socket.socket]) -> socket.socket:
    return ears[0]


def options(receiver: socket.socket) -> RtpOptions:
    return RtpOptions("127.0.0.1", receiver.getsockname()[1])


@pytest.mark.parametrize(
    "format",
    [FORMAT, AudioFormat(44_100, 1), AudioFormat(48_000, 1, SampleFormat.S32_LE), AudioFormat(16_000, 8)],
    ids=str,
)
def test_what_arrives_is_what_sounded(format: AudioFormat, receiver: socket.socket, tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    blocks = [noise(number, format) for number in range(2)]
    whole = b"".join(np.frombuffer(block.data, "<i2").astype(">i2").tobytes() for block in blocks)
    if format.sample is not SampleFormat.S16_LE:
        whole = b"".join((np.frombuffer(block.data, "<i4") >> 16).astype(">i2").tobytes() for block in blocks)
    packets: list[Packet] = []
    with house.running(Rtp(options(receiver), house)):
        house.sound(*blocks)
        while sum(len(packet.sound) for packet in packets) < len(whole):
            packets.append(Packet.of(receiver.recv(2048)))
    assert house.wanted == [(BLOCK, True)]
    assert b"".join(packet.sound for packet in packets) == whole
    assert [packet.mark for packet in packets] == [True] + [False] * (len(packets) - 1)
    assert {packet.kind for packet in packets} == {payload_type(format)}
    assert len({packet.source for packet in packets}) == 1
    frame = 2 * format.channels
    for before, after in pairwise(packets):
        assert len(before.sound) <= MOST
        assert (after.number - before.number) % (1 << 16) == 1
        assert (after.at - before.at) % (1 << 32) == len(before.sound) // frame


def test_what_was_lost_is_missing_in_the_times(receiver: socket.socket) -> None:
    packets = Packets(FORMAT)
    first = [Packet.of(each) for each in packets.of(noise(0))]
    later = [Packet.of(each) for each in packets.of(noise(3, dropped=2 * BLOCK))]
    assert (later[0].at - first[0].at) % (1 << 32) == 3 * BLOCK and later[0].mark
    assert (later[0].number - first[-1].number) % (1 << 16) == 1


def test_a_player_is_told_what_comes_and_of_another_format_anew(receiver: socket.socket, tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    sdp = house.folder / SDP
    with house.running(Rtp(options(receiver), house)):
        house.sound(noise(0, is_last=True))
        house.until(lambda: sdp.exists() and "L16/48000/2" in sdp.read_text())
        house.sound(noise(0, AudioFormat(44_100, 1)))
        house.until(lambda: "rtpmap:11 L16/44100/1" in sdp.read_text())
    assert f"m=audio {receiver.getsockname()[1]} RTP/AVP 11\r\n" in sdp.read_bytes().decode()
    assert "c=IN IP4 239.1.2.3/1\r\n" in description(FORMAT, "239.1.2.3", 5004, "x")
    assert "c=IN IP6 fd00::1\r\n" in description(FORMAT, "fd00::1", 5004, "x\ny")


def test_a_network_that_is_away_is_told_until_it_is_back(
    receiver: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, away = FakeHouse(tmp_path), threading.Event()
    away.set()

    class Cut(socket.socket):
        def sendto(self, data: bytes, address: tuple[str, int]) -> int:  # type: ignore[override]
            if away.is_set():
                raise OSError(101, "Network is unreachable")
            return super().sendto(data, address)

    monkeypatch.setattr("appliance_rtp.service.socket.socket", Cut)
    with house.running(Rtp(options(receiver), house)):
        house.sound(noise(0))
        house.until(lambda: any(isinstance(event, FaultRaised) for event in house.said))
        away.clear()
        house.sound(noise(1))
        house.until(lambda: isinstance(house.said[-1], FaultCleared))


def test_a_disk_that_refuses_keeps_no_sound_back(receiver: socket.socket, tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    sdp = house.folder / SDP
    sdp.mkdir()
    with house.running(Rtp(options(receiver), house)):
        house.sound(noise(0), noise(1))
        assert Packet.of(receiver.recv(2048)).sound
        house.until(lambda: any(isinstance(event, FaultRaised) for event in house.said))
        assert "cannot be written: Is a directory" in str(house.said[-1])
        sdp.rmdir()
        house.sound(noise(60 * 25))
        house.until(lambda: isinstance(house.said[-1], FaultCleared))
    assert "L16/48000/2" in sdp.read_text()


def test_what_a_power_cut_left_is_written_anew(receiver: socket.socket, tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    sdp = house.folder / SDP
    sdp.write_bytes(b"\xff\x00")
    with house.running(Rtp(options(receiver), house)):
        house.sound(noise(0))
        house.until(lambda: b"L16/48000/2" in sdp.read_bytes())


def test_nobody_who_listens_is_nothing_wrong(tmp_path: Path) -> None:
    house = FakeHouse(tmp_path)
    with house.running(Rtp(RtpOptions("127.0.0.1", 1025), house)):
        house.sound(*(noise(number) for number in range(3)))
        house.until(lambda: (house.folder / SDP).exists())
    assert not [event for event in house.said if isinstance(event, FaultRaised)]


@pytest.mark.parametrize("address", ["192.168.1.20", "10.0.0.7", "239.20.20.20", "fd00::1", "fe80::1", "127.0.0.1"])
def test_what_is_near(address: str) -> None:
    assert is_near(ip_address(address))


@pytest.mark.parametrize(
    ("address", "said"), [("8.8.8.8", "not in your own network"), ("radio.example.org", "is no address")]
)
def test_sound_does_not_leave_the_house_in_the_clear(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RtpOptions(address)


def reports(data: bytes) -> tuple[int, int, int, int, int, bytes]:
    """A compound packet as RFC 3550 wants it: source, NTP time, RTP time, packets, bytes, CNAME."""
    first, kind, length, source, ntp, at, packets, octets = struct.unpack("!BBHIQIII", data[:28])
    assert (first, kind, length) == (2 << 6, 200, 6)
    first, kind, length = struct.unpack("!BBH", data[28:32])
    assert (first, kind, 4 * length) == (2 << 6 | 1, 202, len(data) - 32)
    of, item, size = struct.unpack("!IBB", data[32:38])
    assert of == source and item == 1 and not data[38 + size :].strip(b"\0") and data[38 + size :]
    return source, ntp, at, packets, octets, data[38 : 38 + size]


def test_players_are_told_which_moment_they_hear(ears: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    receiver, beside = ears
    house = FakeHouse(tmp_path)
    now = house.now()
    begin = now.monotonic_ns // 10**9 - 2  # so long ago it sounded
    blocks = [evolve(noise(number), at=begin + number * BLOCK / 48_000) for number in (0, 1, 2, 125, 126)]
    with house.running(Rtp(options(receiver), house)):
        house.sound(*blocks)
        first = Packet.of(receiver.recv(2048))
        source, ntp, at, packets, octets, name = reports(beside.recv(2048))
        assert (source, at, octets, name) == (first.source, first.at, BLOCK * 4, b"service@box")
        assert packets == -(-BLOCK * 4 // MOST)
        wall = (now.wall_ns - now.monotonic_ns) / 1e9 + begin
        assert ntp / (1 << 32) - 2_208_988_800 == pytest.approx(wall, abs=1e-3, rel=0)
        _, later, at, _, octets, _ = reports(beside.recv(2048))
        assert (at - first.at) % (1 << 32) == 125 * BLOCK and octets == 4 * BLOCK * 4, "not after each block"
        assert (later - ntp) / (1 << 32) == pytest.approx(125 * BLOCK / 48_000, abs=1e-6)


@pytest.mark.slow
def test_the_receiver_of_ffmpeg_hears_it(ears: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    """Whose players are ffplay, mpv and VLC."""
    av = pytest.importorskip("av")
    port = ears[0].getsockname()[1]
    for each in ears:
        each.close()
    house, heard = FakeHouse(tmp_path), threading.Event()
    tone = (np.sin(np.arange(BLOCK) * 2 * np.pi * 1000 / 48_000) * 16_000).astype("<i2")
    data = np.repeat(tone[:, np.newaxis], 2, axis=1).tobytes()
    (tmp_path / "ear.sdp").write_text(description(FORMAT, "127.0.0.1", port, "box"))
    now, begin = house.now(), house.now().monotonic_ns // 10**9
    wall = (now.wall_ns - now.monotonic_ns) / 1e9 + begin

    def send() -> None:
        number = 0
        while not heard.wait(0.01):
            house.sound(FrameBlock(data, number * BLOCK, begin + number * BLOCK / 48_000, FORMAT, is_last=False))
            number += 1

    with house.running(Rtp(RtpOptions("127.0.0.1", port), house)):
        sender = threading.Thread(target=send)
        sender.start()
        try:
            whitelist = {"protocol_whitelist": "file,udp,rtp", "analyzeduration": "100000"}
            with av.open(str(tmp_path / "ear.sdp"), options=whitelist, timeout=20) as stream:
                frames = (frame for frame in stream.decode(audio=0) if stream.start_time_realtime)
                frame = next(frames)
                told = stream.start_time_realtime / 1e6 - wall
        finally:
            heard.set()
            sender.join()
    assert (frame.sample_rate, frame.layout.nb_channels) == (48_000, 2)
    assert 12_000 < np.abs(frame.to_ndarray()).max() <= 16_000
    assert (told + 1) % EVERY == pytest.approx(1, abs=BLOCK / 48_000), "it knows which moment it hears"


def test_the_contract_is_kept(tmp_path: Path) -> None:
    check_service(lambda house: Rtp(RtpOptions("127.0.0.1", 1025), house), folder=tmp_path)
