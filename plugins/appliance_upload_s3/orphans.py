"""Uploads that were begun and never finished cost storage for ever: those of this box are aborted after a day."""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from appliance.plugin import Permanent, StorageError, Transient, write_file
from appliance_upload_s3.bucket import Answer, Bucket

_log = logging.getLogger(__name__)
AGE = timedelta(days=1)
INTERVAL = timedelta(days=1)
SETTLING = timedelta(hours=2)
LEFT = timedelta(days=21)
"""A ledger that was not touched for so long is nobody's: what waits is tried, and noted, every hour."""


class Orphans:
    """Knows the uploads in use, and aborts the other ones of this box.

    They are known by the `ledger`, a file in which each is noted while it is unfinished, and where that was lost by
    their keys: `own` says how those of this box start and what they look like, where that can be told. What stands in
    another ledger beside it is that of another destination, which may have the same keys; one that nobody has touched
    for weeks is of a destination that is called otherwise now, or is no more. An upload that
    waits for its next attempt is not an orphan: every pending delivery is tried at least once an hour, so none is
    aborted before the appliance has run for two hours. Ages are told by the server's clock alone.
    """

    def __init__(
        self,
        bucket: Bucket,
        own: tuple[str, re.Pattern[str] | None],
        age: timedelta = AGE,
        now: Callable[[], float] = time.monotonic,
        settling: timedelta = SETTLING,
        ledger: Path | None = None,
    ) -> None:
        self._bucket = bucket
        self._own = own
        self._age = age
        self._now = now
        self._next = now() + settling.total_seconds()
        self._in_use: set[str] = set()
        self._ledger = ledger
        self._begun = _read(ledger)
        self._lock = threading.Lock()

    def in_use(self, upload_id: str) -> None:
        """This upload waits, or is under way."""
        with self._lock:
            self._in_use.add(upload_id)
            if upload_id not in self._begun:
                self._note(self._begun | {upload_id})
            elif self._ledger:
                with suppress(OSError):
                    os.utime(self._ledger)

    def finished(self, upload_id: str) -> None:
        """This upload is an object now."""
        with self._lock:
            self._in_use.discard(upload_id)
            self._note(self._begun - {upload_id})

    def sweep_when_due(self) -> None:
        """Abort orphans, once a day at most. A failure is logged: it is no reason to fail a delivery."""
        with self._lock:
            if self._now() < self._next:
                return
            self._next = self._now() + INTERVAL.total_seconds()
        start, pattern = self._own
        noted = self._begun
        try:
            others, left = self._of_others()
            if not (pattern or noted or left):
                return
            there = list(self._bucket.uploads(start))
            for upload, answer in there:
                fits = pattern and pattern.fullmatch(upload["Key"]) and upload["UploadId"] not in others
                own = upload["UploadId"] in self._begun | left or fits
                if own and self._is_old(upload, answer) and not self._is_used(upload):
                    self._bucket.abort(upload["Key"], upload["UploadId"])
                    _log.info("aborted an unfinished upload of %s", upload["Key"])
                    self.finished(upload["UploadId"])
            self._forget(noted - {upload["UploadId"] for upload, _ in there})
        except (Transient, Permanent) as error:
            _log.warning("cannot tidy up unfinished uploads: %s", error)

    def _of_others(self) -> tuple[frozenset[str], frozenset[str]]:
        """Uploads of other destinations, and those of ones that are no more."""
        found: dict[bool, frozenset[str]] = {}
        for each in self._ledger.parent.glob("*.json") if self._ledger else ():
            if each != self._ledger:
                with suppress(OSError):
                    is_left = time.time() - each.stat().st_mtime > LEFT.total_seconds()
                    found[is_left] = found.get(is_left, frozenset()) | _read(each)
        return found.get(False, frozenset()), found.get(True, frozenset()) - found.get(False, frozenset())

    def _forget(self, gone: frozenset[str]) -> None:
        """Note these uploads no more, which are not there."""
        with self._lock:
            self._note(self._begun - (gone - self._in_use))

    def _note(self, begun: frozenset[str]) -> None:
        if self._ledger is None or begun == self._begun:
            return
        self._begun = begun
        try:
            self._ledger.parent.mkdir(exist_ok=True)
            write_file(self._ledger, json.dumps(sorted(begun)).encode())
        except (StorageError, OSError) as error:
            _log.warning("cannot note which uploads are unfinished: %s", error)

    def _is_old(self, upload: Answer, answer: Answer) -> bool:
        begun: datetime = upload["Initiated"]
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        return bool(date) and parsedate_to_datetime(date) - begun > self._age

    def _is_used(self, upload: Answer) -> bool:
        with self._lock:
            return upload["UploadId"] in self._in_use


def _read(ledger: Path | None) -> frozenset[str]:
    try:
        noted = json.loads(ledger.read_bytes()) if ledger else []
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(each for each in noted if isinstance(each, str)) if isinstance(noted, list) else frozenset()
