"""Pulls what a list at a URL names: the list is read first, then whatever of it is new."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedJob, Permanent, check_url, shown_url
from appliance_fetch.answers import conditions_of, validators_of
from appliance_fetch.fetcher import Fetcher, Item
from appliance_fetch.options import ListingOptions

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_LARGEST_LIST = 32_000_000
_MOST_WORDS = 4096

_WORDS = {
    401: "it does not accept the credentials. Check headers",
    403: "it does not give out the list. Check headers",
    404: "there is no list. Check url",
    410: "the list is gone for good. Remove the feed",
    429: "it wants to be asked less often. Set a longer `every`",
    503: "it is busy or down",
}

Read = Callable[[bytes, str], Sequence[Item]]
"""The entries of a list, the newest first: from its bytes, and the URL that they came from. Raises WrongKind."""


class ListingBackend:
    """Brings the newest entries of a list, each once, the oldest of them first.

    An entry may only lead where anybody on the network could: to this box itself only where the list lies there too, or
    `allow_local` says so. The credentials of the list go to its own server alone.
    """

    def __init__(self, options: ListingOptions, context: BackendContext, read: Read, *, in_order: bool = False) -> None:
        """`in_order` where the entries are to be heard as they are listed: then the first count as `newest` too."""
        self._options = options
        self._trusted = context.clock_trusted
        self._read = read
        self._in_order = in_order

    def pull(self, job: FeedJob) -> None:
        url = self._options.url
        fetcher = Fetcher(self._options, self._trusted, home=url)
        note = job.note(name := f"list {shown_url(url)}")
        conditions = conditions_of(note) if note.get("newest") == self._options.newest else {}
        with fetcher.exchange(url, fetcher.stopping(job, url), conditions) as answer:
            if answer.status == 304:
                return
            items, kept = self._items(answer), validators_of(answer)
        usable, refused = self._sorted_out(items[: self._options.newest])
        fetcher.pull(usable if self._in_order else usable[::-1], job)
        if refused:
            raise Permanent(f"{shown_url(url)} has {len(refused)} entries that cannot be fetched: {refused[0]}")
        job.save_note(name, {**kept, "newest": self._options.newest})

    def probe(self) -> str:
        """Read the list, and take nothing."""
        url = self._options.url
        with Fetcher(self._options, self._trusted, home=url).exchange(url, lambda: None) as answer:
            count = len(self._items(answer))
        return "the list is there, with one entry" if count == 1 else f"the list is there, with {count} entries"

    def close(self) -> None:
        pass

    def _items(self, answer: "Answer") -> Sequence[Item]:
        from appliance_http.statuses import status_error

        where = shown_url(self._options.url)
        if answer.status != 200:
            said = answer.head(_MOST_WORDS)
            raise status_error(answer.status, answer.reason, answer.headers, said, _WORDS, where)
        body = answer.head(_LARGEST_LIST + 1)
        if len(body) > _LARGEST_LIST:
            raise Permanent(f"{where} is larger than a list may be ({_LARGEST_LIST / 1e6:g} MB): is the URL right?")
        return self._read(body, answer.url)

    def _sorted_out(self, items: Sequence[Item]) -> tuple[list[Item], list[str]]:
        """What can be fetched, and why the others cannot."""
        usable, refused = list[Item](), list[str]()
        for item in items:
            try:
                check_url(item.url, allow_http=self._options.allow_http)
                usable.append(item)
            except ValueError as error:
                refused.append(str(error))
        return usable, refused
