"""Who listens beside the recorder gets every frame in the blocks that he wants, and disturbs nobody."""

import threading
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from appliance.audio.overhearing import Overhearing
from appliance.config.options import Seconds
from appliance.config.takes import Brief
from appliance.events import MicrophoneOpen, TakeStarted
from appliance.models import AudioFormat
from appliance.plugin.service import FrameBlock
from appliance.simulation.sound import stretches

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

BLOCK = 1000


class Guest:
    """Reads blocks on a thread of its own, unless it is `stuck`."""

    def __init__(self, booth: "Booth", *, always: bool = True) -> None:
        self.blocks: list[FrameBlock] = []
        self.lost: list[int] = []
        self.stuck = threading.Event()
        self.stuck.set()
        self._overhearing = booth.recorder.overhear(BLOCK, always=always, dropped=self.lost.append)
        self._thread = threading.Thread(target=self._read, args=(self._overhearing,), daemon=True)
        self._thread.start()

    @property
    def sound(self) -> bytes:
        return b"".join(block.data for block in self.blocks)

    def has_reached(self, offset: int) -> bool:
        return self.blocks[-1].offset >= offset

    def close(self) -> None:
        self.stuck.set()
        self._overhearing.close()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _read(self, overhearing: Overhearing) -> None:
        for block in overhearing:
            self.stuck.wait(5)
            self.blocks.append(block)


def listening(booth: "Booth") -> Guest:
    guest = Guest(booth)
    booth.wait_for(lambda: booth.cards.captures)
    booth.clock.waiters()
    return guest


def test_the_blocks_are_what_sounded_each_with_its_moment(booth: "Booth") -> None:
    guest = listening(booth)
    assert booth.first(MicrophoneOpen).seconds == 1.0, "everybody is told"
    booth.run(2)
    booth.wait_for(lambda: len(guest.blocks) == 16)
    guest.close()
    assert [block.offset for block in guest.blocks[:3]] == [0, 1000, 2000]
    assert {len(block.data) for block in guest.blocks[:16]} == {BLOCK * 2}
    (piece,) = stretches(guest.sound, booth.format)
    assert piece.frames >= 16_000
    assert guest.blocks[8].at - guest.blocks[0].at == 1.0 and not any(block.dropped for block in guest.blocks)
    assert [block.is_last for block in guest.blocks[:16]] == [False] * 16


def test_without_always_it_hears_takes_alone(booth: "Booth") -> None:
    guest = Guest(booth, always=False)
    booth.clock.waiters()
    assert not booth.cards.captures and not booth.of(MicrophoneOpen)
    booth.begin()
    booth.turn_until(lambda: guest.blocks, 0.25)
    booth.recorder.stop(booth.clock.monotonic())
    booth.sealed()
    booth.wait_for(lambda: guest.blocks[-1].is_last)
    assert booth.cards.capture.closed, "it does not keep the card open"
    guest.close()


def test_who_does_not_read_loses_blocks_and_the_take_nothing(booth: "Booth") -> None:
    guest = listening(booth)
    guest.stuck.clear()
    booth.recorder.start("take000001", booth.clock.monotonic())
    booth.run(20)
    booth.recorder.stop(booth.clock.monotonic())
    clip = booth.sealed()
    assert not clip.gaps and clip.frames >= 8000 * 19
    (piece,) = stretches(booth.sound(), booth.format)
    assert piece.frames == clip.frames
    guest.stuck.set()
    booth.turn_until(lambda: guest.lost, 0.25)
    booth.turn_until(lambda: any(block.dropped for block in guest.blocks), 0.25)
    late = next(block for block in guest.blocks if block.dropped)
    before = guest.blocks[guest.blocks.index(late) - 1]
    assert late.offset - before.offset - BLOCK == late.dropped == guest.lost[0]
    for _ in range(61):
        reached = guest.blocks[-1].offset
        booth.run(1)
        booth.wait_for(partial(guest.has_reached, reached + 7 * BLOCK))
    booth.wait_for(lambda: guest.lost[-1] == 0)
    guest.close()


def test_it_gives_way_to_a_take_of_another_format(booth: "Booth") -> None:
    guest = listening(booth)
    booth.run(1)
    brief = Brief(capture=evolve(booth.capture, channels=2))
    booth.recorder.start("take000001", booth.clock.monotonic(), brief=brief)
    booth.turn_until(lambda: booth.of(TakeStarted), 0.25)
    assert booth.first(TakeStarted).format == AudioFormat(8000, 2)
    booth.turn_until(lambda: any(block.format.channels == 2 for block in guest.blocks), 0.25)
    last = next(block for block in guest.blocks if block.is_last)
    following = guest.blocks[guest.blocks.index(last) + 1]
    assert last.format.channels == 1 and (following.format.channels, following.offset) == (2, 0)
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().format.channels == 2
    guest.close()


def test_a_preroll_is_kept_beside_it(booth: "Booth") -> None:
    booth.recording = evolve(booth.recording, preroll=Seconds(2))
    guest = listening(booth)
    booth.run(3)
    booth.recorder.start("take000001", booth.clock.monotonic())
    booth.run(1)
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().seconds > 2.5
    guest.close()
