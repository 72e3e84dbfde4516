"""What is asked of a remote, each question one run of rclone."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import field, frozen

from appliance.plugin import Permanent, Transient, keep_secret
from appliance_upload_rclone.errors import Failure, secrets_in, translate
from appliance_upload_rclone.hashes import choose
from appliance_upload_rclone.names import below
from appliance_upload_rclone.options import RunOptions
from appliance_upload_rclone.process import Rclone, nothing, unheard

_LONGEST_LIST = 32_000_000
_SLOWEST = 100
"""Bytes a second of a file; what comes slower would take for ever."""


@frozen
class RemoteFile:
    """What the remote says about a file: bytes, and the checksums that it keeps or computes, in hex, by kind."""

    size: int
    hashes: dict[str, str] = field(factory=dict)


@frozen
class ListedFile:
    """One file of a list: its path below the remote, bytes (-1 where nobody knows), and when it changed (RFC 3339)."""

    path: str
    size: int
    changed: str


class Remote:
    """One remote. All methods raise Transient or Permanent, and what `check` raises while rclone runs."""

    def __init__(self, options: RunOptions, clock_trusted: Callable[[], bool], rate_limit: int | None) -> None:
        for secret in (each for text in (options.remote, *options.flags) for each in secrets_in(text)):
            keep_secret(secret)
        self._remote = options.remote
        self._clock_trusted = clock_trusted
        self._limit = [f"--bwlimit={rate_limit}B"] if rate_limit is not None else []
        self._rclone = Rclone(options)
        self._timeout = options.timeout
        self._kinds: tuple[str, ...] | None = None
        self.is_local = options.remote.startswith(("/", ":local"))
        """Whether it is a folder of the box; for a remote by name rclone knows, once it was asked."""

    def __str__(self) -> str:
        """Its name alone: what follows in a connection string may hold passwords."""
        name = self._remote.partition(",")[0].partition("=")[0]
        return f"rclone remote '{name}'"

    @property
    def computes_hashes(self) -> bool | None:
        """Whether checksums prove what it holds; None while nobody has asked it."""
        return None if self._kinds is None else choose(self._kinds) is not None

    def hash_kind(self, check: Callable[[], None] = nothing) -> str | None:
        """The kind of checksum to compare; None where the remote computes none that proves anything."""
        if self._kinds is None:
            features = _parse(self._ask("backend", "features", self._remote, check=check)) or {}
            self._kinds = tuple(features.get("Hashes") or ())
            self.is_local |= bool((features.get("Features") or {}).get("IsLocal"))
        return choose(self._kinds)

    def stat(self, path: str, check: Callable[[], None] = nothing) -> RemoteFile | None:
        """What is there under `path`; None where nothing is."""
        kind = self.hash_kind(check)
        hashes = ["--hash", f"--hash-type={kind}"] if kind else []
        answer = self._rclone.run("lsjson", "--stat", *hashes, below(self._remote, path), check=check)
        if isinstance(answer, Failure):
            if answer.not_found:
                return None
            raise self._error(answer)
        found = _parse(answer)
        return RemoteFile(found["Size"], found.get("Hashes") or {}) if found and not found["IsDir"] else None

    def copy(
        self,
        file: Path,
        path: str,
        check: Callable[[], None] = nothing,
        progress: Callable[[int], None] = unheard,
        *,
        over: bool = False,
    ) -> None:
        """Copy a local file to `path`; `over` one that may be there."""
        rules = [
            *([] if over else ["--immutable"]),
            "--checksum",
            "--stats=500ms",
            "--stats-log-level=NOTICE",
            *self._limit,
        ]
        self._ask("copyto", *rules, str(file), below(self._remote, path), check=check, progress=progress)

    def read(self, path: str) -> bytes:
        """A small file."""
        return self._ask("cat", below(self._remote, path))

    def files(self, patterns: str, check: Callable[[], None] = nothing) -> list[ListedFile]:
        """All files below it whose names match, as rclone writes patterns."""
        lines = bytearray()

        def take(block: bytes) -> None:
            lines.extend(block)
            if len(lines) > _LONGEST_LIST:
                raise Permanent(f"{self} holds too many files. Name a folder in `remote`")

        rules = ["--recursive", "--files-only", "--no-mimetype", "--ignore-case", f"--include={patterns}"]
        self._ask("lsjson", *rules, self._remote, check=check, take=take)
        try:
            return [
                ListedFile(str(each["Path"]), int(each["Size"]), str(each["ModTime"])) for each in json.loads(lines)
            ]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Transient(f"rclone gave a list that makes no sense: {bytes(lines[:80])!r}") from error

    def fetch(self, path: str, take: Callable[[bytes], None], check: Callable[[], None] = nothing) -> None:
        """The bytes of a file, as they come. Raises Transient where next to nothing comes for `timeout` seconds."""
        pace = _Pace(take, check, str(self), self._timeout)
        self._ask("cat", *self._limit, below(self._remote, path), check=pace.check, take=pace.take)

    def delete(self, path: str) -> None:
        """Remove a file."""
        self._ask("deletefile", below(self._remote, path))

    def hash_local(self, file: Path, kind: str, check: Callable[[], None]) -> str:
        """The checksum of a local file, of a kind that only rclone knows."""
        return self._ask("hashsum", kind, str(file), check=check).decode().split()[0]

    def _ask(
        self,
        *arguments: str,
        check: Callable[[], None] = nothing,
        progress: Callable[[int], None] = unheard,
        take: Callable[[bytes], None] | None = None,
    ) -> bytes:
        answer = self._rclone.run(*arguments, check=check, progress=progress, take=take)
        if isinstance(answer, Failure):
            raise self._error(answer)
        return answer

    def _error(self, failure: Failure) -> Exception:
        return translate(failure, str(self), clock_trusted=self._clock_trusted())


class _Pace:
    """Takes what comes of a file, and tells where that is as good as nothing."""

    def __init__(self, take: Callable[[bytes], None], check: Callable[[], None], whose: str, patience: float) -> None:
        self._take = take
        self._check = check
        self._whose = whose
        self._patience = patience
        self._came, self._since = 0, time.monotonic()

    def take(self, block: bytes) -> None:
        self._came += len(block)
        self._take(block)

    def check(self) -> None:
        self._check()
        if (now := time.monotonic()) - self._since <= self._patience:
            return
        rate = self._came / (now - self._since)
        self._came, self._since = 0, now
        if rate < _SLOWEST:
            raise Transient(f"{self._whose} sends next to nothing ({rate:.1f} bytes a second): it is tried again later")


def _parse(answer: bytes) -> dict[str, Any] | None:
    """A JSON object, or null."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Transient(f"rclone gave an answer that is not JSON: {answer[:80]!r}") from error
    return found if isinstance(found, dict) else None
