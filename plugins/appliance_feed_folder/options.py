"""What can be configured of a feed from a folder."""

from attrs import frozen
from attrs.validators import ge

from appliance.plugin import AbsolutePath, Seconds, option


@frozen
class FolderOptions:
    """A folder of this box, which something else fills: a share, rsync, a program that synchronises."""

    path: AbsolutePath = option(help="The folder, with all folders in it.", example="/srv/narration")
    settle: Seconds = option(
        Seconds(10), "Files younger than this are left for the next pull: they may still be copied.", check=ge(0)
    )
