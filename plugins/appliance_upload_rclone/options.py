"""The options of an rclone destination."""

from typing import Any, Protocol

from attrs import frozen
from attrs.validators import and_, ge, le, matches_re

from appliance.plugin import AbsolutePath, Seconds, option
from appliance_upload_rclone.names import WORDS, check_folder


def _check_folder(_: Any, __: Any, template: str) -> None:
    check_folder(template)


class RunOptions(Protocol):
    """What rclone is asked about, and how it is run."""

    @property
    def remote(self) -> str: ...

    @property
    def config(self) -> AbsolutePath | None: ...

    @property
    def flags(self) -> tuple[str, ...]: ...

    @property
    def binary(self) -> str: ...

    @property
    def timeout(self) -> Seconds: ...


@frozen
class RcloneOptions:
    """Where rclone takes the files, and how it is run."""

    remote: str = option(
        help="The remote and a path in it, as rclone writes them. `rclone listremotes` shows what is configured.",
        check=matches_re(r"[^-].*:.*|/.*"),
        example="gdrive:clips",
    )
    folder: str = option(
        "{device}",
        "Template of the folder below that. Words: " + ", ".join(f"`{{{word}}}`" for word in WORDS) + ".",
        check=_check_folder,
    )
    sidecar: bool = option(
        False, "Put a JSON file beside each clip, with everything that is known of it. It comes after the sound."
    )
    config: AbsolutePath | None = option(
        None,
        "rclone's configuration file; the user of the service must be able to write it, as rclone keeps fresh tokens"
        " there. Default: rclone's own.",
    )
    flags: tuple[str, ...] = option((), "More flags for rclone.", example="[--drive-chunk-size=8M]")
    binary: str = option("rclone", "The program: a name to look for in PATH, or a path.")
    timeout: Seconds = option(
        Seconds(300), "Longest time without progress before the attempt is given up.", check=and_(ge(1), le(86_400))
    )
