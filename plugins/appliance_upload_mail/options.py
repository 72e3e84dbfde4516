"""The options of the backend `mail`."""

from appliance_mail.options import SmtpOptions
from attrs import frozen
from attrs.validators import ge

from appliance.plugin import ByteCount, option


@frozen(kw_only=True)
class MailOptions(SmtpOptions):
    """A letter for each clip, with the sound attached. Most mail servers take no more than 25 MB: set `deliver_as`."""

    sidecar: bool = option(False, "Attach everything that is known of the clip as well, as JSON.")
    max_size: ByteCount = option(
        ByteCount(25_000_000),
        "Larger letters are not sent, and wait for a person. The attachment is a third larger in a letter than as a "
        "file.",
        check=ge(10_000),
    )
