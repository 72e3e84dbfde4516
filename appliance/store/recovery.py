"""What the store does at start: finishes what a crash or a power cut interrupted.

Deleted clips are known by their tombstones in the catalogue. When the catalogue is lost, so are they: a clip whose
files were still there, because the power went in the middle of deleting it, is a clip again. Likewise every clip is
queued anew for every destination: that something arrives twice is the lesser evil. Tracks are entered again, heard or
not, as their notes say; what was removed from the inbox, its feed brings again.

What the disk refuses, above all a full one, keeps nobody from recording: it is done later. So is most of what there is
much of.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance import durable
from appliance.audio.take import repair
from appliance.audio.takefile import AUDIO, CLIP
from appliance.audio.wav import HEADER_BYTES
from appliance.errors import NewerWord, StorageError
from appliance.models import Clip
from appliance.phrases import counted
from appliance.store.adoption import moved_in, read_clip, read_sidecar, remove_take
from appliance.store.beside import compare, names_in
from appliance.store.catalogue import Catalogue, Wanted
from appliance.store.deletion import finish_deletion, sweep_trash
from appliance.store.listing import METADATA, SOUND, listed, takes_in, time_in
from appliance.store.orphans import make_take
from appliance.store.places import Places, is_text, legible
from appliance.store.sidecars import freshen
from appliance.store.trouble import is_damage, storage_errors

BATCH = 200
"""Clips entered in one transaction."""

AT_FIRST = 500
"""Clips that are entered when they are found; the others follow in batches, between which new takes have their turn."""

TAKES_AT_ONCE, TAKES_FOR = 100, 10.0
"""Takes, and seconds, that a start, or a portion later, finishes; the others follow, and new takes have their turn."""

log = logging.getLogger(__name__)


class Recovery:
    """One look at everything that is in the state directory."""

    def __init__(
        self,
        places: Places,
        catalogue: Catalogue,
        wanted: Wanted,
        beat: Callable[[], None],
        progress: Callable[[str], None],
        adopt: Callable[[str], object],
    ) -> None:
        """`beat` is called between steps, `progress` with words while there are many clips to enter.

        `adopt` makes a sealed take a clip, and raises as `adoption.adopt` does.
        """
        self._places = places
        self._catalogue = catalogue
        self._wanted = wanted
        self._beat = beat
        self._progress = progress
        self._adopt = adopt
        self._complete = True
        self.missing: list[str] = []
        """Names of clips in the catalogue whose sound was not found."""
        self.remade: set[str] = set()
        """Ids of takes that clips without metadata were turned back into."""
        self.later: list[Path] = []
        """Folders of takes that are left for the next portion."""
        self.empty: set[str] = set()
        """Names of empty folders that are left for the next start."""
        self.clips_later: list[str] = []
        """Names of clips that are."""
        self.newer: set[str] = set()
        """Ids of takes that only a newer release can make clips of: they are left as they are."""

    def run(self, *, clips_known: bool = False) -> bool:
        """Do all that the disk lets us; whether that was all. Raises sqlite3.DatabaseError for a damaged catalogue.

        Only at start: whatever is half done counts as left behind. `clips_known` spares the look through `clips/`,
        which takes its time where there are many.
        """
        with self._as_far_as_possible("what the last run left behind could not be looked at"):
            # Takes first: half of one may lie in `clips/` already.
            self.take_up(self._folders())
        if self.later:
            self._complete = False
        else:
            self._mend_clips(clips_known)
        with self._as_far_as_possible("the trash could not be compared with the catalogue"):
            sweep_trash(self._places, self._catalogue)
        with self._as_far_as_possible("old encodings could not be removed"):
            self._sweep_renditions()
        with self._as_far_as_possible("the inbox could not be compared with the catalogue"):
            self._sweep_inbox()
        return self._complete

    def mend(self) -> bool:
        """What of it can be done later as well, while takes are recorded, encodings made and tracks pulled."""
        self._mend_clips(clips_known=False)
        with self._as_far_as_possible("the inbox could not be compared with what lies beside its tracks"):
            compare(self._places, self._catalogue, self._beat)
        return self._complete

    def _mend_clips(self, clips_known: bool) -> None:
        if not clips_known:
            with self._as_far_as_possible("the clips could not be compared with the catalogue"):
                self._compare_clips()
        with self._as_far_as_possible("sidecars could not be written"):
            freshen(self._places, self._catalogue, self._beat)

    @contextmanager
    def _as_far_as_possible(self, what: str) -> Iterator[None]:
        try:
            with storage_errors(self._places.directory):
                yield
        except StorageError as error:
            if is_damage(error.__cause__):
                raise error.__cause__ from None  # type: ignore[misc]  # which is_damage knows for an error of SQLite
            self._complete = False
            log.error("%s, which is tried again: %s", what, error)

    def take_up(self, folders: Iterable[Path]) -> None:
        """Make clips of takes that nobody is recording any more, the oldest first; too many are left in `later`."""
        folders, sealed, until = list(folders), [], time.monotonic() + TAKES_FOR
        for done, folder in enumerate(folders):
            if done == TAKES_AT_ONCE or (done and time.monotonic() > until):
                self.later += folders[done:]
                break
            self._progress(f"finishing takes: {done} of {len(folders)}")
            if clip := self._sealed(folder):
                sealed.append((clip.began.wall_ns, folder))
        for _, folder in sorted(sealed):
            self._beat()
            with self._as_far_as_possible(f"take {folder.name} could not be made a clip"):
                try:
                    self._adopt(folder.name)
                except ValueError as error:
                    self._set_aside(f"take {folder.name} could not be made a clip: {error}", folder)

    def _folders(self) -> list[Path]:
        """Those of takes. What has no name that anybody could have given it is set aside, what is empty removed."""
        folders, self.empty = takes_in(self._places, self._beat)
        for odd in (folder for folder in folders if not is_text(folder.name)):
            self._set_aside("its name is no text", odd)
        return [folder for folder in folders if is_text(folder.name)]

    def _sealed(self, folder: Path) -> Clip | None:
        """The clip that a take folder holds, repaired where needed; None where the folder was dealt with otherwise."""
        self._beat()
        with self._as_far_as_possible(f"take {folder.name} could not be finished"):
            if self._catalogue.clips.is_tombstone(folder.name):
                remove_take(folder)
                return None
            try:
                clip = (
                    moved_in(self._places, self._catalogue, folder.name) or self._half_moved(folder) or repair(folder)
                )
            except NewerWord as error:
                log.error("take %s is left as it is: %s", folder.name, error)
                self.newer.add(folder.name)
                return None
            if clip is None:
                self._give_up(folder)
            return clip
        return None

    def _half_moved(self, folder: Path) -> Clip | None:
        """The clip of a sealed take whose sound is in `clips/` already."""
        if (folder / AUDIO).exists() or not (folder / CLIP).exists():
            return None
        try:
            return read_sidecar(folder / CLIP)[0]
        except ValueError as error:
            self._set_aside(f"the metadata of take {folder.name} cannot be read: {error}", folder / CLIP)
            return None

    def _give_up(self, folder: Path) -> None:
        """Every take begins with its header: a file no longer than that holds not a byte of sound."""
        audio = folder / AUDIO
        if audio.exists() and audio.stat().st_size > HEADER_BYTES:
            self._set_aside(
                f"take {folder.name} could not be repaired: nothing tells what its sound is made of", folder
            )
        else:
            log.info("take %s holds no sound and is removed", folder.name)
            remove_take(folder)

    def _compare_clips(self) -> None:
        """One listing of the folder against the names in the catalogue: only what differs is opened."""
        strangers, odd = listed(self._places)
        for path in odd:
            self._set_aside("it is no file, or its name is no text", path)
        bare = []
        for name in self._catalogue.clips.names():
            files = strangers.pop(name, 0)
            if not files & SOUND:
                self.missing.append(name)
            elif not files & METADATA:
                bare.append(name)
        for name in [name for name in strangers if self._catalogue.clips.is_deleted(name)]:
            finish_deletion(self._places, self._catalogue, name)
            del strangers[name]
        whole = [name for name, files in strangers.items() if files == SOUND | METADATA]
        if whole:
            log.warning("missing from the catalogue, and entered now: %s", counted(len(whole), "clip"))
        self.enter(sorted(whole, key=time_in), AT_FIRST)
        for name in (name for name, files in strangers.items() if files == METADATA):
            self._set_aside(f"the sound of clip {name} is missing", self._places.sidecar(name))
        for name in bare:
            durable.write_file(self._places.sidecar(name), self._catalogue.clips.body(name).encode())
        bare_sounds = [name for name, files in strangers.items() if files == SOUND]
        for name in bare_sounds[:TAKES_AT_ONCE]:
            self._restore(name)
        self._complete &= len(bare_sounds) <= TAKES_AT_ONCE

    def enter(self, names: list[str], most: int | None = None) -> None:
        """Enter clips that have both files but no row, in this order; those over `most`, or a batch, are left in
        `clips_later`.

        What was entered is so for good: should the power go, or somebody lose patience, the next start goes on there.
        """
        most = most or BATCH
        strangers, self.clips_later = names[:most], names[most:]
        for start in range(0, len(strangers), BATCH):
            self._progress(f"entering clips: {start} of {len(strangers) + len(self.clips_later)}")
            self._enter_batch(strangers[start : start + BATCH])
        self._complete &= not self.clips_later

    def _enter_batch(self, names: Iterable[str]) -> None:
        found = ((name, self._described(name)) for name in names)
        clips = sorted((clip.began.wall_ns, name, clip, body) for name, (clip, body) in found if clip)
        refused = []
        with self._catalogue.transaction():
            for _, name, clip, body in clips:
                try:
                    self._catalogue.enter(clip, body, self._wanted)
                except ValueError as error:
                    refused.append((name, error))
        for name, why in refused:
            self._doubt(name, f"clip {name} cannot be entered: {why}")

    def _described(self, name: str) -> tuple[Clip | None, str]:
        self._beat()
        with self._as_far_as_possible(f"the metadata of clip {name} could not be read"):
            try:
                return read_clip(self._places, name)
            except ValueError as error:
                self._doubt(name, f"the metadata of clip {name} cannot be used: {error}")
        return None, ""

    def _doubt(self, name: str, why: str) -> None:
        """Believe the sound rather than its metadata."""
        self._set_aside(why, self._places.sidecar(name))
        self._restore(name)

    def _restore(self, name: str) -> None:
        """Make a clip whose metadata is lost the take again that it was, and finish that."""
        take_id = name.rpartition("_")[2]
        self.remade.add(take_id)
        try:
            if self._catalogue.clips.knows(take_id):
                raise ValueError("there is, or was, another clip of its id")
            folder = make_take(self._places, name)
        except ValueError as error:
            self._set_aside(f"{name}.wav has no metadata: {error}", self._places.sound(name))
        else:
            self.take_up([folder])

    def _sweep_renditions(self) -> None:
        """Remove what the catalogue does not name: the leftovers of a crash. All of it can be made again."""
        known = self._catalogue.clips.encoding_paths()
        for path in self._places.renditions.iterdir():
            if path.is_file() and self._places.relative(path) not in known:
                path.unlink()

    def _sweep_inbox(self) -> None:
        """Put away what the catalogue does not name. Its feed brings it again."""
        for name in self._catalogue.tracks.removed().intersection(names_in(self._places.inbox)):
            (self._places.inbox / name).unlink(missing_ok=True)
        compare(self._places, self._catalogue, self._beat)
        strays = names_in(self._places.inbox) - self._catalogue.tracks.names()
        if paths := [self._places.inbox / name for name in sorted(strays) if name[0] != "."]:
            self._set_aside("the catalogue knows nothing of these tracks", *paths)

    def _set_aside(self, why: str, *paths: Path) -> None:
        try:
            target = self._places.set_aside(why, *paths)
        except OSError as error:
            log.error("%s. It stays where it is, as it could not be moved to quarantine/: %s", legible(why), error)
        else:
            log.error("%s. It was moved to %s", legible(why), target.relative_to(self._places.directory))
