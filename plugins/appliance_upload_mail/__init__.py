"""Upload backend `mail`: sends each clip as a letter with an attachment."""

from collections.abc import Sequence

from appliance_mail.options import SmtpOptions
from attrs import frozen
from attrs.validators import ge

from appliance.plugin import BackendContext, ByteCount, UploadBackend, UploadBackendType, hookimpl, option


@frozen(kw_only=True)
class MailOptions(SmtpOptions):
    """A letter for each clip, with the sound attached. Most mail servers take no more than 25 MB: set `deliver_as`."""

    max_size: ByteCount = option(
        ByteCount(25_000_000),
        "Larger letters are not sent, and wait for a person. The attachment is a third larger in a letter than as a "
        "file.",
        check=ge(10_000),
    )


def _create(options: MailOptions, context: BackendContext) -> UploadBackend:
    from appliance_upload_mail.backend import MailBackend

    return MailBackend(options, context)


@hookimpl
def appliance_upload_backends() -> Sequence[UploadBackendType]:
    return [UploadBackendType("mail", MailOptions, _create)]
