"""Delivers clips to S3 and to whatever speaks its protocol: MinIO, SeaweedFS, R2, B2, Wasabi."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, UploadBackend, UploadBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_upload_s3.options import S3Options


def _options() -> type:
    from appliance_upload_s3.options import S3Options

    return S3Options


def create(options: "S3Options", context: BackendContext) -> UploadBackend:
    """Build the backend. Raises ImportError where boto3 is not installed."""
    from appliance_upload_s3.backend import S3Backend

    return S3Backend(options, context)


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("s3", _options, create, extra="s3")]
