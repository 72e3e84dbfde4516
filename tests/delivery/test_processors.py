"""What looks at finished clips: on a real store, with a clock turned by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.circumstances import Text
from appliance.errors import Permanent, Transient
from appliance.events import ClipFinished, FaultCleared, FaultRaised
from appliance.plugin import Processor, ProcessorJob
from appliance.processors import Processors
from appliance.status import Status
from appliance.vitals import Vitals
from tests.delivery.conftest import Box


class Listener:
    """A processor that answers as it is told, one answer after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.jobs: list[ProcessorJob] = []

    def process(self, job: ProcessorJob) -> str:
        self.jobs.append(job)
        answer = self.answers.pop(0) if self.answers else f"heard {job.clip.name}"
        if isinstance(answer, BaseException):
            raise answer
        return str(answer() if callable(answer) else answer)

    def close(self) -> None:
        pass


class Desk:
    """Processors on the store of a box."""

    def __init__(self, box: Box, **processors: Processor) -> None:
        self.box = box
        self.recording = False
        self.vitals = Vitals(box.clock, box.events.post)
        self.processors = Processors(
            box.store, processors, lambda: self.recording, box.clock, box.events.post, self.vitals
        )

    def finish(self, clip: Any) -> None:
        self.processors.hear(ClipFinished(clip, clip.verdict), Status())

    def texts(self, clip: Any) -> dict[str, str]:
        return {text.processor: text.text for text in self.box.store.clips.find(clip.id).texts}


@pytest.fixture
def desk(box: Box) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(**processors: Processor) -> Desk:
        made.append(Desk(box, **processors))
        made[-1].processors.start()
        return made[-1]

    yield make
    for each in made:
        each.processors.close()


def test_what_was_found_is_kept_with_the_clip(box: Box, desk: Callable[..., Desk]) -> None:
    words, music = Listener("hello"), Listener("")
    here = desk(words=words, music=music)
    clip = box.clip(b"\1\0" * 8000)
    here.finish(clip)
    box.settle(lambda: bool(here.texts(clip) == {"words": "hello", "music": ""}))
    assert words.jobs[0].clip.id == clip.id and words.jobs[0].path == box.path(clip)
    here.finish(box.store.clips.find(clip.id))
    here.processors.close()
    assert len(words.jobs) == len(music.jobs) == 1


def test_what_an_earlier_run_left_is_done_at_the_start(box: Box, desk: Callable[..., Desk]) -> None:
    clips = [box.clip(b"\1\0" * 8000) for _ in range(3)]
    box.store.clips.say(clips[0].id, texts=(Text("words", "known"),))
    words = Listener()
    here = desk(words=words)
    box.settle(lambda: bool(len(here.texts(clips[2])) == 1))
    assert [job.clip.id for job in words.jobs] == [clips[1].id, clips[2].id]
    assert here.texts(clips[0]) == {"words": "known"}


def test_nothing_is_begun_while_a_take_is_in_progress(box: Box, desk: Callable[..., Desk]) -> None:
    words = Listener()
    here = desk(words=words)
    clip = box.clip(b"\1\0" * 8000)
    here.recording = True
    here.finish(clip)
    box.clock.waiters()
    assert not words.jobs
    here.recording = False
    here.processors.hear(FaultCleared("anything"), Status())
    box.settle(lambda: bool(here.texts(clip)))


def test_a_take_that_begins_puts_it_off(box: Box, desk: Callable[..., Desk]) -> None:
    here: Desk

    def interrupted() -> str:
        here.recording = True
        words.jobs[0].check_cancelled()
        return "too late"

    words = Listener(interrupted, "hello")
    here = desk(words=words)
    clip = box.clip(b"\1\0" * 8000)
    here.finish(clip)
    box.settle(lambda: bool(here.recording and box.clock.waiting))
    assert here.texts(clip) == {}
    here.recording = False
    here.processors.hear(FaultCleared("anything"), Status())
    box.settle(lambda: bool(here.texts(clip) == {"words": "hello"}))


def test_what_may_pass_is_tried_again_and_told(box: Box, desk: Callable[..., Desk]) -> None:
    words = Listener(Transient("the network is away"), "hello")
    here = desk(words=words)
    clip = box.clip(b"\1\0" * 8000)
    here.finish(clip)
    box.settle(lambda: bool(box.events.of(FaultRaised)))
    assert box.events.of(FaultRaised)[0].fault.name == "processor:words"
    box.pass_time(5, lambda: here.texts(clip) == {"words": "hello"})
    box.settle(lambda: bool(box.events.of(FaultCleared)))


@pytest.mark.parametrize("error", [Permanent("install it"), RuntimeError("oh"), SystemExit()])
def test_one_that_fails_harms_no_other(box: Box, desk: Callable[..., Desk], error: BaseException) -> None:
    here = desk(words=Listener(error), music=Listener("a song"))
    clip = box.clip(b"\1\0" * 8000)
    here.finish(clip)
    box.settle(lambda: bool(here.texts(clip) == {"music": "a song"}))
    assert "processor words: " in box.events.of(FaultRaised)[0].fault.message
    assert box.path(clip).exists()


def test_a_clip_that_was_deleted_meanwhile_is_passed_over(box: Box, desk: Callable[..., Desk]) -> None:
    words = Listener()
    here = desk(words=words)
    clip = box.clip(b"\1\0" * 8000)
    here.recording = True
    here.finish(clip)
    other = box.clip(b"\1\0" * 8000)
    box.store.clips.delete(clip.id, "test")
    here.recording = False
    here.finish(other)
    box.settle(lambda: bool(here.texts(other)))
    assert [job.clip.id for job in words.jobs] == [other.id] and not box.events.of(FaultRaised)
