"""Upload backend `folder`: copies clips to a USB stick, a network mount or a synchronised folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, UploadBackend, UploadBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_upload_folder.options import FolderOptions


def _options() -> type:
    from appliance_upload_folder.options import FolderOptions

    return FolderOptions


def _create(options: "FolderOptions", context: BackendContext) -> UploadBackend:
    from appliance_upload_folder.backend import FolderBackend
    from appliance_upload_folder.files import Ownership

    ownership = Ownership(int(options.mode, 8), options.group)
    return FolderBackend(
        options.path, context, require_mount=options.require_mount, sidecar=options.sidecar, ownership=ownership
    )


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("folder", _options, _create)]
