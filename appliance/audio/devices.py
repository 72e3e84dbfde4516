"""Device words: which sound card a word of the configuration means, by what the kernel shows in /proc and /sys.

usb             the first USB card that can do the wanted direction, never any other kind of card
usb:NAME        the USB card with that id, name or part of its long name, as `/proc/asound/cards` shows them
usb-path:1-1.2  the card plugged into that USB port; stays the same over reboots and for equal cards
anything else   the name of an ALSA PCM, as `arecord -L` shows them; `default`, `pulse`, `pipewire` and `jack` are
                taken for sound servers, which lose sound without a word. A card that is named by its number is meant
                under whatever number it comes back
"""

import errno
import re
from collections.abc import Mapping
from pathlib import Path

from appliance.audio.ports import Direction
from appliance.errors import DeviceLost, DeviceNotFound
from appliance.models import SampleFormat
from appliance.values import frozen

NOUNS = {Direction.CAPTURE: "microphone", Direction.PLAYBACK: "speaker"}
"""What a device of each direction is called in messages."""

_SIDES = {Direction.CAPTURE: "input", Direction.PLAYBACK: "output"}
_PCM_FOLDERS = {Direction.CAPTURE: "pcm*c", Direction.PLAYBACK: "pcm*p"}

_CARD_LINES = re.compile(r"^ *(\d+) \[(\S+) *\]: .*? - (.*)\n +(.*)$", re.MULTILINE)
_USB_INTERFACE = re.compile(r"(\d+-\d+(?:\.\d+)*):\d+\.\d+")
_SERVERS = ("default", "pulse", "pipewire", "jack")
_CARD_IN_PCM_NAME = re.compile(r"[:,]CARD=([^,]+)|^(?:plug)?hw:([^,=]+)(?:,|$)")


@frozen
class SystemCard:
    """A card of the system; `devices` holds its first PCM device number for each direction that it can do."""

    index: int
    id: str
    name: str
    long_name: str
    usb_port: str
    """The path of the USB port it is plugged into, empty for other cards."""
    devices: Mapping[Direction, int]

    def is_same(self, other: "SystemCard") -> bool:
        """Whether it is that card, which may have come back under another number."""
        return (self.id, self.usb_port) == (other.id, other.usb_port)

    def pcm_name(self, direction: Direction) -> str:
        """The ALSA name that opens it without any conversion."""
        return f"hw:CARD={self.index},DEV={self.devices[direction]}"


def goes_by_number(word: str) -> bool:
    """Whether the word names a card by its number alone, which may be another card's after the next start."""
    match = _CARD_IN_PCM_NAME.search(word)
    return match is not None and (match[1] or match[2]).isdecimal()


class Devices:
    """The sound cards of the system, looked up afresh at every call."""

    def __init__(self, proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> None:
        self._proc = proc
        self._sys = sys
        self._found: dict[tuple[str, Direction], str] = {}
        self._numbered: dict[str, SystemCard] = {}

    def cards(self) -> tuple[SystemCard, ...]:
        """Every card, in the order of the system."""
        return tuple(
            SystemCard(int(index), id, name, long_name, self._usb_port(index), self._pcm_devices(index))
            for index, id, name, long_name in _CARD_LINES.findall(self._listing())
        )

    def _listing(self) -> str:
        try:
            return (self._proc / "asound/cards").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def pcm_name(self, word: str, direction: Direction) -> str:
        """The ALSA name that `word` means. Raises DeviceNotFound where it means a USB card that is not there."""
        if _is_usb(word):
            return self._usb_card(word, direction).pcm_name(direction)
        named, card = _CARD_IN_PCM_NAME.search(word), self._named_card(word)
        if named is None or card is None or card.id in named.groups():
            return word
        begin, end = named.span(1 if named[1] else 2)
        return f"{word[:begin]}{card.index}{word[end:]}"

    def present(self, word: str, direction: Direction) -> bool:
        """Whether the card is there; of an ALSA name that does not tell its card, nothing else can be assumed.

        Cheap while the kernel lists the same cards as when it was found: this is asked all the time.
        """
        if not (_is_usb(word) or _CARD_IN_PCM_NAME.search(word)):
            return True
        listing = self._listing()
        if self._found.get((word, direction)) == listing:
            return True
        if not self._is_there(word, direction):
            return False
        self._found[word, direction] = listing
        return True

    def _is_there(self, word: str, direction: Direction) -> bool:
        if _is_usb(word):
            try:
                self._usb_card(word, direction)
            except DeviceNotFound:
                return False
            return True
        card = self._named_card(word)
        return card is not None and direction in card.devices

    def identity(self, word: str) -> str:
        """What the microphone's card is known by wherever it is plugged in; of a name that tells no card, the name."""
        card = self._card(word, Direction.CAPTURE)
        if card is None:
            return "" if _is_usb(word) else word
        try:
            usb = (self._proc / f"asound/card{card.index}/usbid").read_text().strip()
        except OSError:
            usb = card.id
        return f"{usb} {card.name}"

    def mixer_name(self, word: str, direction: Direction) -> str:
        """What ALSA calls the mixer of the card of that microphone or speaker."""
        card = self._card(word, direction)
        return f"hw:{card.index}" if card else word

    def _card(self, word: str, direction: Direction) -> SystemCard | None:
        try:
            return self._usb_card(word, direction) if _is_usb(word) else self._named_card(word)
        except DeviceNotFound:
            return None

    def behind_server(self, word: str) -> bool:
        """Whether a sound server may be between us and the card: where the name is a server's and tells no card."""
        return word.partition(":")[0] in _SERVERS and not _CARD_IN_PCM_NAME.search(word)

    def words(self, card: SystemCard) -> tuple[str, ...]:
        """The words that choose the card, the most stable first."""
        if not card.usb_port:
            devices = sorted(set(card.devices.values()))
            return tuple(f"{kind}:CARD={card.id},DEV={device}" for device in devices for kind in ("hw", "plughw"))
        by_itself = card.devices and all(self.pcm_name("usb", way) == card.pcm_name(way) for way in card.devices)
        return (f"usb-path:{card.usb_port}", f"usb:{card.id}", *(["usb"] if by_itself else []))

    def holder(self, word: str, direction: Direction) -> str:
        """The program that has the card open, where that can be told; else empty."""
        card = self._usb_card(word, direction) if _is_usb(word) else self._named_card(word)
        if card is None or direction not in card.devices:
            return ""
        folder = _PCM_FOLDERS[direction].replace("*", str(card.devices[direction]))
        status = self._proc / f"asound/card{card.index}" / folder / "sub0/status"
        try:
            owner = re.search(r"owner_pid *: (\d+)", status.read_text())
            return (self._proc / owner[1] / "comm").read_text().strip() if owner else ""
        except OSError:
            return ""

    def _usb_port(self, index: str) -> str:
        interface = (self._sys / f"class/sound/card{index}/device").resolve().name
        match = _USB_INTERFACE.fullmatch(interface)
        return match[1] if match else ""

    def _pcm_devices(self, index: str) -> dict[Direction, int]:
        folder = self._proc / f"asound/card{index}"
        try:
            found = {way: [int(path.name[3:-1]) for path in folder.glob(glob)] for way, glob in _PCM_FOLDERS.items()}
        except FileNotFoundError:  # it was unplugged at this very moment
            return {}
        return {way: min(numbers) for way, numbers in found.items() if numbers}

    def _named_card(self, word: str) -> SystemCard | None:
        match = _CARD_IN_PCM_NAME.search(word)
        if match is None:
            return None
        named, cards = match[1] or match[2], self.cards()
        if card := next((card for card in cards if named == card.id), None):
            return card
        before = self._numbered.get(word)
        moved = next((card for card in cards if before is not None and card.is_same(before)), None)
        if card := moved or next((card for card in cards if named == str(card.index)), None):
            self._numbered[word] = card
        return card

    def _usb_card(self, word: str, direction: Direction) -> SystemCard:
        plugged = [card for card in self.cards() if card.usb_port]
        kind, _, wanted = word.partition(":")
        if kind == "usb-path":
            fitting = [card for card in plugged if card.usb_port == wanted]
            fact = f"no USB sound card is plugged into port {wanted}"
        elif wanted:
            fitting = [card for card in plugged if wanted == card.id] or [
                card for card in plugged if wanted.casefold() in f"{card.name}\n{card.long_name}".casefold()
            ]
            fact = f"no USB sound card is called '{wanted}'"
        else:
            fitting = plugged
            fact = "no USB sound card is plugged in"
        able = [card for card in fitting if direction in card.devices]
        if wanted and len(able) > 1:
            fact = f"{len(able)} USB sound cards are called '{wanted}' and only their ports tell them apart"
        elif able:
            return able[0]
        elif fitting:
            fact = f"the USB sound card '{fitting[0].name}' has no {_SIDES[direction]}"
        raise not_found(word, direction, fact)


def not_found(word: str, direction: Direction, fact: str) -> DeviceNotFound:
    """The error for a word that means no card, and what to do about it."""
    return DeviceNotFound(
        f"{NOUNS[direction]} '{word}' not found: {fact}. "
        f"Plug one in, or run `appliance devices` and set audio.{direction}.device"
    )


def lost(word: str, direction: Direction, code: int, text: str) -> DeviceLost:
    """The error for a card that fails while it is in use: its number in errno.h, and what that means."""
    noun = NOUNS[direction]
    if code == errno.ENODEV:
        return DeviceLost(f"{noun} '{word}' was unplugged or lost its power. Plug it in again")
    return DeviceLost(f"{noun} '{word}' stopped working: {text}. Unplug it and plug it in again")


def abilities(rates: int | tuple[int, int] | list[int], channels: list[int], formats: Mapping[str, int]) -> str:
    """What a direction of a card can do, in words, from the answers of `getrates`, `getchannels` and `getformats`."""
    if isinstance(rates, tuple):
        rates_words = f"{rates[0]} to {rates[1]} Hz"
    else:
        rates_words = ", ".join(str(rate) for rate in ([rates] if isinstance(rates, int) else rates)) + " Hz"
    count = str(channels[0]) if len(channels) == 1 else f"{channels[0]} to {channels[-1]}"
    known = [sample for sample in SampleFormat if sample in formats]
    samples = ", ".join(known) or "no sample format that the appliance knows"
    return f"{rates_words}; {count} {'channel' if count == '1' else 'channels'}; {samples}"


def _is_usb(word: str) -> bool:
    return word == "usb" or word.startswith(("usb:", "usb-path:"))
