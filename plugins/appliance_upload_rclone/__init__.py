"""Delivers clips through an installed rclone: Google Drive, Dropbox, Nextcloud, SFTP and 70 more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, UploadBackend, UploadBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_upload_rclone.options import RcloneOptions


def _options() -> type:
    from appliance_upload_rclone.options import RcloneOptions

    return RcloneOptions


def create(options: "RcloneOptions", context: BackendContext) -> UploadBackend:
    """Build the backend. Whether rclone is installed is looked at each time it is used."""
    from appliance_upload_rclone.backend import RcloneBackend

    return RcloneBackend(options, context)


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("rclone", _options, create)]
