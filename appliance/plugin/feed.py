"""The contract of a feed backend: code that pulls remote audio into the inbox."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol, runtime_checkable

from appliance.config.options import OptionsClass
from appliance.plugin.upload import BackendContext
from appliance.values import frozen


class FeedJob(Protocol):
    """One pull of one feed, as the backend sees it. A key is the backend's own name for an item, never reused for
    another; it stays where the item's bytes change.
    """

    def has(self, key: str) -> bool:
        """Whether the item is in the inbox already, or was."""

    def note(self, key: str) -> dict[str, object]:
        """What `save_note` kept for this key last, or an empty dict."""

    def take_over(self, key: str, version: str) -> str:
        """Keep under `key` what an earlier release of the backend kept under `key`, a space and a version.

        `version` is the pattern of those. Of several the newest counts. Its version, or an empty text where there is
        none, or `key` is there already.
        """

    def save_note(self, key: str, note: dict[str, object]) -> None:
        """Keep a JSON-able note, such as an entity tag, for the next pull."""

    def new_track(
        self, key: str, title: str, suffix: str, *, begun: str = "", bounded: bool = True
    ) -> AbstractContextManager[BinaryIO]:
        """Open a file for the item's bytes; `suffix` is its extension (`.mp3`).

        The track enters the inbox, synced, when the block ends without an error. It takes the place of the one with
        this key, as one that nobody has heard; where that has the same bytes, it stays as it is.

        Raises Permanent then where the bytes are no sound that can be played, and Transient where they are not
        `bounded`, so that their end cannot be told from that of a broken line, and are no whole sound. Writing raises
        Permanent where the track would take room that recordings have in reserve, and Transient where the disk refuses.

        Else nothing of it stays, unless there is a name for what was `begun`: then an error other than Permanent leaves
        the bytes under that name, and the file that is next opened for it holds them. Its position is the start.
        """

    def begun(self, name: str) -> int:
        """How many bytes `new_track` has left under this name; they are synced."""

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Tell status and headers of a server's answer, where there is one, as soon as they are here."""

    def cancelled(self) -> bool:
        """True once the appliance is stopping: return soon."""


@runtime_checkable
class SummedFile(Protocol):
    """What a file of `new_track` has besides where it computes its own sum, which saves another look at the bytes."""

    def sha256(self) -> str:
        """The SHA-256 of all that is in it so far, in lower-case hex."""


class Sink(Protocol):
    """Something that takes bytes."""

    def write(self, block: bytes, /) -> int:
        """Take them; how many there were."""


@runtime_checkable
class ListeningFeedJob(FeedJob, Protocol):
    """A job of which a person waits to hear what comes: only such a one can do with what never ends."""

    def new_stream(self, title: str) -> AbstractContextManager[Sink]:
        """What is written sounds, and nothing of it is kept. Writing waits for whoever listens.

        It raises Cancelled once nobody does, and WrongKind where it is no sound that can be played.
        """


class FeedBackend(Protocol):
    """One feed's puller. `pull` runs on the feed's own thread, once at a time."""

    def pull(self, job: FeedJob) -> None:
        """Bring what is new into the inbox. Raises Transient or Permanent as an upload backend does."""

    def close(self) -> None:
        """Free what is held."""


@runtime_checkable
class ProbedFeedBackend(Protocol):
    """What a feed backend has besides where it can tell how its feed is, for the doctor."""

    def probe(self) -> str:
        """Ask the feed, pull nothing, and say in one line what was found. Raises as `pull` does. On any thread."""


@frozen
class FeedBackendType:
    """A kind of feed: its name in the config, its options class, and how to build a backend from them.

    `options_for_url` makes the options that would pull just one URL, or None where this kind cannot; it is how
    `appliance play URL` finds its puller. Of several kinds that can, those are asked first that know the URL by the end
    of its path (`suffixes`), then those that take any file, having none. One that finds nothing of its kind there
    raises WrongKind, and the next is asked.
    """

    name: str
    options: OptionsClass
    create: Callable[[Any, BackendContext], FeedBackend]
    options_for_url: Callable[[str], Any]
    extra: str = ""
    suffixes: tuple[str, ...] = ()
