"""Upload backend `telegram`: sends each clip into a chat."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, UploadBackend, UploadBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_upload_telegram.options import TelegramOptions


def _options() -> type:
    from appliance_upload_telegram.options import TelegramOptions

    return TelegramOptions


def _create(options: "TelegramOptions", context: BackendContext) -> UploadBackend:
    from appliance_upload_telegram.backend import TelegramBackend

    return TelegramBackend(options, context)


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("telegram", _options, _create)]
