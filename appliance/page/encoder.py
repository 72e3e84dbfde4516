"""Encodes clips for a download, in a process of its own: what that takes of memory goes when the download ends.

The process is told one JSON object a line, what to encode as what, and answers with a line each.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from attrs import asdict

from appliance.recipes import FLAC, MP3, Recipe

if TYPE_CHECKING:
    from appliance.renditions.album import Track

RECIPES = {"flac": FLAC, "mp3": MP3}
"""What clips may be downloaded as, beside what they are."""

ALBUM = "album"
"""All of them as one."""

_NICENESS = 10


class Encoder:
    """One such process. Use it in a `with` block."""

    def __init__(self) -> None:
        import subprocess

        command = [sys.executable, "-m", "appliance.page.encoder"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def encode(self, source: Path, target: Path, recipe: Recipe, clip: dict[str, Any]) -> bool:
        """Make `target` of the file of a clip; whether that can be done with this sound.

        Raises OSError where the process has gone.
        """
        return self._ask([str(source), str(target), recipe.name, clip])

    def album(self, tracks: "Sequence[Track]", target: Path) -> bool:
        """Make `target` of many clips; whether that can be done. Raises OSError where the process has gone."""
        return self._ask([[asdict(track) for track in tracks], str(target), ALBUM, None])

    def _ask(self, wanted: list[Any]) -> bool:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(json.dumps(wanted).encode() + b"\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise OSError("what encodes clips has gone")
        return bool(json.loads(answer))


def main() -> None:
    """Encode what is asked for, until there is no more."""
    from appliance.codec import from_plain
    from appliance.errors import ApplianceError
    from appliance.models import Clip
    from appliance.renditions.album import Track, make_album
    from appliance.renditions.encode import encode

    os.nice(_NICENESS)
    for line in sys.stdin:
        source, target, name, clip = json.loads(line)
        done = False
        with suppress(ApplianceError, ValueError, OSError, RuntimeError):
            if name == ALBUM:
                make_album([Track(**each) for each in source], Path(target))
            else:
                encode(Path(source), Path(target), RECIPES[name], from_plain(clip, Clip), lambda: None)
            done = True
        sys.stdout.write(f"{json.dumps(done)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
