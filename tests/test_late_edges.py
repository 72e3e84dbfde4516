"""Handsets and buttons that bounce, on a box that hears of edges late and of many at once: exactly the right clips."""

from collections.abc import Callable
from random import Random

import pytest

from appliance import events
from appliance.config.actions import ButtonAction
from appliance.config.booth import BoothSettings
from appliance.config.settings import ButtonSettings, SwitchSettings
from appliance.machine import Recorder
from appliance.panel.facts import Fact, Gesture
from appliance.panel.gestures import Hook, Key
from appliance.panel.watch import LATEST, LOOK_EVERY, PinWatch
from tests.test_booth import Room
from tests.test_flow import GUARD, READY, TONE, World
from tests.test_message_box import Inbox

HEARD = LATEST + LOOK_EVERY + 0.15
"""Seconds after which it is known at the latest that somebody moved a pin; the last of them are of bouncing."""

DRAWN = range(15)
"""Each of these is another evening."""


class Pin:
    """One pin of a world, whose edges come up to half a second late, in their order, and many of them at once."""

    def __init__(
        self, world: World, key: Key, bounces: float, random: Random, told: Callable[[list[Fact]], None]
    ) -> None:
        self._world = world
        self._random = random
        self._told = told
        self._level = False
        self._handed = 0.0
        self.watch = PinWatch(key, bounces, lambda: self._level)

    def move(self, level: bool) -> float:
        """Let the contact come to rest at `level`, and how it bounces before; when it first moved."""
        first = self._world.now
        for number in range(2 * self._random.randrange(4) + 1):
            if number:
                self._world.until(self._world.now + self._random.uniform(0.0005, 0.006))
            self._edge(level if number % 2 == 0 else not level)
        return first

    def tick(self) -> None:
        """Look at the pin where that is due, and see to it that this is done again."""
        self._told(self.watch.tick(self._world.now))
        self._again()

    def _edge(self, level: bool) -> None:
        self._level, at = level, self._world.now
        late = self._random.choice([0.0, 0.001, self._random.uniform(0, 0.99 * LATEST)])
        self._handed = max(self._handed, at + late)
        self._world.later(self._handed - at, lambda: self._hand_over(level, at))

    def _hand_over(self, level: bool, at: float) -> None:
        self._told(self.watch.edge(level, at, self._world.now))
        self._again()

    def _again(self) -> None:
        deadline = self.watch.deadline
        if deadline is not None:
            self._world.later(max(0.0, deadline - self._world.now), lambda: self._look(deadline))

    def _look(self, deadline: float) -> None:
        if deadline == self.watch.deadline:
            self.tick()


def hook_of(world: World, random: Random) -> Pin:
    settings = SwitchSettings()
    return Pin(world, Hook(settings), settings.debounce, random, world.facts)


@pytest.mark.parametrize("seed", DRAWN)
@pytest.mark.parametrize("kind", [World, lambda: Room(BoothSettings())], ids=["telephone", "booth"])
def test_each_story_is_one_clip_that_ends_as_the_handset_was_hung_up(kind: Callable[[], World], seed: int) -> None:
    world, random, stories = kind(), Random(seed), list[tuple[float, float]]()
    hook = hook_of(world, random)
    for _ in range(4):
        world.until(world.now + random.uniform(1.0, 2.0))
        lifted = hook.move(True)
        spoken = random.choice([random.uniform(0.3, READY - 0.1), READY + HEARD + random.uniform(0.1, 5)])
        world.until(lifted + spoken)
        hung_up = hook.move(False)
        if spoken > READY:
            stories.append((lifted + READY, hung_up))
    world.until(world.now + 5)
    assert [end for _, end in world.clips] == pytest.approx([end for _, end in stories], abs=1e-9)
    for (begin, _), (ready, _) in zip(world.clips, stories, strict=True):
        assert ready - 1e-9 <= begin <= ready + HEARD
    assert world.state.recorder is Recorder.IDLE and world.take is None


@pytest.mark.parametrize("seed", DRAWN)
def test_each_answer_is_one_clip_that_ends_with_the_press(seed: int) -> None:
    box, random, answers = Inbox(), Random(seed), list[float]()
    settings = ButtonSettings(press=ButtonAction("message.answer"))

    def told(facts: list[Fact]) -> None:
        for fact in facts:
            if fact.gesture is Gesture.PRESSED:
                box.post(events.MessageAnswer(fact.at))

    button = Pin(box, Key(settings, level=False), settings.debounce, random, told)

    def press() -> float:
        first = button.move(True)
        box.until(first + random.uniform(0.06, 0.2))
        button.move(False)
        return first

    for _ in range(4):
        box.until(press() + TONE + GUARD + HEARD + random.uniform(0.2, 5))
        answers.append(press())
        box.until(box.now + 2)
    assert [end for _, end in box.clips] == pytest.approx(answers, abs=1e-9)
    assert box.state.recorder is Recorder.IDLE and box.take is None
