"""The options of the feed backend `rclone`."""

from attrs import frozen
from attrs.validators import and_, ge, gt, le, matches_re

from appliance.plugin import (
    AbsolutePath,
    ByteCount,
    Seconds,
    option,
)


@frozen
class RcloneFeedOptions:
    """A folder of a cloud drive, with all folders in it: Google Drive, Dropbox, Nextcloud, SFTP and 70 more."""

    remote: str = option(
        help="The remote and a path in it, as rclone writes them. `rclone listremotes` shows what is configured.",
        check=matches_re(r"[^-].*:.*|/.*"),
        example="gdrive:for-grandmother",
    )
    newest: int = option(100, "How many files are brought: those changed last.", check=and_(ge(1), le(10_000)))
    max_size: ByteCount = option(ByteCount(500_000_000), "Larger files are refused.", check=gt(0))
    config: AbsolutePath | None = option(
        None,
        "rclone's configuration file; the user of the service must be able to write it, as rclone keeps fresh tokens"
        " there. Default: rclone's own.",
    )
    flags: tuple[str, ...] = option((), "More flags for rclone.", example="[--drive-shared-with-me]")
    binary: str = option("rclone", "The program: a name to look for in PATH, or a path.")
    timeout: Seconds = option(
        Seconds(300), "Longest time without a byte before it is given up.", check=and_(ge(1), le(86_400))
    )
