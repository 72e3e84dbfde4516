"""Upload backend `http`: sends clips as multipart/form-data (RFC 7578), as a web form does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, UploadBackend, UploadBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_upload_http.options import HttpOptions


def _options() -> type:
    from appliance_upload_http.options import HttpOptions

    return HttpOptions


def _create(options: "HttpOptions", context: BackendContext) -> UploadBackend:
    from appliance_http.body import BLOCK

    from appliance_upload_http.backend import HttpBackend

    return HttpBackend(options, context.clock_trusted, context.block(BLOCK))


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("http", _options, _create)]
