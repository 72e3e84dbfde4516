"""The store as the rest of the appliance knows it."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from appliance.clock import Clock
from appliance.models import Clip
from appliance.recipes import RECIPES, Recipe
from appliance.store.access import Access, Post
from appliance.store.catalogue import Wanted, everywhere
from appliance.store.greeting import Greeting
from appliance.store.inbox import Inbox
from appliance.store.places import Places
from appliance.store.rooms import Clips, Outbox
from appliance.store.upkeep import Upkeep
from appliance.vitals import Vitals

T = TypeVar("T")


class Store:
    """Clips, their deliveries and the inbox, kept so that nothing is lost, each in a room of its own.

    What the rooms are asked from other threads runs on the store thread, directly where the caller is on it already
    (inside `submit`). `places` tells where the files are.
    """

    def __init__(self, directory: Path, clock: Clock, post: Post, vitals: Vitals) -> None:
        self.places = Places(directory)
        self._access = Access(self.places, post, vitals)
        self.clips = Clips(self._access, self.places, clock, post)
        self.outbox = Outbox(self._access)
        self.inbox = Inbox(self._access, self.places, clock)
        self.greeting = Greeting(self.clips, self.places, post)
        self.upkeep = Upkeep(self.places, self._access, post)

    def set_destinations(
        self,
        wanted: Mapping[str, str],
        recipes: Mapping[str, Recipe] = RECIPES,
        goes: Callable[[Clip, str], bool] = everywhere,
    ) -> None:
        """Which destinations clips that are new to the catalogue go to, and by which of the recipes that there are.

        `goes` tells whether a clip goes to a destination by itself. Call it before `start`.
        """
        self._access.wanted, self._access.recipes = Wanted(dict(wanted), goes), dict(recipes)

    @property
    def recipes(self) -> Mapping[str, Recipe]:
        """Every recipe that there is, by name."""
        return self._access.recipes

    def start(self) -> None:
        """Lock the directory, open the catalogue and finish what the last run left behind.

        A catalogue that is missing or broken is made anew from the clips; a broken one goes to quarantine. Posts
        ClipFinished for each take that became a clip, then QueueChanged and InboxChanged. Raises AlreadyRunning where
        another appliance uses the directory.
        """
        self._access.start()

    def close(self, timeout: float = 4.0) -> None:
        """Finish what was submitted, close the catalogue, let go of the directory. Raises Stuck on a hang."""
        self._access.close(timeout)

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the store thread, after everything submitted before; returns at once."""
        return self._access.submit(work)
