"""Who may use the page: a password, the sessions of browsers, and tokens for programs. One small file holds them.

Nothing in the file opens the page: the password is kept as scrypt (RFC 7914) with a salt, sessions and tokens as
SHA-256 of 256 random bits. But the code for guests, who may record and nothing else, is there to be shown again.
"""

import json
import os
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from appliance.clock import Clock
from appliance.codec import word
from appliance.durable import make_directory, read_object, write_file
from appliance.errors import NotFound, StorageError, UsageError
from appliance.sparing import later, spared
from appliance.sums import sha256
from appliance.values import frozen

with spared(later("hashlib", "hmac", "secrets")):  # OpenSSL comes with the first key that is looked at
    import hashlib
    import hmac
    import secrets

SESSION_SECONDS = 30 * 86_400
"""How long a browser stays logged in."""

SHORTEST = 8
"""Characters of the shortest password."""

LONGEST = 256
"""Characters of the longest password that is looked at."""

PIN_FIGURES, PIN_SECONDS, PIN_TRIES = 6, 600, 10
"""A PIN has so many figures, holds for so many seconds, and bears so many wrong tries, from all addresses together."""

CODE_FIGURES = 8
"""Figures of the code that lets guests in until the host ends that."""

_MOST_SESSIONS = 200
_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1}
"""16 MiB for each try (RFC 7914, 2)."""


class Role(StrEnum):
    """What somebody may do: everything; listen, download and label; or leave recordings and nothing else."""

    HOST = "host"
    HELPER = "helper"
    GUEST = "guest"


_OPENS = {"helper": Role.HELPER, "password": Role.HOST, "pin": Role.HOST}
"""Who has which of the keys that are typed."""


@frozen
class Visitor:
    """Somebody who was let in. `csrf` goes with whatever a browser of his asks to change; programs have none."""

    role: Role
    csrf: str = ""


class Keys:
    """The keys in the file at `path`, which several processes may change."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._trying = threading.Lock()  # so that many who try at once cost no more memory than one
        self._read_at = -1
        self._kept: dict[str, Any] = {}

    @property
    def folder(self) -> Path:
        """Where the file is: the folder that is the page's own."""
        return self._path.parent

    @property
    def locked(self) -> bool:
        """Whether there is a password."""
        return "password" in self._now()

    def set_password(self, password: str, role: Role = Role.HOST) -> None:
        """Let `password` open the page from now on, and log everybody out. Raises UsageError, StorageError."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters. Take a few words that you remember")
        salt = secrets.token_bytes(16)
        entry = {"salt": salt.hex(), "scrypt": _scrypt(password, salt).hex()}
        with self._lock:
            kept = self._now()
            where = "password" if role is Role.HOST else "helper"
            self._write({**_without(kept, "guests"), where: entry, "sessions": {}})

    def log_in(self, password: str) -> str | None:
        """A new session for whoever knows a password; None for all others, after the same time."""
        kept = self._now()
        where = self._tried(password, kept, ("helper", "password", *(["pin"] if "pin" in kept else [])))
        used = where == "pin"
        if where is None or (used and self._is_over(kept["pin"])):
            self._spend_pin()
            return None
        session = secrets.token_urlsafe(32)
        with self._lock:
            kept = self._now()
            alive = {key: each for key, each in kept.get("sessions", {}).items() if not self._is_over(each)}
            newest = dict(sorted(alive.items(), key=lambda each: each[1]["until"])[-_MOST_SESSIONS + 1 :])
            newest[_hash(session)] = {"role": str(_OPENS[where]), **self._until(SESSION_SECONDS)}
            self._write({**(_without(kept, "pin") if used else kept), "sessions": newest})
        return session

    def role_of(self, password: str) -> Role | None:
        """Who has this password; None for nobody."""
        where = self._tried(password, self._now(), ("helper", "password"))
        return _OPENS[where] if where else None

    def _tried(self, password: str, kept: dict[str, Any], keys: Iterable[str]) -> str | None:
        """Which of these keys a password is, the last one where it is several: found out in the same time for each."""
        found = None
        with self._trying:
            for where in keys:
                entry = {"salt": "00", "scrypt": "00"} | kept.get(where, {})
                tried = _scrypt(password[:LONGEST], bytes.fromhex(entry["salt"]))
                if hmac.compare_digest(tried, bytes.fromhex(entry["scrypt"])):
                    found = where
        return found

    def make_pin(self) -> str:
        """Six figures that log in a host once, soon: in the place of those before. Raises UsageError, StorageError."""
        pin = f"{secrets.randbelow(10**PIN_FIGURES):0{PIN_FIGURES}}"
        salt = secrets.token_bytes(16)
        with self._lock:
            kept = self._now()
            if "password" not in kept:
                raise UsageError("there is no password yet: set one with `appliance web password`")
            entry = {"salt": salt.hex(), "scrypt": _scrypt(pin, salt).hex(), "tries": PIN_TRIES}
            self._write({**kept, "pin": {**entry, **self._until(PIN_SECONDS)}})
        return pin

    def _spend_pin(self) -> None:
        """Somebody was wrong, wherever that was: a PIN can be guessed, so it bears few of that."""
        with self._lock:
            kept = self._now()
            if pin := kept.get("pin"):
                left = {**pin, "tries": pin["tries"] - 1}
                self._write({**kept, "pin": left} if left["tries"] else _without(kept, "pin"))

    def let_guests_in(self) -> str:
        """A new code for guests, in the place of the one before. Raises UsageError, StorageError."""
        code = f"{secrets.randbelow(10**CODE_FIGURES):0{CODE_FIGURES}}"
        with self._lock:
            kept = self._now()
            if "password" not in kept:
                raise UsageError("there is no password yet: set one with `appliance web password`")
            self._write({**kept, "guests": {"code": code, "key": secrets.token_hex(32)}})
        return code

    def guest_code(self) -> str:
        """The code by which guests are let in; empty where none are."""
        return str(self._now().get("guests", {}).get("code", ""))

    def end_guests(self) -> None:
        """Let in no guest any more, and none who was."""
        with self._lock:
            self._write(_without(self._now(), "guests"))

    def admit(self, code: str) -> str | None:
        """What a guest shows from now on who knows the code, in whatever groups of figures. Nothing of it is kept."""
        guests = self._now().get("guests")
        given = "".join(code.split())
        if not guests or not hmac.compare_digest(given.encode(), guests["code"].encode()):
            return None
        token = secrets.token_urlsafe(16)
        return f"{token}.{_signed(guests['key'], token)}"

    def guest(self, shown: str) -> Visitor | None:
        """The guest who shows this."""
        guests = self._now().get("guests")
        token, _, signature = shown.partition(".")
        if not guests or not hmac.compare_digest(signature.encode(), _signed(guests["key"], token).encode()):
            return None
        return Visitor(Role.GUEST, _hash(f"csrf {shown}"))

    def visitor(self, session: str) -> Visitor | None:
        """Whoever has this session."""
        each = self._now().get("sessions", {}).get(_hash(session))
        if not each or self._is_over(each):
            return None
        return _visitor(each, _hash(f"csrf {session}"))

    def program(self, token: str) -> Visitor | None:
        """Whoever has this token."""
        wanted, tokens = _hash(token), self._now().get("tokens", {}).values()
        return next((_visitor(each) for each in tokens if hmac.compare_digest(each["hash"], wanted)), None)

    def log_out(self, session: str | None = None) -> None:
        """End a session; all of them where None."""
        with self._lock:
            kept = self._now()
            sessions = dict(kept.get("sessions", {}))
            if session is None:
                sessions.clear()
            else:
                sessions.pop(_hash(session), None)
            self._write({**kept, "sessions": sessions})

    def add_token(self, name: str, role: Role) -> str:
        """A new token for the program `name`; it can be had this once. Raises UsageError where there is one."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            kept = self._now()
            tokens = dict(kept.get("tokens", {}))
            if name in tokens:
                raise UsageError(f"there is a token {name} already: revoke it first, or take another name")
            tokens[name] = {"hash": _hash(token), "role": str(role)}
            self._write({**kept, "tokens": tokens})
        return token

    def tokens(self) -> dict[str, Role]:
        """The roles of all programs that have a token."""
        return {name: word(each["role"], Role) for name, each in self._now().get("tokens", {}).items()}

    def revoke_token(self, name: str) -> None:
        """Let a token open nothing any more. Raises NotFound."""
        with self._lock:
            kept = self._now()
            tokens = dict(kept.get("tokens", {}))
            if name not in tokens:
                raise NotFound(f"there is no token {name}. `appliance web tokens` lists them")
            del tokens[name]
            self._write({**kept, "tokens": tokens})

    def _until(self, seconds: float) -> dict[str, Any]:
        """When something that begins now is over: as long as the machine runs by a clock that nobody sets."""
        now = self._clock.stamp()
        return {"until": now.wall_ns / 1e9 + seconds, "boot": now.boot_id, "runs_to": now.monotonic_ns / 1e9 + seconds}

    def _is_over(self, entry: dict[str, Any]) -> bool:
        now = self._clock.stamp()
        if entry.get("boot") == now.boot_id:
            return bool(entry["runs_to"] <= now.monotonic_ns / 1e9)
        return bool(entry["until"] <= now.wall_ns / 1e9)

    def _now(self) -> dict[str, Any]:
        """What the file holds; read anew where another process has changed it. Raises StorageError."""
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._read_at:
                self._kept, self._read_at = read_object(self._path), changed
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StorageError(
                f"the keys of the page in {self._path} cannot be read ({error}): "
                "remove that file and set a password again with `appliance web password`"
            ) from error
        return self._kept

    def _write(self, kept: dict[str, Any]) -> None:
        try:
            make_directory(self._path.parent, mode=0o700)
            write_file(self._path, json.dumps(kept).encode(), mode=0o600)
            self._give_away()
        except OSError as error:
            reason = error.strerror or error
            raise StorageError(f"the keys of the page cannot be kept in {self._path}: {reason}") from error
        self._kept, self._read_at = kept, self._path.stat().st_mtime_ns

    def _give_away(self) -> None:
        """What root writes belongs to whoever serves the page, as the folder does."""
        folder = self._path.parent.stat()
        if folder.st_uid != os.geteuid():
            os.chown(self._path, folder.st_uid, folder.st_gid)


def _visitor(entry: dict[str, Any], csrf: str = "") -> Visitor | None:
    """Whom an entry lets in: nobody where only a newer release knows what he may do."""
    role = word(entry["role"], Role)
    return Visitor(role, csrf) if role in frozenset(Role) else None


def _without(kept: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: each for key, each in kept.items() if key != name}


def _signed(key: str, token: str) -> str:
    return hmac.new(bytes.fromhex(key), token.encode(), sha256).hexdigest()


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
