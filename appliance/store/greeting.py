"""The greeting that is heard in the place of the configured one.

That is the one that was recorded on the box itself, a copy of its clip, which goes to the trash; else those that a
person gave the box.
"""

from appliance import durable, events
from appliance.circumstances import GREETING_RECORD
from appliance.errors import StorageError
from appliance.models import Clip
from appliance.recipes import ENCRYPTED
from appliance.sound_verbs import GREETING
from appliance.store.access import Post
from appliance.store.places import Places
from appliance.store.rooms import Clips
from appliance.store.search import Search
from appliance.store.trouble import storage_errors

_MOST_DRAFTS = 1000


class Greeting:
    """Replaced at one go, so that at every moment the old one is there or the new one. On the store thread.

    Each may raise StorageError; then the one that there was stays.
    """

    def __init__(self, clips: Clips, places: Places, post: Post) -> None:
        self._clips = clips
        self._places = places
        self._post = post

    def use(self, clip_id: str) -> None:
        """Let it be the sound of this clip. Posts GreetingChanged. Raises NotFound."""
        clip = self._clips.find(clip_id)
        if self._clips.path(clip).suffix == ENCRYPTED:
            raise StorageError(f"clip {clip.name} is kept encrypted already, and can be no greeting. Record it again")
        with storage_errors(self._places.directory):
            durable.copy_file(self._clips.path(clip), self._places.greeting)
        self.tell()
        self._clips.trash(clip.id)

    def undecided(self) -> Clip | None:
        """The newest one that nobody has decided about; whatever was recorded before it goes to the trash."""
        drafts = self._clips.search(Search(undecided=True), limit=_MOST_DRAFTS)
        found = [clip for clip in drafts if clip.begun and clip.begun.which == GREETING_RECORD]
        for clip in found[1:]:
            self._clips.drop(clip.id)
        return found[0] if found else None

    def forget(self) -> None:
        """Let there be none. Posts GreetingChanged."""
        with storage_errors(self._places.directory):
            self._places.greeting.unlink(missing_ok=True)
            durable.sync_directory(self._places.directory)
        self.tell()

    def tell(self) -> None:
        """Post GreetingChanged."""
        recorded, given = self._places.greeting, self._places.sounds / GREETING
        some = next(given.rglob("*.wav"), None) is not None
        self._post(events.GreetingChanged(recorded if recorded.is_file() else given if some else None))
