"""Runs a command under the filter of system calls that a systemd unit has: what is not in it fails as there, or kills.

    python sandbox.py UNIT {fail|kill} COMMAND...

The sets of a unit's `SystemCallFilter=` are opened by `systemd-analyze`; numbers come from the C library's header. The
filter is one of seccomp(2): a program of classic BPF over `struct seccomp_data`.
"""

import ctypes
import errno
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _PR_SET_NO_NEW_PRIVS = 22, 2, 38
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

DISPENSABLE = {"mbind"}
"""Tried by libraries that do as well without: OpenBLAS would choose where its memory lies. These never kill."""


def members(name: str) -> set[str]:
    """The system calls of a set of systemd such as `@clock`, or of a single one."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    words = [line.strip() for line in told.splitlines()[1:]]
    return set().union(*(members(word) for word in words if word and not word.startswith("#")))


def allowed(unit: Path) -> set[str]:
    """What the unit allows: each line adds to that, and with a `~` takes away (systemd.exec(5))."""
    calls: set[str] = members("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)", unit.read_text(), re.M):
        named = set().union(*(members(word) for word in line.removeprefix("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def numbers() -> dict[str, int]:
    """The number of every system call on this machine."""
    source = "#include <sys/syscall.h>"
    told = subprocess.run(["gcc", "-E", "-dM", "-"], input=source, capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)$", told, re.M)}


def lock_in(calls: set[str], otherwise: int) -> None:
    """Let this process do only these from now on, and so everything that it runs."""
    every = numbers()
    answers = dict.fromkeys(DISPENSABLE, _ERRNO | errno.EPERM) | dict.fromkeys(calls, _ALLOW)
    steps = [struct.pack("HBBI", _LOAD, 0, 0, 0)]
    for number, answer in sorted((every[call], answer) for call, answer in answers.items() if call in every):
        steps += [struct.pack("HBBI", _JUMP_IF_EQUAL, 0, 1, number), struct.pack("HBBI", _RETURN, 0, 0, answer)]
    program = b"".join([*steps, struct.pack("HBBI", _RETURN, 0, 0, otherwise)])
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


if __name__ == "__main__":
    lock_in(allowed(Path(sys.argv[1])), _KILL if sys.argv[2] == "kill" else _ERRNO | errno.EPERM)
    os.execvp(sys.argv[3], sys.argv[3:])
