"""The files that are sent: the clip itself, or what is made of it once and kept: encoded, encrypted, or both."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.clock import Clock
from appliance.durable import copy_file
from appliance.errors import KeptAlone, Permanent, StorageError, Transient
from appliance.limits import give_way
from appliance.models import Clip, Rendition
from appliance.recipes import ENCRYPTED, ORIGINAL, Recipe
from appliance.store import Store
from appliance.sums import sha256

_BLOCK = 1 << 20
_REMEMBERED = 64
_PATIENCE = 0.5

Check = Callable[[], None]
_Look = tuple[int, int, int]


class Renditions:
    """Prepares what destinations are sent, the same file for all that want it by the same recipe.

    A file's hash is computed once and kept in the catalogue. In each run of the appliance the file is compared with
    it before its first use and after it was touched: what rots or is replaced on the card is not sent.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changed = threading.Condition()
        self._busy: set[tuple[str, str]] = set()
        self._seen: OrderedDict[Path, _Look] = OrderedDict()

    def prepare(self, clip: Clip, recipe: Recipe, check: Check = lambda: None) -> Rendition:
        """The rendition of `clip`, made if need be. Blocks, and calls `check` often, which may raise to end it.

        Raises Permanent where the clip's file is gone, changed or cannot be encoded, KeptAlone where that takes the
        plain sound of a clip that is kept encrypted alone, Transient where the disk refuses the encoding, StorageError
        where it refuses the catalogue.
        """
        with self._alone(clip, recipe, check):
            known = self._store.clips.rendition(clip.id, recipe)
            if recipe == ORIGINAL:
                return self._original(clip, known, check)
            return self._encoding(clip, recipe, known, check)

    def finished(self, clip_id: str, recipe: str) -> None:
        """A delivery of it is over: where no other waits for the encoding, it goes."""
        if recipe != ORIGINAL.name:
            with suppress(StorageError):  # it goes when room is needed, too
                self._store.upkeep.drop_encodings_of(clip_id)

    @contextmanager
    def _alone(self, clip: Clip, recipe: Recipe, check: Check) -> Iterator[None]:
        """Two destinations that want the same file do not make it twice."""
        key = (clip.id, recipe.name)
        with self._changed:
            while key in self._busy:
                self._clock.wait(self._changed, _PATIENCE)
                check()
            self._busy.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(key)
                self._changed.notify_all()

    def _original(self, clip: Clip, known: Rendition | None, check: Check) -> Rendition:
        path = self._store.places.audio(clip.name)
        try:
            if known is not None and self._is_seen(path):
                return known
            found = self._hashed(clip, ORIGINAL, path, check)
        except FileNotFoundError as error:
            if self._store.clips.path(clip) != path:
                raise KeptAlone(
                    f"clip {clip.name} is kept encrypted alone: nothing more can be made of it here"
                ) from error
            raise Permanent(f"the file of clip {clip.name} is gone. Delete the clip, or put its file back") from error
        except OSError as error:
            raise Permanent(f"clip {clip.name} cannot be read ({error.strerror}). The card may be failing") from error
        if found.size != clip.size or (known is not None and known.sha256 != found.sha256):
            self._seen.pop(path, None)
            raise Permanent(f"the file of clip {clip.name} is not what was recorded. The card may be failing")
        if known is None:
            self._store.clips.add_rendition(found)
        return found

    def _encoding(self, clip: Clip, recipe: Recipe, known: Rendition | None, check: Check) -> Rendition:
        path = self._store.places.renditions / f"{clip.name}{recipe.suffix}"
        if known is not None and self._is_intact(known, clip, path, check):
            return known
        kept = self._store.clips.path(clip)
        if recipe.clear == ORIGINAL and kept.suffix == ENCRYPTED:
            self._copy(clip, kept, path, check)
        elif recipe.clear:
            from appliance.renditions.encrypt import encrypt

            encrypt(self.prepare(clip, recipe.clear, check).path, path, recipe.recipients or (), check)
        else:
            self._encode(clip, recipe, path, check)
        try:
            made = self._hashed(clip, recipe, path, check)
        except OSError as error:
            raise Transient(f"{path.name} cannot be read back: {error.strerror}") from error
        self._store.clips.add_rendition(made)
        return made

    def _copy(self, clip: Clip, kept: Path, path: Path, check: Check) -> None:
        from appliance.renditions.encrypt import looks_wrong

        noted = self._store.clips.find(clip.id).kept_sha256
        try:
            wrong = looks_wrong(kept, clip.size)
            if wrong or (noted and self._hashed(clip, ORIGINAL, kept, check).sha256 != noted):
                raise Permanent(
                    f"the file of clip {clip.name} is not what was encrypted{wrong and f' ({wrong})'}. The card may be "
                    "failing"
                )
            copy_file(kept, path)
        except OSError as error:
            raise Transient(f"{path.name} cannot be written: {error.strerror}") from error

    def _encode(self, clip: Clip, recipe: Recipe, path: Path, check: Check) -> None:
        from concurrent.futures import ThreadPoolExecutor

        from appliance.renditions.encode import encode

        original = self.prepare(clip, ORIGINAL, check).path
        with ThreadPoolExecutor(1, "encoder", give_way) as encoder:
            encoder.submit(encode, original, path, recipe, clip, check).result()

    def _is_intact(self, known: Rendition, clip: Clip, path: Path, check: Check) -> bool:
        """Whether the encoding is there, readable, and what was made; else it is made again."""
        try:
            return self._is_seen(path) or self._hashed(clip, known.recipe, path, check) == known
        except OSError:
            return False

    def _hashed(self, clip: Clip, recipe: Recipe, path: Path, check: Check) -> Rendition:
        digest, before = sha256(), _look(path)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                check()
                digest.update(block)
        self._see(path, before)
        return Rendition(clip.id, recipe, path, before[0], digest.hexdigest())

    def _is_seen(self, path: Path) -> bool:
        with self._changed:
            return self._seen.get(path) == _look(path)

    def _see(self, path: Path, look: _Look) -> None:
        with self._changed:
            self._seen[path] = look
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)


def _look(path: Path) -> _Look:
    """What changes when somebody touches the file: size, time of the last change, identity."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino
