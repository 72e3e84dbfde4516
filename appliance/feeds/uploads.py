"""Sound that a person sends to the inbox, in pieces: nothing of it counts before it is whole, and sound."""

from collections.abc import Callable

from appliance.clock import Clock
from appliance.feeds.pull import Pull
from appliance.feeds.safefile import Room
from appliance.models import Track
from appliance.receiving import Entering, Receiving
from appliance.store import Store

UPLOADED = "phone"
"""The feed that tracks sent by a person belong to."""

MOST_BYTES = 200_000_000
"""The most bytes of one."""

KEPT = 200
"""How many of them are kept, of those heard and of those not heard."""

_AT_ONCE = 4
_REMEMBERED = 16


class _Upload(Entering):
    def __init__(self, pull: Pull, name: str, title: str, size: int) -> None:
        super().__init__(pull.new_track(name, title, ""), size)
        self._pull = pull

    def track(self) -> Track:
        self.finish()
        return self._pull.tracks[0]


class Uploads:
    """What is being sent now. From any thread."""

    def __init__(self, store: Store, clock: Clock, has_room: Room, arrived: Callable[[Track], None]) -> None:
        self._store = store
        self._clock = clock
        self._has_room = has_room
        self._arrived = arrived
        self._coming: Receiving[_Upload, Track] = Receiving(clock, at_once=_AT_ONCE, remembered=_REMEMBERED)
        self.write = self._coming.write
        self.close = self._coming.close

    def begin(self, title: str, size: int) -> str:
        """Begin to receive so many bytes; the name of the upload.

        Raises UsageError where they are too many, Refused where too much is being sent already.
        """
        return self._coming.begin(size, MOST_BYTES, lambda name: self._opened(name, title or "from a phone", size))

    def end(self, upload: str) -> Track:
        """Let it enter the inbox. Says the same when it is asked again.

        Raises NotFound, UsageError where bytes are missing, Permanent where it is no sound.
        """
        return self._coming.end(upload, _Upload.track)

    def _opened(self, name: str, title: str, size: int) -> _Upload:
        pull = Pull(self._store, UPLOADED, self._clock, self._has_room, lambda: False, self._arrived, fresh=True)
        return _Upload(pull, name, title, size)
