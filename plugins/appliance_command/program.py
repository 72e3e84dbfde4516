"""Runs a program on a clip: with a limit of time and room, out of the way, and ended with all that it has begun."""

import os
import resource
import signal
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from appliance.plugin import NotFound, Permanent, ProcessorJob, Transient, stand_back
from appliance_command.options import CommandOptions

_MOST_BYTES = 1 << 20
_MOST_WORDS = 300
_END_BYTES = 4096
_LOOK = 0.2
_NICENESS = 19
_ROOM = 64 << 20
_ROOM_SHARE = 2
"""What a program writes may be so many times as large as the clip, beside `_ROOM`: a decoded copy or two."""

_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class Program:
    """Gives the text that the program found."""

    def __init__(self, options: CommandOptions) -> None:
        self._options = options

    def process(self, job: ProcessorJob) -> str:
        with tempfile.TemporaryDirectory(prefix="appliance-") as folder:
            words = {"file": str(job.path), "folder": folder, "id": job.clip.id, "name": job.clip.name}
            command = [part.format_map(words) for part in self._options.run]
            with Path(folder, ".printed").open("w+b") as printed, Path(folder, ".said").open("w+b") as said:
                status = self._run(command, folder, printed.fileno(), said.fileno(), job)
                if status:
                    raise Permanent(f"{command[0]} {_ended(status)}{_last_line(said)}. Try it by hand on {job.path}")
                with self._left(Path(folder), command[0]) if self._options.output else printed as file:
                    file.seek(0)
                    return file.read(_MOST_BYTES).decode("utf-8", "replace").strip()

    def close(self) -> None:
        pass

    def _run(self, command: list[str], folder: str, out: int, err: int, job: ProcessorJob) -> int:
        try:
            room = _ROOM + _ROOM_SHARE * job.path.stat().st_size
        except OSError as error:
            raise NotFound(f"{job.path.name} cannot be read: {error.strerror}") from error
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        try:
            process = subprocess.Popen(
                ["nice", "-n", str(_NICENESS), *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise Transient(f"{command[0]} cannot be started: {error.strerror}") from error
        with suppress(OSError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, room))
        stand_back(process.pid, _NICENESS)
        until = time.monotonic() + self._options.timeout
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK)
                if _written(folder) >= room:
                    words = f"wrote more than {room / 1e6:.0f} MB and was ended: let it print and keep less"
                    raise Permanent(f"{command[0]} {words}")
                if process.returncode is not None:
                    return process.returncode
                job.check_cancelled()
                if time.monotonic() > until:
                    limit = f"{self._options.timeout:g} s"
                    raise Permanent(f"{command[0]} took longer than {limit} and was ended: set a longer timeout")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _left(self, folder: Path, program: str) -> BinaryIO:
        """The file that it left, where that is one: a pipe would keep us waiting, a link lead to anything."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(folder / self._options.output, flags)
        except OSError as error:
            raise self._missing(program) from error
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise self._missing(program)
        return os.fdopen(file, "rb")

    def _missing(self, program: str) -> Permanent:
        return Permanent(f"{program} left no file {self._options.output} in its folder: correct the option output")


def _written(folder: str) -> int:
    """Bytes in all files below the folder."""
    size = 0
    for path in Path(folder).rglob("*"):
        with suppress(OSError):  # it is gone again
            size += path.lstat().st_size
    return size


def _ended(status: int) -> str:
    if status == 127:
        return "is not there: install it, or give its whole path"
    return f"ended with {status}" if status > 0 else f"was ended by signal {-status}"


def _last_line(said: BinaryIO) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - _END_BYTES))
    lines = said.read(_END_BYTES).decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f" and says: {last[:_MOST_WORDS]}" if last else ""
