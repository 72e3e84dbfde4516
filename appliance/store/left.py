"""What the last run left behind, and how far the present one has come with it."""

import logging
from collections.abc import Callable
from pathlib import Path

from appliance import events
from appliance.errors import StorageError
from appliance.faults import CATALOGUE_INCOMPLETE
from appliance.phrases import counted
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places
from appliance.store.recovery import Recovery

Work = Callable[[Catalogue], None]

log = logging.getLogger(__name__)


class LeftBehind:
    """Has it finished: at the start what is soon done, the rest in portions between everything else, and what the disk
    refuses when somebody asks for it again. On the store thread.
    """

    def __init__(
        self,
        places: Places,
        post: Callable[[events.Event], None],
        recovery: Callable[[Catalogue], Recovery],
        later: Callable[[Work, Callable[[StorageError], None]], None],
    ) -> None:
        """`later` runs work once everybody else had a turn, or says what refused it."""
        self.unfinished: set[str] = set()
        """Takes that the disk kept from becoming clips."""
        self.recovered = True
        """Whether everything else was dealt with."""
        self.goes_on = False
        """Whether it is being dealt with, in portions."""
        self.missing: list[str] = []
        """Names of clips whose sound was not found."""
        self.newer_takes = 0
        """Takes that only a newer release can make clips of."""
        self._places = places
        self._post = post
        self.recovery = recovery
        """Makes whoever finishes it, for one piece of work."""
        self._run_later = later
        self._takes: list[Path] = []
        self._clips: list[str] = []
        self._asked = False

    def begin(self, catalogue: Catalogue, *, clips_known: bool) -> None:
        """At a start. See `Recovery.run`."""
        recovery = self.recovery(catalogue)
        self.recovered = recovery.run(clips_known=clips_known)
        self.missing = recovery.missing
        self._takes, self._clips = recovery.later, recovery.clips_later
        left = {folder.name for folder in self._places.takes.iterdir() if folder.is_dir()}
        self.unfinished = left - recovery.newer - recovery.empty - {folder.name for folder in self._takes}
        self.newer_takes = len(recovery.newer)
        self._go_on()

    def recover(self, catalogue: Catalogue) -> None:
        """Finish what the start could not do to clips, as far as the disk lets us. See `Recovery.mend`."""
        if self._takes:  # half of one may lie in `clips/`
            self.recovered = False
        else:
            self._clips = self._mend(catalogue)
        self._go_on()

    def still_missing(self, catalogue: Catalogue) -> list[str]:
        """Names of clips that are `missing`, and that were neither brought back nor deleted since."""
        self.missing = [
            name
            for name in self.missing
            if not self._places.sound(name).exists() and not catalogue.clips.is_deleted(name)
        ]
        return self.missing

    def _mend(self, catalogue: Catalogue) -> list[str]:
        """Compare catalogue and clips; the names of those that are still to be entered."""
        recovery = self.recovery(catalogue)
        self.recovered = recovery.mend()
        self.missing = recovery.missing
        self.unfinished |= {take_id for take_id in recovery.remade if (self._places.takes / take_id).exists()}
        return recovery.clips_later

    def _go_on(self) -> None:
        left = ((len(self._takes), "take"), (len(self._clips), "clip"))
        words = ", ".join(counted(number, what) for number, what in left if number)
        if words:
            self._post(CATALOGUE_INCOMPLETE.raised(f"still to be entered: {words}. What is recorded meanwhile is kept"))
            if not self._asked:
                self._asked = True
                self._run_later(self._next_portion, self._refused)
        elif self.goes_on:
            self._post(CATALOGUE_INCOMPLETE.cleared())
        self.goes_on = bool(words)

    def _next_portion(self, catalogue: Catalogue) -> None:
        self._asked = False
        recovery = self.recovery(catalogue)
        if folders := self._takes:
            recovery.take_up(folders)
            done = {folder.name for folder in folders} - {folder.name for folder in recovery.later} - recovery.newer
            self.unfinished |= {take_id for take_id in done if (self._places.takes / take_id).exists()}
            self.newer_takes += len(recovery.newer)
            self._takes = recovery.later
            if not self._takes:
                self._clips = self._mend(catalogue)
        else:
            recovery.enter(self._clips)
            self._clips = recovery.clips_later
            if not self._clips:
                self._mend(catalogue)  # what could not be entered is left to housekeeping
        self._go_on()

    def _refused(self, error: StorageError) -> None:
        log.error("what the last run left behind could not be entered, which is tried again: %s", error)
        self.unfinished |= {folder.name for folder in self._takes if folder.exists()}
        self._asked, self._takes, self._clips = False, [], []
        self._go_on()
