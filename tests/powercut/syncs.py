"""What each sync of a record is for, so that one kind after the other can be left out."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from tests.powercut.disk import Change, Data, Disk, Name, Node, Size, Sync

_PATTERNS = (
    (r"\b(shelf|flacs)\b", "DESTINATION"),
    (r"\bbox_[0-9_+-]+_[a-z2-7]{10}", "NAME"),
    (r"(?<=takes/)[a-z2-7]{10}|^(?!quarantine|renditions)[a-z2-7]{10}$", "ID"),
    (r"\bnews_[0-9_Z-]+_[0-9a-f]+", "TRACK"),
    (r"\.appliance-[0-9a-f]+-[0-9a-f]+\.partial", ".PARTIAL"),
)

NOTHING = "nothing that was not safe already"


def by_purpose(disk: Disk) -> Mapping[str, Sequence[Sync]]:
    """All syncs by what they make safe, in words: where, and which names or what else came or went there."""
    found: dict[str, list[Sync]] = defaultdict(list)
    safe: dict[Node, int] = defaultdict(lambda: -1)
    for sync in disk.syncs:
        covered = [change for change in disk.changes_of(sync.node, sync.begin) if change.at > safe[sync.node]]
        safe[sync.node] = sync.begin
        found[_purpose(disk, sync, covered)].append(sync)
    return found


def _purpose(disk: Disk, sync: Sync, covered: Sequence[Change]) -> str:
    path = _plain(disk.path_of(sync.node, sync.begin).removeprefix("state/") or ".")
    if not covered:
        return f"{path}: {NOTHING}"
    if not sync.node.is_folder:
        if path.endswith(".jsonl") and any(isinstance(change, Data) and not change.offset for change in covered):
            return f"{path}, begun"
        sealed = path.endswith("audio.wav") and any(isinstance(change, Size) and change.cut for change in covered)
        return f"{path}, sealed" if sealed else path
    names = [change for change in covered if isinstance(change, Name) and not change.name.startswith(".")]
    came = {f"+{_plain(change.name)}" for change in names if change.target}
    gone = {f"-{_plain(change.name)}" for change in names if not change.target}
    return f"{path}/: {' '.join(sorted(came or gone))}"


def _plain(path: str) -> str:
    for pattern, word in _PATTERNS:
        path = re.sub(pattern, word, path)
    return path
