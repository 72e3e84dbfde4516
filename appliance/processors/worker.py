"""Hands finished clips to processors, one after the other, while nothing is recorded."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from appliance.circumstances import Text
from appliance.clock import Clock
from appliance.errors import ApplianceError, Cancelled, NotFound, StorageError, Transient
from appliance.events import ClipFinished, Event
from appliance.faults import PROCESSOR
from appliance.foreign import words
from appliance.limits import Errand, leave
from appliance.loops import Loop
from appliance.models import Clip, Verdict
from appliance.plugin.processor import Processor, ProcessorJob
from appliance.retry import backoff
from appliance.status import Status
from appliance.store import Store
from appliance.vitals import Vitals

LONGEST_TEXT = 100_000
"""Characters that are kept of what a processor found."""

_AT_START = 100
"""Clips that are looked at for what was left undone, the newest first."""

_FIRST_WAIT, _LONGEST_WAIT, _ATTEMPTS = 10.0, 3600.0, 5
_LOOK, _PULSE_LIMIT = 3600.0, 60.0
_NOTHING_TO_HEAR = (Verdict.TOO_SHORT, Verdict.SILENT)

log = logging.getLogger(__name__)


class Processors:
    """One thread for all. What was found is kept with the clip, empty where nothing was; so nothing is done twice.

    `recording` tells whether a take is in progress: then nothing is begun, and what runs is asked to end.
    """

    def __init__(
        self,
        store: Store,
        processors: Mapping[str, Processor],
        recording: Callable[[], bool],
        clock: Clock,
        post: Callable[[Event], None],
        vitals: Vitals,
    ) -> None:
        self._store = store
        self._processors = processors
        self._recording = recording
        self._clock = clock
        self._post = post
        self._waiting: deque[tuple[str, str, int]] = deque()
        """Clip, processor, and how often it was tried."""
        self._again: list[tuple[float, tuple[str, str, int]]] = []
        self._failing: set[str] = set()
        self._begun = False
        self._loop = Loop("processors", self._look, _LOOK, _PULSE_LIMIT, clock, vitals)

    def start(self) -> None:
        """Begin with what an earlier run left undone."""
        if self._processors:
            self._loop.start()

    def hear(self, event: Event, _: Status) -> None:
        """Take up a clip that is finished. Told of all that happens; returns at once."""
        if self._processors and isinstance(event, ClipFinished):
            self._add(event.clip)
        if self._waiting or self._again:
            self._loop.wake()

    def close(self, timeout: float = 2.0) -> None:
        """Stop. What does not come back in time is left behind, and done again after the next start."""
        self._loop.stop()
        if not self._loop.ends(timeout):
            log.warning("a processor does not come back: the appliance stops without it")
        for name, processor in self._processors.items():
            leave(processor.close, f"processor {name}")

    def _add(self, clip: Clip) -> None:
        done = {text.processor for text in clip.texts}
        if clip.verdict not in _NOTHING_TO_HEAR:
            self._waiting.extend((clip.id, name, 0) for name in self._processors if name not in done)

    def _look(self) -> float | None:
        if not self._begun:
            self._begun = True
            for clip in reversed(self._store.clips.newest_first(limit=_AT_START)):
                self._add(clip)
        now = self._clock.monotonic()
        self._waiting.extend(task for due, task in self._again if due <= now)
        self._again = [(due, task) for due, task in self._again if due > now]
        while self._waiting and not self._recording() and self._loop.goes_on():
            self._do(*self._waiting.popleft())
        return min((due - now for due, _ in self._again), default=None)

    def _do(self, clip_id: str, name: str, tried: int) -> None:
        try:
            clip = self._store.clips.find(clip_id)
            if any(text.processor == name for text in clip.texts):
                return
            text = self._found(name, clip)
            texts = (*self._store.clips.find(clip_id).texts, Text(name, text[:LONGEST_TEXT]))
            self._store.clips.say(clip_id, texts=texts)
            self._is_well(name)
        except NotFound:
            pass  # it was deleted meanwhile
        except Cancelled:
            self._waiting.appendleft((clip_id, name, tried))
        except (Transient, StorageError) as error:
            self._fails(name, words(error))
            if tried + 1 < _ATTEMPTS:
                wait = backoff(tried + 1, _FIRST_WAIT, _LONGEST_WAIT, lambda: 1.0)
                self._again.append((self._clock.monotonic() + wait, (clip_id, name, tried + 1)))
        except ApplianceError as error:
            self._fails(name, words(error))
        except BaseException as error:  # a plugin may do anything
            log.debug("processor %s", name, exc_info=True)
            self._fails(name, f"defect in the processor: {words(error)}. Update its plugin")

    def _found(self, name: str, clip: Clip) -> str:
        job = ProcessorJob(clip, self._store.clips.path(clip), self._is_over)
        self._loop.pulse.rest()  # inside the processor its own limits hold
        try:
            return str(Errand(partial(self._processors[name].process, job), f"process:{name}").watched(lambda: None))
        finally:
            self._loop.pulse.beat()

    def _is_over(self) -> bool:
        return self._loop.stopping or self._recording()

    def _fails(self, name: str, message: str) -> None:
        log.warning("processor %s: %s", name, message)
        self._failing.add(name)
        self._post(PROCESSOR.raised(f"processor {name}: {message}", name))

    def _is_well(self, name: str) -> None:
        if name in self._failing:
            self._failing.remove(name)
            self._post(PROCESSOR.cleared(name))
