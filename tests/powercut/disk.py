"""What may be on a disk after the power went, given what was asked of it before.

The model is that of Pillai et al., "All File Systems Are Not Created Equal" (OSDI '14), with nothing taken for granted:
every sector of 512 bytes of a file, its size and every name in a folder reach the disk by themselves, in any order or
never, until a sync of that file or folder that began after them has ended. A rename is two such names, so it may be
seen half done; no file system in use is as bad as that.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, field, frozen

from tests.powercut.log import Kind, Record

SECTOR = 512
NEVER = 1 << 62


@frozen(eq=False)
class Node:
    """A file or a folder, as long as it exists: inode numbers are used again."""

    is_folder: bool


@frozen(eq=False)
class Change:
    """One thing that reaches the disk by itself, or does not. `at` is the number of the record that asked for it."""

    at: int
    node: Node


@frozen(eq=False)
class Data(Change):
    offset: int
    data: bytes

    @property
    def sectors(self) -> range:
        """Numbers of the sectors that it touches."""
        return range(self.offset // SECTOR, (self.offset + len(self.data) - 1) // SECTOR + 1)


@frozen(eq=False)
class Size(Change):
    """The size of the file; `cut` where what was beyond is gone."""

    size: int
    cut: bool = False


@frozen(eq=False)
class Name(Change):
    """What a name in the folder `node` stands for from now on, if anything."""

    name: str
    target: Node | None


@frozen(eq=False)
class Sync:
    """A sync of a file or folder, by the numbers of the records of its begin and its end."""

    begin: int
    end: int
    node: Node


Torn = frozenset[int]
Choice = Mapping[Change, bool | Torn]
"""For each change that is not safe: whether it has reached the disk, or which of its sectors have."""


@define
class State:
    """What is on the disk: every path, and which paths are the same file."""

    paths: dict[str, Node] = field(factory=dict)
    contents: dict[Node, bytes] = field(factory=dict)

    def key(self) -> int:
        """Equal for equal states."""
        return hash(frozenset((path, self.contents.get(node)) for path, node in self.paths.items()))

    def write(self, root: Path) -> None:
        """Make it real in the folder `root`, which is there and empty."""
        made: dict[Node, Path] = {}
        for name, node in self.paths.items():
            path = root / name
            if node.is_folder:
                path.mkdir()
            elif node in made:
                path.hardlink_to(made[node])
            else:
                path.write_bytes(self.contents[node])
                made[node] = path


class Disk:
    """Everything that was asked of the disk, and which syncs there were."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.root = Node(True)
        self.changes: list[Change] = []
        self.syncs: list[Sync] = []
        self._read(records)
        self._of: dict[Node, list[Change]] = defaultdict(list)
        for change in self.changes:
            self._of[change.node].append(change)

    def _read(self, records: Sequence[Record]) -> None:
        nodes: dict[int, Node] = {}
        sizes: dict[Node, int] = defaultdict(int)
        begun: dict[tuple[int, int], tuple[int, Node]] = {}

        def resize(at: int, node: Node, size: int, cut: bool = False) -> None:
            sizes[node] = size
            self.changes.append(Size(at, node, size, cut))

        for at, record in enumerate(records):
            a, b, data = record.a, record.b, record.data
            match record.kind:
                case Kind.BEGIN:
                    nodes.setdefault(a, self.root)
                case Kind.FOLDER | Kind.FILE:
                    nodes[b] = Node(record.kind is Kind.FOLDER)
                    self.changes.append(Name(at, nodes[a], data.decode(), nodes[b]))
                case Kind.LINK:
                    self.changes.append(Name(at, nodes[a], data.decode(), nodes[b]))
                case Kind.UNLINK:
                    self.changes.append(Name(at, nodes[a], data.decode(), None))
                case Kind.WRITE if data:
                    self.changes.append(Data(at, nodes[a], b, data))
                    if b + len(data) > sizes[nodes[a]]:
                        resize(at, nodes[a], b + len(data))
                case Kind.CUT:
                    resize(at, nodes[a], b, cut=True)
                case Kind.ALLOCATE if b > sizes[nodes[a]]:
                    resize(at, nodes[a], b)
                case Kind.SYNC:
                    begun[a, b] = at, nodes[a]
                case Kind.SYNCED:
                    begin, node = begun.pop((a, b))
                    self.syncs.append(Sync(begin, at, node))
                case _:
                    pass

    def changes_of(self, node: Node, before: int) -> Iterator[Change]:
        """What was asked of one file or folder before the record `before`."""
        return (change for change in self._of[node] if change.at < before)

    def path_of(self, node: Node, at: int) -> str:
        """The path under which a file or folder was known when record `at` came; the last one where there is none."""
        names = [
            change for change in self.changes if isinstance(change, Name) and change.target is node and change.at <= at
        ]
        if not names:
            return ""
        above = self.path_of(names[-1].node, at)
        return f"{above}/{names[-1].name}" if above else names[-1].name


class Safety:
    """When each change is safe, and what may be on the disk while it is not."""

    def __init__(self, disk: Disk, syncs: Iterable[Sync]) -> None:
        self.disk = disk
        ends: dict[Node, list[tuple[int, int]]] = defaultdict(list)
        for sync in syncs:
            ends[sync.node].append((sync.begin, sync.end))
        self._from = {change: _first_end(ends[change.node], change.at) for change in disk.changes}
        self._contents: dict[tuple[object, ...], bytes] = {}

    def is_safe(self, change: Change, crash: int) -> bool:
        """Whether it is on the disk for certain when the power goes before record `crash`."""
        return self._from[change] < crash

    def open(self, crash: int) -> list[Change]:
        """What was asked for and is not safe when the power goes before record `crash`."""
        return [change for change in self.disk.changes if change.at < crash and not self.is_safe(change, crash)]

    def state(self, crash: int, choice: Choice, filler: int = 0) -> State:
        """What is on the disk. What has a size but no data reads as `filler`."""
        state = State()
        self._fill(state, self.disk.root, "", crash, choice, filler)
        return state

    def _fill(self, state: State, folder: Node, path: str, crash: int, choice: Choice, filler: int) -> None:
        names: dict[str, Node | None] = {}
        for change in self.disk.changes_of(folder, crash):
            if isinstance(change, Name) and (self.is_safe(change, crash) or choice[change]):
                names[change.name] = change.target
        for name, node in names.items():
            if node is None:
                continue
            state.paths[path + name] = node
            if node.is_folder:
                self._fill(state, node, f"{path}{name}/", crash, choice, filler)
            elif node not in state.contents:
                state.contents[node] = self._content(node, crash, choice, filler)

    def _content(self, node: Node, crash: int, choice: Choice, filler: int) -> bytes:
        changes = list(self.disk.changes_of(node, crash))
        kept = [True if self.is_safe(change, crash) else choice[change] for change in changes]
        key = node, len(changes), filler, tuple(kept)
        if key not in self._contents:
            self._contents[key] = _content(changes, kept, filler)
        return self._contents[key]


def _first_end(spans: list[tuple[int, int]], at: int) -> int:
    """The end of the first sync that began after record `at`."""
    return min((end for begin, end in spans if begin > at), default=NEVER)


def _content(changes: Sequence[Change], kept: Sequence[bool | Torn], filler: int) -> bytes:
    """The bytes of a file of which these changes, in order, have reached the disk or not.

    A sector is one piece: where a later change to it is on the disk, so are the earlier ones.
    """
    written: list[tuple[Data, Collection[int]]] = []
    reached: set[int] = set()
    for change, keep in zip(reversed(changes), reversed(kept), strict=True):
        if isinstance(change, Data):
            here = change.sectors
            sectors = here if keep is True else {s for s in here if s in reached or (keep is not False and s in keep)}
            reached.update(sectors)
            written.append((change, sectors))
    content, size = bytearray(), 0
    pieces = iter(reversed(written))
    for change, keep in zip(changes, kept, strict=True):
        if isinstance(change, Data):
            _put(content, change, next(pieces)[1], filler)
        elif isinstance(change, Size) and keep:
            size = change.size
            if change.cut:
                del content[size:]
    return bytes(content[:size]) + bytes([filler]) * (size - len(content))


def _put(content: bytearray, change: Data, sectors: Collection[int], filler: int) -> None:
    begin, end = change.offset, change.offset + len(change.data)
    whole = len(sectors) == len(change.sectors)
    pieces = [(begin, end)] if whole else [(max(begin, s * SECTOR), min(end, (s + 1) * SECTOR)) for s in sectors]
    for first, last in pieces:
        content += bytes([filler]) * (last - len(content))
        content[first:last] = change.data[first - begin : last - begin]
