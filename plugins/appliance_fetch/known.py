"""What is known of an item from earlier pulls, and whether it is another now."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

from appliance.plugin import FeedJob, Permanent, TooLarge, shown_url
from appliance_fetch.answers import conditions_of, told_of
from appliance_fetch.item import Item
from appliance_fetch.refusals import Refusal, Refusals

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_VERSION = r'#\d+|(W/)?".*"|\w{3}, \d.*'
"""Behind a URL in the keys of earlier releases: a number, or a validator."""


class Known:
    """One item as an inbox and its feed know it. What changes at its place is another, and takes its place.

    An entry of a list is another once its list says so, else once its server does: where neither tells anything, it
    stays as it is. What earlier releases noted too little of is taken for what it is now.
    """

    def __init__(self, item: Item, job: FeedJob, refusals: Refusals) -> None:
        self.key = item.key or _name(item.url)
        if not item.key:
            job.take_over(self.key, _VERSION)
        self.note = job.note(self.key)
        self._item = item
        self._job = job
        self._refusals = refusals
        version = item.sha256.lower() or item.version
        self._listed = {"place": _place(item.url), "version": version} if item.key else {}
        self._is_copy = bool(self.note.get("copy")) and self._held_elsewhere(self.note.get("sha256"))
        self._there = self._is_copy or job.has(self.key)
        refusal = refusals.of(self.key)
        self._refusal = refusal if refusal and _listed_of(refusal.version) == self._listed else None

    def is_settled(self) -> bool:
        """Whether nothing is to be asked. Raises Permanent where it was refused, and is not to be asked for now."""
        item = self._item
        if self._refusal:
            if not item.asks:
                raise self._refusal.again()
            return False
        if not item.key or not self._there or self._is_other:
            return False
        if item.asks and not (item.sha256 or item.version):
            return False
        self._save(self.note | self._listed)
        return True

    def conditions(self) -> dict[str, str]:
        """The headers that ask for it only if it is another (RFC 9110, 13.1)."""
        if self._refusal:
            return conditions_of(_mapping(self._refusal.version))
        return {} if self._is_other or (self._item.key and not self._there) else conditions_of(self.note)

    def is_same(self, answer: "Answer") -> bool:
        """Whether the server says that it is no other. Raises Permanent where it is what was refused."""
        told = told_of(answer)
        if self._refusal and (answer.status == 304 or self._was_refused(self._refusal, answer, told)):
            raise self._refusal.again()
        if answer.status == 304:
            return True
        proofs = told if self._item.key else {name: text for name, text in told.items() if name != "length"}
        if not self._there or self._is_other or not self._is_alike(self.note, answer, proofs):
            return False
        self._refusals.forget(self.key)
        self._save(self.note | told | self._listed)
        return True

    def has_come(self, digest: str) -> bool:
        """Whether these very bytes are there: brought as this item, or as another entry of the list."""
        if self._there and digest == self.note.get("sha256"):
            return True
        self._is_copy = bool(self._item.key) and not self._job.has(self.key) and self._held_elsewhere(digest)
        return self._is_copy

    def brought(self, told: Mapping[str, str], digest: str) -> None:
        """It is there, with these bytes."""
        self._refusals.forget(self.key)
        copy = {"copy": True} if self._is_copy else {}
        if self._item.key and not self._is_copy:
            self._job.save_note(f"sha256 {digest}", {"key": self.key})
        self._job.save_note(self.key, {**told, "sha256": digest, **self._listed, **copy})

    def refused(self, told: Mapping[str, str], error: Permanent) -> None:
        """The inbox does not take it, as it is. Where nothing tells whether it changes it is tried again: at once, as
        that costs no more than once to find out, or in a day where it is too large.
        """
        is_told = bool(told or self._listed.get("version"))
        if is_told or isinstance(error, TooLarge):
            self._refusals.remember(self.key, {**told, **self._listed}, error, for_a_day=not is_told)

    def broke_off(self, size: int, told: Mapping[str, str]) -> None:
        """So many bytes of it are there; none where it begins anew."""
        kept = {name: value for name, value in self.note.items() if name != "begun"}
        self.note = kept | ({"begun": {**told, "size": size}} if size else {})
        self._job.save_note(self.key, self.note)

    @cached_property
    def _is_other(self) -> bool:
        """Whether the list says so."""
        sha256 = self._item.sha256.lower()
        if not sha256:
            return any(self.note.get(name, text) != text for name, text in self._listed.items())
        if noted := self.note.get("sha256"):
            return noted != sha256
        holder = self._job.note(f"sha256 {sha256}").get("key")
        return holder is None if self._is_copy else holder != self.key

    def _is_alike(self, noted: Mapping[str, object], answer: "Answer", told: Mapping[str, str]) -> bool:
        """Whether it is no other, by the best proof that there is; without any an entry of a list is none."""
        compared = (noted[name] == text for name, text in told.items() if name in noted)
        return answer.status == 200 and next(compared, bool(self._item.key))

    def _was_refused(self, refusal: Refusal, answer: "Answer", told: Mapping[str, str]) -> bool:
        """Whether it is what was refused: by what tells that, or because nothing told it then nor does now."""
        if refusal.until < inf:
            return answer.status == 200 and not told
        return self._is_alike(_mapping(refusal.version), answer, told)

    def _held_elsewhere(self, digest: object) -> bool:
        """Whether another entry has these bytes. What earlier releases noted of a copy tells no digest."""
        if not digest:
            return True
        other = str(self._job.note(f"sha256 {digest}").get("key", self.key))
        return other != self.key and self._job.note(other).get("sha256", digest) == digest

    def _save(self, note: dict[str, object]) -> None:
        kept = {name: value for name, value in note.items() if name != "begun"}
        if kept != self.note:
            self._job.save_note(self.key, kept)


def _name(url: str) -> str:
    """What a URL is kept as: as it is, unless it holds what is not to be shown."""
    shown = shown_url(url)
    return url if shown == url else f"{shown} {_digest(url)}"


def _place(url: str) -> str:
    """A URL without its query, in which many a server has another signature each time; its path may be a secret."""
    return _digest(url.partition("?")[0])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _mapping(version: object) -> Mapping[str, object]:
    return version if isinstance(version, dict) else {}


def _listed_of(version: object) -> dict[str, object]:
    return {name: text for name, text in _mapping(version).items() if name in ("place", "version")}
