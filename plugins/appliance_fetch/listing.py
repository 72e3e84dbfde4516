"""Pulls what a list at a URL names: the list is read first, then whatever of it is new."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from appliance.plugin import BackendContext, FeedJob, Permanent, check_url, counted, shown_url
from appliance_fetch.answers import conditions_of, validators_of
from appliance_fetch.fetcher import Fetcher
from appliance_fetch.item import Item
from appliance_fetch.options import ListingOptions
from appliance_fetch.refusals import Refusals

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_LARGEST_LIST = 4_000_000
"""Bytes: lists of ten thousand entries are smaller, and what is larger takes memory that a small box does not have."""

_MOST_WORDS = 4096
_ASKED = 20
"""Entries that a pull asks for at most to find out whether they have changed; those of a longer list take turns."""

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
    """Brings the newest entries of a list, the oldest of them first, each again only once it has changed.

    An entry may only lead where anybody on the network could: to this box itself only where the list lies there too, or
    `allow_local` says so. The credentials of the list go to its own server alone.
    """

    def __init__(
        self,
        options: ListingOptions,
        context: BackendContext,
        read: Read,
        *,
        in_order: bool = False,
        largest: int = _LARGEST_LIST,
    ) -> None:
        """`in_order` where the entries are to be heard as they are listed: then the first count as `newest` too.
        `largest` is how many bytes the list may have.
        """
        self._options = options
        self._trusted = context.clock_trusted
        self._read = read
        self._in_order = in_order
        self._largest = largest
        self._validators: Mapping[str, str] = {}
        self._usable: Sequence[Item] = ()
        self._astray: Sequence[str] = ()
        """Why the other entries cannot be fetched."""
        self._refusals = Refusals()
        self._next = random.randrange(1000)
        """The entry that is asked for next: after a restart any, as otherwise the last would never have their turn."""

    def pull(self, job: FeedJob) -> None:
        url = self._options.url
        fetcher = Fetcher(self._options, self._trusted, home=url, refusals=self._refusals)
        with fetcher.exchange(url, fetcher.stopping(job, url), conditions_of(self._validators)) as answer:
            if answer.status != 304:
                self._usable, self._astray = self._sorted_out(self._items(answer))
                self._validators = validators_of(answer)
        self._bring(self._asked_in_turn(self._usable if self._in_order else self._usable[::-1]), job, fetcher)
        if self._astray:
            count = counted(len(self._astray), "entry", "entries")
            raise Permanent(f"{shown_url(url)} has {count} that cannot be fetched: {self._astray[0]}")

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
        body = answer.head(self._largest + 1)
        if len(body) > self._largest:
            raise Permanent(f"{where} is larger than a list may be ({self._largest / 1e6:g} MB): is the URL right?")
        return self._read(body, answer.url)

    def _bring(self, items: Sequence[Item], job: FeedJob, fetcher: Fetcher) -> None:
        fetcher.pull(items, job)

    def _asked_in_turn(self, items: Sequence[Item]) -> Sequence[Item]:
        if len(items) <= _ASKED:
            return items
        begin = self._next % len(items)
        self._next = begin + _ASKED
        return [
            item if (number - begin) % len(items) < _ASKED else evolve(item, asks=False)
            for number, item in enumerate(items)
        ]

    def _sorted_out(self, items: Iterable[Item]) -> tuple[list[Item], list[str]]:
        """The newest that can be fetched, each once, and why others before them cannot."""
        usable, refused = dict[str, Item](), list[str]()
        for item in items:
            if len(usable) == self._options.newest:
                break
            try:
                if item.wrong:
                    raise ValueError(item.wrong)
                check_url(item.url, allow_http=self._options.allow_http)
                if usable.setdefault(item.key, item).url != item.url:
                    raise ValueError(f"{shown_url(item.url)} has the id of another entry: the first counts")
            except ValueError as error:
                refused.append(str(error))
        return list(usable.values()), refused
