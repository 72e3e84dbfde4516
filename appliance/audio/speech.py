"""Speech made by `espeak-ng`, where that is installed."""

import hashlib
import logging
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from appliance.limits import stand_back

PROGRAM = "espeak-ng"
"""The program, and the Debian package that it comes in."""

LIMIT = 3.0
"""Seconds in which it must have spoken; whoever waits to hear something else waits no longer."""

_MOST_KEPT = 60
_LONGEST = 200
"""Letters that are spoken."""
_UTF8 = "1"
_NICENESS = 5

log = logging.getLogger(__name__)


def is_installed() -> bool:
    """Whether there is anything that speaks."""
    return shutil.which(PROGRAM) is not None


class Speech:
    """Makes files of what is to be spoken, and keeps the last of them, for as long as this lives. From any thread."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._guard = threading.Lock()
        self._made: list[Path] = []
        self._complaint = ""

    def sound(self, text: str, voice: str) -> Path | None:
        """A WAV file in which the voice says that; None where it cannot be made in `LIMIT` seconds."""
        spoken = " ".join(text.split())[:_LONGEST]
        if not spoken or not is_installed():
            return None
        with self._guard:
            try:
                return self._kept(spoken, voice)
            except (OSError, subprocess.SubprocessError) as error:
                self._complain(f"nothing can be spoken: {_why(error)}")
        return None

    def ahead(self, texts: Collection[str], voice: str) -> dict[str, Path]:
        """Where the files of these texts will soon be, which are made one after the other; none without a program."""
        if not is_installed():
            return {}
        with self._guard:
            try:
                paths = {text: self._path(text, voice) for text in texts}
            except OSError as error:
                self._complain(f"nothing can be spoken: {_why(error)}")
                return {}

        def make() -> None:
            for text in texts:
                self.sound(text, voice)

        threading.Thread(target=make, name="speech", daemon=True).start()
        return paths

    def close(self) -> None:
        """Remove the files."""
        with self._guard, suppress(OSError):
            if self._folder:
                self._folder.cleanup()
            self._folder = None

    def _kept(self, text: str, voice: str) -> Path:
        path = self._path(text, voice)
        if not path.exists():
            made = path.with_name("made")
            _speak(text, voice, made)
            made.replace(path)
            self._complaint = ""
            self._made.append(path)
            for old in self._made[:-_MOST_KEPT]:
                old.unlink(missing_ok=True)
            del self._made[:-_MOST_KEPT]
        return path

    def _path(self, text: str, voice: str) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="appliance-speech-")
        Path(self._folder.name).mkdir(mode=0o700, exist_ok=True)  # who tidies up removes what is old
        return Path(self._folder.name) / f"{hashlib.sha256(f'{voice} {text}'.encode()).hexdigest()[:24]}.wav"

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("%s", complaint)


def _speak(text: str, voice: str, path: Path) -> None:
    command = [PROGRAM, "-b", _UTF8, "-v", voice, "-w", str(path), "--stdin"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        stand_back(process.pid, _NICENESS)
        try:
            _, said = process.communicate(text.encode(), LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    if process.returncode or not path.exists():
        raise subprocess.CalledProcessError(process.returncode, command, stderr=said)


def _why(error: OSError | subprocess.SubprocessError) -> str:
    match error:
        case subprocess.TimeoutExpired():
            return f"{PROGRAM} was not done in {LIMIT:g} s, and was ended"
        case subprocess.CalledProcessError():
            lines = (error.stderr or b"").decode(errors="replace").split("\n")
            return f"{PROGRAM} failed: {next(filter(None, lines), f'exit code {error.returncode}')}"
        case OSError():
            return f"{PROGRAM} cannot be run, or its files not be kept: {error.strerror or error}"
    return f"{PROGRAM} cannot be run: {error}"
