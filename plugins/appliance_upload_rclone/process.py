"""Runs rclone and listens to it."""

import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from appliance.plugin import Permanent, Transient, stand_back
from appliance_upload_rclone.errors import Failure
from appliance_upload_rclone.options import RunOptions

_LOOK_AROUND = 0.2
_PATIENCE_AT_END = 5.0
_LONGEST_ANSWER = 1024 * 1024
_LONGEST_LINE = 64 * 1024
_MOST_WORDS = 500
_NICENESS = 10


def nothing() -> None:
    """Where nobody can cancel."""


def unheard(_: int) -> None:
    """Where nobody wants to hear of progress."""


@define
class _Listener:
    """Takes what rclone writes to stderr: JSON lines, and plain text where it does not get that far."""

    progress: Callable[[int], None]
    words: str = ""
    moved: int = 0
    _rest: bytes = field(default=b"", init=False)

    def feed(self, block: bytes) -> None:
        *lines, rest = (self._rest + block).split(b"\n")
        self._rest = rest[-_LONGEST_LINE:]
        for line in lines:
            self._line(line.decode(errors="replace").strip())

    def _line(self, line: str) -> None:
        try:
            entry = json.loads(line) if line.startswith("{") else None
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            if line and not self.words:
                self.words = line[:_MOST_WORDS]
        elif isinstance(stats := entry.get("stats"), dict):
            if isinstance(done := stats.get("bytes"), int):
                self.moved = max(self.moved, done)
            self.progress(self.moved)
        elif entry.get("level") in ("error", "critical", "notice"):
            self.words = " ".join(str(entry.get("msg", "")).split())[:_MOST_WORDS]


@frozen
class Rclone:
    """The installed rclone with the options of one destination or feed."""

    options: RunOptions

    def run(
        self,
        *arguments: str,
        check: Callable[[], None] = nothing,
        progress: Callable[[int], None] = unheard,
        take: Callable[[bytes], None] | None = None,
    ) -> bytes | Failure:
        """Run one command; what it wrote to stdout, unless somebody is to `take` that, or how it failed.

        `check` is called several times a second; rclone is ended when it raises. Raises Permanent where rclone is not
        installed, Transient where it is stuck.
        """
        command = [self.options.binary, *arguments, *self._flags()]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            raise Permanent(
                f"rclone cannot be started ({error.strerror}): install it (sudo apt install rclone), or set `binary`"
            ) from error
        stand_back(process.pid, _NICENESS)
        listener = _Listener(progress)
        with process:
            try:
                output = self._listen(process, listener, check, take)
                code = process.wait(_PATIENCE_AT_END)
            except subprocess.TimeoutExpired:
                raise Transient("rclone closed its output and did not end") from None
            finally:
                _end(process)
        return output if code in (0, 9) else Failure(code, listener.words)

    def _listen(
        self,
        process: "subprocess.Popen[bytes]",
        listener: _Listener,
        check: Callable[[], None],
        take: Callable[[bytes], None] | None,
    ) -> bytes:
        output = b""
        moved, deadline = 0, time.monotonic() + self.options.timeout
        with selectors.DefaultSelector() as selector:
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(_LOOK_AROUND):
                    block = os.read(key.fd, 65_536)
                    if not block:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is process.stderr:
                        listener.feed(block)
                    elif take is not None:
                        take(block)
                        deadline = time.monotonic() + self.options.timeout
                    else:
                        output = (output + block)[:_LONGEST_ANSWER]
                check()
                if listener.moved > moved:
                    moved, deadline = listener.moved, time.monotonic() + self.options.timeout
                elif time.monotonic() > deadline:
                    said = f" ({listener.words})" if listener.words else ""
                    raise Transient(f"rclone made no progress for {self.options.timeout:g} s{said}")
        return output

    def _flags(self) -> Sequence[str]:
        """The outbox tries again by itself; rclone must neither ask questions nor sit out long waits."""
        config = [f"--config={self.options.config}"] if self.options.config else []
        timeout = f"--timeout={self.options.timeout:g}s"
        fixed = ["--use-json-log", "--retries=1", "--low-level-retries=3", "--contimeout=20s", "--ask-password=false"]
        return [*config, *fixed, timeout, *self.options.flags]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, so that it can tidy up; then make it end."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_AT_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_PATIENCE_AT_END)
