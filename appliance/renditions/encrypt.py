"""Encrypts a file to public keys by the program age, so that nothing on the box can read it again.

Format: age-encryption.org/v1, https://github.com/C2SP/C2SP/blob/main/age.md.
"""

import errno
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from appliance.durable import PARTIAL, sync_directory
from appliance.errors import Permanent, Transient
from appliance.limits import stand_back

AGE = "age"
"""The name of that program."""

_BLOCK = 1 << 20
_CHUNK, _TAG, _NONCE = 65_536, 16, 16
_HEADER = re.compile(
    rb"age-encryption\.org/v1\n((?:-> [!-~ ]+\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)+)--- [A-Za-z0-9+/]{43}\n"
)
_STANZA = re.compile(rb"^-> X25519 [A-Za-z0-9+/]{43}\n[A-Za-z0-9+/]{43}$", re.MULTILINE)
_LONGEST_HEADER = 1 << 16
_NICENESS = 15
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""What `age`, as the kernel, says of a disk that refuses."""


def encrypt(source: Path, target: Path, recipients: Sequence[str], check: Callable[[], None]) -> None:
    """Make `target` of `source` for whoever has one of the keys, durably, whole or not at all; calls `check` often.

    What comes out is looked at as far as that goes without a key: its header, a stanza for each recipient, and its size
    to the byte. Raises Transient where there is no such program, or the disk refuses, Permanent where it refuses.
    """
    partial = target.with_name(f".{target.name}{PARTIAL}")
    try:
        _run(source, partial, recipients, check)
        if wrong := looks_wrong(partial, source.stat().st_size, len(recipients)):
            raise Transient(f"what `age` made of {source.name} is not what it must be ({wrong}). It is made again")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
        sync_directory(target.parent)
    except FileNotFoundError as error:
        if error.filename == AGE:
            said = "clips wait to be encrypted: there is no program `age`. sudo apt install age"
            raise Transient(said, tell=True) from error
        raise Transient(f"{source.name} cannot be read: {error.strerror}") from error
    except OSError as error:
        raise Transient(f"{target.name} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):  # what stays is swept up at the next start
            partial.unlink(missing_ok=True)


def looks_wrong(path: Path, size: int, recipients: int | None = None) -> str:
    """In words, what can be seen without a key to be wrong with what was made of `size` bytes; empty where nothing is.

    For how many `recipients` it is counts only where that is told. Raises OSError.
    """
    with path.open("rb") as file:
        header = _HEADER.match(file.read(_LONGEST_HEADER))
    if header is None:
        return "it has no header"
    if recipients is not None and len(_STANZA.findall(header[1])) != recipients:
        return "it is for others"
    wanted = header.end() + _NONCE + size + _TAG * max(1, -(-size // _CHUNK))
    found = path.stat().st_size
    return "" if found == wanted else f"it has {found} bytes instead of {wanted}"


def _run(source: Path, target: Path, recipients: Sequence[str], check: Callable[[], None]) -> None:
    keys = [word for recipient in recipients for word in ("--recipient", recipient)]
    command = [AGE, "--encrypt", *keys, "--output", str(target)]
    with (
        source.open("rb") as file,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process,
    ):
        assert process.stdin and process.stderr
        stand_back(process.pid, _NICENESS)
        try:
            with suppress(BrokenPipeError):  # it says why, below
                while block := file.read(_BLOCK):
                    check()
                    process.stdin.write(block)
                process.stdin.close()
            said = process.stderr.read().decode(errors="replace").strip()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        why = said.splitlines()[0] if said else "age failed"
        passes = process.returncode < 0 or any(os.strerror(code).lower() in said.lower() for code in _DISK)
        raise (Transient if passes else Permanent)(f"{source.name} cannot be encrypted: {why}")
