"""What can be configured of a destination that is a folder."""

from attrs import frozen
from attrs.validators import matches_re

from appliance.plugin import AbsolutePath, option


@frozen
class FolderOptions:
    """Where to copy to. A copy on the box's own card is no second copy: it never lets a clip make room."""

    path: AbsolutePath = option(help="The folder. Created where missing.", example="/media/stick/recordings")
    require_mount: bool = option(
        False,
        "Deliver only while a stick or network disk is mounted there, so that an unplugged one never fills the card "
        "of the box. Set it for everything that can be unplugged.",
    )
    mode: str = option(
        "0644",
        "Permissions of the copies, as for chmod; folders made for them may be opened by whoever may read. By default "
        "everybody may read, so that a share or a synchronising program can.",
        check=matches_re(r"0?[0-7]{3}"),
    )
    sidecar: bool = option(
        False, "Put a JSON file beside each clip, with everything that is known of it. It comes after the sound."
    )
    group: str = option(
        "", "Group that the copies are given to. The user of the service must be in it.", example="media"
    )
