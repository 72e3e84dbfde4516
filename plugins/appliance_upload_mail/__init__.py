"""Upload backend `mail`: sends each clip as a letter with an attachment."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, UploadBackend, UploadBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_upload_mail.options import MailOptions


def _options() -> type:
    from appliance_upload_mail.options import MailOptions

    return MailOptions


def _create(options: "MailOptions", context: BackendContext) -> UploadBackend:
    from appliance_upload_mail.backend import MailBackend

    return MailBackend(options, context)


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("mail", _options, _create)]
