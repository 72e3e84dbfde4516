"""Device words on trees of /proc and /sys as a Raspberry Pi 4 has them."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path, PosixPath

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.alsa import AlsaCards
from appliance.audio.devices import Devices, abilities
from appliance.audio.ports import Card, Direction
from appliance.audio.recorder import Recorder
from appliance.clock import SystemClock
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.errors import DeviceBusy, DeviceNotFound
from appliance.events import Command, Event, FaultCleared, FaultRaised, TakeSealed, TakeStarted
from appliance.models import AudioFormat
from appliance.simulation.sound import stretches
from appliance.vitals import Vitals

CAPTURE, PLAYBACK = Direction.CAPTURE, Direction.PLAYBACK
PI_USB = "devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1"


@frozen
class Plugged:
    """A card to put into the tree; `pcms` are its PCM folders, `port` its USB port or empty."""

    id: str
    name: str
    pcms: Sequence[str]
    port: str = ""

    @property
    def long_name(self) -> str:
        if not self.port:
            return self.name
        return f"Generic Maker {self.name} at usb-0000:01:00.0-{self.port.partition('-')[2]}, full speed"


HDMI_0 = Plugged("vc4hdmi0", "vc4-hdmi-0", ["pcm0p"])
HDMI_1 = Plugged("vc4hdmi1", "vc4-hdmi-1", ["pcm0p"])
MICROPHONE = Plugged("Microphone", "USB PnP Microphone", ["pcm0c"], "1-1.1")
DONGLE = Plugged("Device", "USB Audio Device", ["pcm0p", "pcm0c"], "1-1.2")
SECOND_DONGLE = Plugged("Device_1", "USB Audio Device", ["pcm0p", "pcm0c"], "1-1.4")
DAC = Plugged("DAC", "USB DAC", ["pcm0p", "pcm1p"], "1-1.3")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def tree(root: Path, *cards: Plugged) -> Devices:
    """Lay out /proc/asound and /sys/class/sound as the kernel does."""
    proc, sys = root / "proc", root / "sys"
    (proc / "asound").mkdir(parents=True)
    (sys / "class/sound").mkdir(parents=True)
    lines = []
    for index, card in enumerate(cards):
        driver = "USB-Audio" if card.port else "vc4-hdmi"
        lines.append(f"{index:2} [{card.id:<15}]: {driver} - {card.name}\n{'':22}{card.long_name}\n")
        for pcm in card.pcms:
            (proc / f"asound/card{index}" / pcm / "sub0").mkdir(parents=True)
            (proc / f"asound/card{index}" / pcm / "sub0/status").write_text("closed\n")
        parent = f"{PI_USB}/{card.port}/{card.port}:1.0" if card.port else "devices/platform/soc/fef00700.hdmi"
        device = sys / parent / f"sound/card{index}"
        device.mkdir(parents=True)
        (device / "device").symlink_to(sys / parent)
        (sys / f"class/sound/card{index}").symlink_to(device)
    (proc / "asound/cards").write_text("".join(lines) or "--- no soundcards ---\n")
    return Devices(proc, sys)


def lay_out_anew(root: Path, *cards: Plugged) -> None:
    """As if cards had been unplugged, and others plugged in."""
    shutil.rmtree(root / "proc")
    shutil.rmtree(root / "sys")
    tree(root, *cards)


def test_usb_is_the_first_usb_card_that_can_do_the_direction(root: Path) -> None:
    devices = tree(root, HDMI_0, HDMI_1, DAC, MICROPHONE, DONGLE)
    assert devices.pcm_name("usb", CAPTURE) == "hw:CARD=3,DEV=0"
    assert devices.pcm_name("usb", PLAYBACK) == "hw:CARD=2,DEV=0"
    assert devices.present("usb", CAPTURE)


@pytest.mark.parametrize("direction", Direction)
def test_usb_never_falls_back_to_another_kind_of_card(root: Path, direction: Direction) -> None:
    devices = tree(root, HDMI_0, HDMI_1)
    assert not devices.present("usb", direction)
    with pytest.raises(DeviceNotFound) as caught:
        devices.pcm_name("usb", direction)
    noun = {CAPTURE: "microphone", PLAYBACK: "speaker"}[direction]
    assert str(caught.value) == (
        f"{noun} 'usb' not found: no USB sound card is plugged in. "
        f"Plug one in, or run `appliance devices` and set audio.{direction}.device"
    )


def test_card_without_the_direction_is_named(root: Path) -> None:
    devices = tree(root, HDMI_0, MICROPHONE)
    with pytest.raises(
        DeviceNotFound, match=r"speaker 'usb' not found: the USB sound card 'USB PnP Mic.*has no output"
    ):
        devices.pcm_name("usb", PLAYBACK)
    with pytest.raises(DeviceNotFound, match="has no output"):
        devices.pcm_name("usb:Microphone", PLAYBACK)


@pytest.mark.parametrize("name", ["Device", "USB Audio Device", "usb audio", "at usb-0000:01:00.0-1.2"])
def test_usb_card_by_name(root: Path, name: str) -> None:
    devices = tree(root, HDMI_0, MICROPHONE, DONGLE)
    assert devices.pcm_name(f"usb:{name}", CAPTURE) == "hw:CARD=2,DEV=0"


def test_name_of_no_card_is_not_found(root: Path) -> None:
    devices = tree(root, HDMI_0, MICROPHONE)
    for name in ("Device", "vc4hdmi0"):
        assert not devices.present(f"usb:{name}", CAPTURE)
        with pytest.raises(DeviceNotFound, match=f"no USB sound card is called '{name}'"):
            devices.pcm_name(f"usb:{name}", CAPTURE)


def test_equal_cards_are_told_apart_by_id_or_port_but_not_by_name(root: Path) -> None:
    devices = tree(root, DONGLE, SECOND_DONGLE)
    assert devices.pcm_name("usb:Device", CAPTURE) == "hw:CARD=0,DEV=0"
    assert devices.pcm_name("usb:Device_1", CAPTURE) == "hw:CARD=1,DEV=0"
    assert devices.pcm_name("usb-path:1-1.2", CAPTURE) == "hw:CARD=0,DEV=0"
    assert devices.pcm_name("usb-path:1-1.4", CAPTURE) == "hw:CARD=1,DEV=0"
    with pytest.raises(DeviceNotFound, match="2 USB sound cards are called 'USB Audio Device'"):
        devices.pcm_name("usb:USB Audio Device", CAPTURE)


def test_port_stays_the_same_when_the_numbers_change(root: Path) -> None:
    before = tree(root / "before", HDMI_0, DONGLE, SECOND_DONGLE)
    after = tree(root / "after", SECOND_DONGLE, HDMI_0, DONGLE)
    assert before.pcm_name("usb-path:1-1.4", CAPTURE) == "hw:CARD=2,DEV=0"
    assert after.pcm_name("usb-path:1-1.4", CAPTURE) == "hw:CARD=0,DEV=0"
    with pytest.raises(DeviceNotFound, match=r"no USB sound card is plugged into port 1-1\.3"):
        after.pcm_name("usb-path:1-1.3", CAPTURE)


@pytest.mark.parametrize("word", ["hw:{},0", "plughw:{}", "hw:CARD={},DEV=0", "dsnoop:CARD={}"])
def test_a_number_follows_its_card(root: Path, word: str) -> None:
    devices, asked = tree(root, HDMI_0, DONGLE), word.format(1)
    assert devices.present(asked, CAPTURE) and devices.pcm_name(asked, CAPTURE) == asked
    lay_out_anew(root, HDMI_0)
    assert not devices.present(asked, CAPTURE)
    lay_out_anew(root, HDMI_0, MICROPHONE, DONGLE)
    assert devices.present(asked, CAPTURE) and devices.pcm_name(asked, CAPTURE) == word.format(2)
    lay_out_anew(root, HDMI_0, MICROPHONE)
    assert devices.pcm_name(asked, CAPTURE) == asked, "another card was plugged in in its place"


def test_other_words_are_pcm_names(root: Path) -> None:
    devices = tree(root, HDMI_0, DONGLE)
    for word in ("default", "hw:1,0", "testcard:/some/where,50", "usbstream"):
        assert devices.pcm_name(word, CAPTURE) == word


@pytest.mark.parametrize(
    ("word", "direction", "there"),
    [
        ("hw:1,0", CAPTURE, True),
        ("hw:Device", CAPTURE, True),
        ("plughw:CARD=Device,DEV=0", PLAYBACK, True),
        ("sysdefault:CARD=vc4hdmi0", PLAYBACK, True),
        ("hw:0", CAPTURE, False),
        ("hw:2,0", CAPTURE, False),
        ("plughw:CARD=Gone,DEV=0", CAPTURE, False),
        ("default", CAPTURE, True),
        ("testcard:/some/where", CAPTURE, True),
    ],
)
def test_presence_of_a_pcm_name(root: Path, word: str, direction: Direction, there: bool) -> None:
    assert tree(root, HDMI_0, DONGLE).present(word, direction) is there


def test_presence_follows_what_the_kernel_lists(root: Path) -> None:
    devices = tree(root, HDMI_0, MICROPHONE)
    assert all(devices.present("usb", CAPTURE) and not devices.present("usb", PLAYBACK) for _ in range(3))
    listing = root / "proc/asound/cards"
    before = listing.read_text()
    listing.write_text(before.splitlines(keepends=True)[0] + f"{'':22}vc4-hdmi-0\n")
    assert not devices.present("usb", CAPTURE)
    listing.write_text(before)
    assert devices.present("usb", CAPTURE)


def test_words_lead_back_to_their_card(root: Path) -> None:
    devices = tree(root, HDMI_0, MICROPHONE, DONGLE, SECOND_DONGLE)
    words = [devices.words(card) for card in devices.cards()]
    assert words == [
        ("hw:CARD=vc4hdmi0,DEV=0", "plughw:CARD=vc4hdmi0,DEV=0"),
        ("usb-path:1-1.1", "usb:Microphone", "usb"),
        ("usb-path:1-1.2", "usb:Device"),
        ("usb-path:1-1.4", "usb:Device_1"),
    ]
    for card, (*usb_words, _) in zip(devices.cards()[1:], words[1:], strict=True):
        assert {devices.pcm_name(word, CAPTURE) for word in usb_words} == {card.pcm_name(CAPTURE)}


def test_holder_is_the_program_that_has_the_card_open(root: Path) -> None:
    devices = tree(root, HDMI_0, DONGLE)
    assert devices.holder("usb", CAPTURE) == ""
    status = root / "proc/asound/card1/pcm0c/sub0/status"
    status.write_text("state: RUNNING\nowner_pid   : 4321\ntrigger_time: 1\n")
    assert devices.holder("usb", CAPTURE) == ""
    (root / "proc/4321").mkdir()
    (root / "proc/4321/comm").write_text("arecord\n")
    assert devices.holder("usb", CAPTURE) == devices.holder("hw:1,0", CAPTURE) == "arecord"
    assert devices.holder("default", CAPTURE) == ""
    assert devices.holder("hw:0", CAPTURE) == ""


def test_machine_without_sound(root: Path) -> None:
    assert tree(root).cards() == ()
    assert Devices(root / "nothing", root / "nothing").cards() == ()


printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40).map(str.strip)


@pytest.mark.slow
@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True), printable), max_size=8))
def test_every_card_of_the_list_is_found(
    tmp_path_factory: pytest.TempPathFactory, cards: list[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    devices = tree(root, *(Plugged(id, name, ["pcm0c"]) for id, name in cards if name))
    assert [(card.id, card.name, card.long_name) for card in devices.cards()] == [
        (id, name, name) for id, name in cards if name
    ]


@pytest.mark.parametrize(
    ("rates", "channels", "formats", "words"),
    [
        ([44_100, 48_000], [1], ["S16_LE"], "44100, 48000 Hz; 1 channel; S16_LE"),
        ((8_000, 192_000), [1, 2], ["S32_LE", "S16_LE", "U8"], "8000 to 192000 Hz; 1 to 2 channels; S16_LE, S32_LE"),
        (48_000, [2], ["IEC958"], "48000 Hz; 2 channels; no sample format that the appliance knows"),
    ],
)
def test_abilities_in_words(
    rates: int | tuple[int, int] | list[int], channels: list[int], formats: list[str], words: str
) -> None:
    assert abilities(rates, channels, dict.fromkeys(formats, 0)) == words


@pytest.fixture
def usb_test_card(root: Path, alsa_config: Path, test_card: Path, monkeypatch: pytest.MonkeyPatch) -> Devices:
    """A tree with one USB card, and an ALSA whose `hw:` is the test card."""
    hw = root / "hw.conf"
    hw.write_text(
        "pcm.hw { @args [ CARD DEV ] @args.CARD { type string } @args.DEV { type integer }"
        f' type testcard directory "{test_card}" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.pathsep.join((str(alsa_config), str(hw))))
    return tree(root, HDMI_0, DONGLE)


def test_usb_card_is_opened_by_its_word(usb_test_card: Devices) -> None:
    capture = AlsaCards(usb_test_card).open_capture("usb", AudioFormat(48_000, 2), 0.02, 1.0)
    length, data = capture.read()
    capture.close()
    assert length == 960
    assert len(stretches(data, AudioFormat(48_000, 2))) == 1


def test_cards_say_what_they_can_do_and_stay_free(usb_test_card: Devices) -> None:
    cards = AlsaCards(usb_test_card)
    everything = "8000 to 192000 Hz; 1 to 2 channels; S16_LE, S24_3LE, S32_LE"
    shown = Card("USB Audio Device", ("usb-path:1-1.2", "usb:Device", "usb"), everything, everything)
    for _ in range(3):
        assert cards.cards()[1] == shown
    assert cards.cards()[0].capture == "none"


def test_cards_say_who_holds_them(root: Path, usb_test_card: Devices) -> None:
    cards = AlsaCards(usb_test_card)
    capture = cards.open_capture("usb", AudioFormat(), 0.02, 1.0)
    (root / "proc/asound/card1/pcm0c/sub0/status").write_text("owner_pid   : 4321\n")
    (root / "proc/4321").mkdir()
    (root / "proc/4321/comm").write_text("appliance\n")
    assert cards.cards()[1].capture == "in use by appliance"
    with pytest.raises(DeviceBusy, match="microphone 'usb' is in use by appliance"):
        cards.open_capture("usb", AudioFormat(), 0.02, 1.0)
    capture.close()
    assert cards.cards()[1].capture != "in use by appliance"


@pytest.mark.slow
@pytest.mark.parametrize("word", ["usb:Device", "hw:CARD=1,DEV=0"])
def test_a_take_goes_on_with_a_card_that_comes_back_under_another_number(
    root: Path, alsa_config: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    hw = root / "hw.conf"
    hw.write_text(
        "pcm.hw { @args [ CARD DEV ] @args.CARD { type string } @args.DEV { type integer }"
        f' type testcard directory {{ @func concat strings [ "{root}/card-" $CARD ] }} }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.pathsep.join((str(alsa_config), str(hw))))
    for number in (1, 2):
        (root / f"card-{number}").mkdir()
    clock, posted = SystemClock(), list[Command | Event]()
    recorder = Recorder(
        AlsaCards(tree(root, HDMI_0, DONGLE)),
        CaptureSettings(device=word),
        RecordingSettings(),
        root / "takes",
        "box",
        clock,
        posted.append,
        Vitals(clock),
    )

    def comes(kind: type[Event], name: str = "") -> Event:
        for _ in range(1000):
            for event in posted:
                fault = getattr(event, "fault", event)
                if isinstance(event, kind) and (not name or getattr(fault, "name", "") == name):
                    return event
            time.sleep(0.01)
        raise TimeoutError(f"no {kind.__name__}: {posted}")

    recorder.start("take000001", clock.monotonic())
    comes(TakeStarted)
    (root / "card-1/unplugged").touch()
    lay_out_anew(root, HDMI_0)
    comes(FaultRaised, "microphone")
    (root / "card-1/capture.lock").unlink()
    lay_out_anew(root, HDMI_0, MICROPHONE, DONGLE)
    (root / "card-1/unplugged").unlink()
    comes(FaultCleared, "microphone")
    recorder.stop(clock.monotonic())
    sealed = comes(TakeSealed)
    recorder.close()
    assert isinstance(sealed, TakeSealed) and len(sealed.clip.gaps) == 1
    assert (root / "card-2/capture.lock").exists(), "the card is under another number"
    assert not (root / "card-1/capture.lock").exists(), "what has its number now is another card"


@pytest.mark.parametrize("word", ["default", "pulse", "pipewire", "jack", "pulse:alsa_input"])
def test_sound_servers_are_known_by_name(word: str) -> None:
    assert Devices().behind_server(word)


@pytest.mark.parametrize(
    "word",
    [
        "usb",
        "usb:Device",
        "usb-path:1-1.2",
        "hw:0",
        "plughw:1,0",
        "hw:CARD=DAC,DEV=0",
        "default:CARD=DAC",
        "testcard:/x",
    ],
)
def test_a_card_that_is_named_is_no_sound_server(word: str) -> None:
    assert not Devices().behind_server(word)


class Vanished(PosixPath):
    """Folders that were there a moment ago."""

    def is_dir(self) -> bool:
        return True


def test_a_card_that_vanishes_while_it_is_looked_at_is_not_there(root: Path) -> None:
    tree(root, MICROPHONE)
    shutil.rmtree(root / "proc/asound/card0")
    assert not Devices(Vanished(root / "proc"), root / "sys").present("usb", Direction.CAPTURE)


# -- what a card is known by


def test_a_card_is_known_by_the_same_whatever_its_number_and_its_port(tmp_path: Path) -> None:
    first, later = tree(tmp_path / "a", HDMI_0, MICROPHONE), tree(tmp_path / "b", MICROPHONE, DONGLE, HDMI_0)
    for root, index in (("a", 1), ("b", 0)):
        (tmp_path / root / f"proc/asound/card{index}/usbid").write_text("0d8c:0014\n")
    assert first.identity("usb") == later.identity("usb:Microphone") == "0d8c:0014 USB PnP Microphone"
    assert first.identity("plughw:CARD=Microphone,DEV=0") == first.identity("usb")
    assert later.identity("usb:Device") != later.identity("usb:Microphone")
    assert first.identity("usb:Device") == "" and first.identity("default") == "default"


def test_the_mixer_is_that_of_the_card(root: Path) -> None:
    devices = tree(root, HDMI_0, MICROPHONE)
    assert devices.mixer_name("usb", Direction.CAPTURE) == "hw:1"
    assert devices.mixer_name("plughw:CARD=Microphone,DEV=0", Direction.CAPTURE) == "hw:1"
    assert devices.mixer_name("pulse", Direction.CAPTURE) == "pulse"
