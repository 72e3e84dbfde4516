"""Starts the store on what a power cut left, and says what is wrong with what it finds."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from appliance.audio.wav import HEADER_BYTES
from appliance.codec import from_json
from appliance.errors import ApplianceError
from appliance.models import Clip, Verdict
from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals
from tests.powercut.daemon import FORMAT
from tests.powercut.disk import Data, Disk, Name, Node, Safety, Size, State
from tests.powercut.log import Record
from tests.powercut.told import Told, told_before

DESTINATIONS = {"shelf": "original", "flacs": "flac"}
MOST_LOST = 1.0
"""Seconds of sound that a power cut may cost."""


class Judge:
    """Knows the record, and what every state that a power cut may leave of it has to hold."""

    def __init__(self, records: Sequence[Record], recorded_root: Path) -> None:
        self.records = records
        self.disk = Disk(records)
        self.safety = Safety(self.disk, self.disk.syncs)
        self._root = recorded_root
        names = [change for change in self.disk.changes if isinstance(change, Name)]
        audio = {name.node: name.target for name in names if name.target and name.name == "audio.wav"}
        self._takes = {name.name: audio[name.target] for name in names if name.target in audio}

    def sound(self, take_id: str, crash: int) -> bytes:
        """Everything that was written to the file of a take before record `crash`."""
        content = bytearray()
        for change in self.disk.changes_of(self._takes[take_id], crash):
            if isinstance(change, Data):
                content[change.offset : change.offset + len(change.data)] = change.data
            elif isinstance(change, Size) and change.cut:
                del content[change.size :]
        return bytes(content)

    def safe_bytes(self, take_id: str, crash: int) -> int:
        """The size that the file of a take has at least when the power goes before record `crash`."""
        sizes = [0]
        for change in self.disk.changes_of(self._takes[take_id], crash):
            if isinstance(change, Size):
                sizes = [change.size] if self.safety.is_safe(change, crash) else [*sizes, change.size]
        return min(sizes)

    def complaints(self, state: State, crash: int, root: Path) -> list[str]:
        """What is wrong after a start on the state, which is made in the folder `root`, which is not there yet."""
        told = told_before(self.records, crash)
        root.mkdir()
        try:
            state.write(root)
            found = list(self._before(state, told))
            try:
                store = open_store(root)
            except (ApplianceError, OSError, ValueError) as error:
                return [*found, f"the store does not start: {error}"]
            try:
                return [*found, *self._after(store, state, told, crash)]
            finally:
                store.close()
        finally:
            shutil.rmtree(root)

    def _before(self, state: State, told: Told) -> Iterator[str]:
        """What is wrong on the disk itself, where no start may come first."""
        paths = [path for path in state.paths if path.startswith(("state/clips/", "state/takes/"))]
        for gone in told.deleted | told.discarded:
            for path in paths:
                if gone in path:
                    yield f"{gone} is gone, it was said, but {path} is there"

    def _after(self, store: Store, state: State, told: Told, crash: int) -> Iterator[str]:
        clips = {clip.id: clip for clip in store.clips.newest_first()}
        yield from (f"{path.name} is left in takes/" for path in store.places.takes.iterdir())
        yield from (
            f"{path.name} is left in quarantine/"
            for path in store.places.quarantine.iterdir()
            if not path.name.startswith("news_")  # nobody was told of that track yet, and it comes again
        )
        yield from self._check_files(store, clips)
        for promised in told.clips.values():
            yield from self._check_clip(store, clips, promised, told, crash)
        for take_id in told.takes.keys() - told.clips.keys() - told.to_discard:
            yield from self._check_take(store, clips.get(take_id), take_id, told, crash)
        yield from self._check_deliveries(store, state, clips, told)
        yield from _check_tracks(store, told)

    def _check_files(self, store: Store, clips: Mapping[str, Clip]) -> Iterator[str]:
        """Every clip has its two files, and there are no others."""
        wanted = {f"{clip.name}{suffix}" for clip in clips.values() for suffix in (".wav", ".json")}
        there = {path.name for path in store.places.clips.iterdir()}
        if wanted != there:
            yield f"clips/ lacks {sorted(wanted - there)} and should not have {sorted(there - wanted)}"
        for clip in clips.values():
            if clip.file_name in there and store.clips.path(clip).stat().st_size != clip.size:
                yield f"clip {clip.id} has another size than the catalogue says"
            if f"{clip.name}.json" in there and _sidecar(store, clip) != clip:
                yield f"the sidecar of {clip.id} says something else than the catalogue"

    def _check_clip(
        self, store: Store, clips: Mapping[str, Clip], promised: Clip, told: Told, crash: int
    ) -> Iterator[str]:
        clip = clips.get(promised.id)
        if promised.id in told.deleted:
            if clip is not None:
                yield f"clip {promised.id} was deleted and is back"
        elif clip is None:
            if promised.id not in told.to_delete and not self._is_proved(store, promised.id, crash):
                yield f"clip {promised.id} was promised and is gone"
        elif clip != promised:
            yield f"clip {promised.id} is not what was promised: {clip} instead of {promised}"
        elif _bytes(store, clip) != self.sound(promised.id, crash):
            yield f"the sound of clip {promised.id} is not what was recorded"

    def _check_take(self, store: Store, clip: Clip | None, take_id: str, told: Told, crash: int) -> Iterator[str]:
        """A take that was in progress is there up to its last sync, and but for its last second."""
        format = FORMAT
        safe = max(0, self.safe_bytes(take_id, crash) - HEADER_BYTES) // format.frame_bytes
        written = self.sound(take_id, crash)[HEADER_BYTES:]
        told_of = max((length.frames for length in told.lengths if length.take_id == take_id), default=0)
        wanted = max(safe, told_of - format.frames(MOST_LOST))
        if clip is None:
            if wanted and not self._is_proved(store, take_id, crash):
                yield f"take {take_id} is gone, of which {wanted} frames were safe"
            return
        if clip.name != told.takes[take_id]:
            yield f"take {take_id} was {told.takes[take_id]} and is {clip.name}"
        found = _bytes(store, clip)[HEADER_BYTES:]
        if clip.frames < wanted:
            yield f"take {take_id} has {clip.frames} frames, of which {wanted} were safe"
        elif found[: wanted * format.frame_bytes] != written[: wanted * format.frame_bytes]:
            yield f"the sound of take {take_id} is not what was recorded"
        for mark in (offset for owner, offset in told.marks if owner == take_id and offset <= clip.frames):
            if mark not in [mark.offset for mark in clip.marks]:
                yield f"take {take_id} has lost its mark at {mark}"

    def _is_proved(self, store: Store, clip_id: str, crash: int) -> bool:
        """Whether there is a receipt from elsewhere for exactly what was recorded."""
        wanted = hashlib.sha256(self.sound(clip_id, crash)).hexdigest()
        receipts = [row.receipt for row in store.outbox.find() if row.clip_id == clip_id]
        return any(each and each.verified and not each.on_own_disk and each.checksum == wanted for each in receipts)

    def _check_deliveries(self, store: Store, state: State, clips: Mapping[str, Clip], told: Told) -> Iterator[str]:
        rows = {(row.clip_id, row.destination): row for row in store.outbox.find()}
        for clip_id in (clip.id for clip in clips.values() if clip.verdict is not Verdict.TOO_SHORT):
            if not DESTINATIONS.keys() <= {name for owner, name in rows if owner == clip_id}:
                yield f"clip {clip_id} does not go everywhere"
        for key, receipt in told.receipts.items():
            if key not in rows or rows[key].receipt != receipt:
                yield f"the receipt for {key} was promised and is gone"
        for key, row in rows.items():
            if row.receipt and row.receipt.on_own_disk:
                path = str(Path(row.receipt.remote_name).relative_to(self._root))
                content = state.contents.get(state.paths.get(path, Node(True)))
                if content is None or hashlib.sha256(content).hexdigest() != row.receipt.checksum:
                    yield f"the catalogue has a receipt for {key}, but {path} is not there or another"


def open_store(root: Path) -> Store:
    """The store on ROOT/state, started."""
    clock = ManualClock()
    store = Store(root / "state", clock, lambda _: None, Vitals(clock))
    store.set_destinations(DESTINATIONS)
    store.start()
    return store


def _bytes(store: Store, clip: Clip) -> bytes:
    path = store.clips.path(clip)
    return path.read_bytes() if path.exists() else b""


def _sidecar(store: Store, clip: Clip) -> Clip | None:
    try:
        return from_json((store.places.clips / f"{clip.name}.json").read_bytes(), Clip)
    except ValueError:
        return None


def _check_tracks(store: Store, told: Told) -> Iterator[str]:
    tracks = {track.id: track for track in store.inbox.tracks()}
    for track in told.tracks.values():
        found = tracks.get(track.id)
        path = store.places.inbox / track.path.name
        if found is None or not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != track.sha256:
            yield f"track {track.id} was promised and is gone or another"
    known = {track.path.name for track in tracks.values()}
    for path in store.places.inbox.iterdir():
        if path.name not in known and not path.name.endswith(".partial"):
            yield f"{path.name} in inbox/ belongs to nothing"
