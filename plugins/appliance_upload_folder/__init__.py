"""Upload backend `folder`: copies clips to a USB stick, a network mount or a synchronised folder."""

from collections.abc import Sequence

from attrs import frozen

from appliance.plugin import AbsolutePath, BackendContext, UploadBackend, UploadBackendType, hookimpl, option


@frozen
class FolderOptions:
    """Where to copy to. A copy on the box's own card is no second copy: it never lets a clip make room."""

    path: AbsolutePath = option(help="The folder. Created where missing.", example="/media/stick/recordings")
    require_mount: bool = option(
        False,
        "Deliver only while a stick or network disk is mounted there, so that an unplugged one never fills the card "
        "of the box. Set it for everything that can be unplugged.",
    )


def _create(options: FolderOptions, context: BackendContext) -> UploadBackend:
    from appliance_upload_folder.backend import FolderBackend

    return FolderBackend(options.path, context, require_mount=options.require_mount)


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("folder", FolderOptions, _create)]
