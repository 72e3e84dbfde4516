"""Feed backend `mail`: brings the sound that certain people send to a mailbox."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_feed_mail.options import MailboxOptions


def _options() -> type:
    from appliance_feed_mail.options import MailboxOptions

    return MailboxOptions


def _create(options: "MailboxOptions", context: BackendContext) -> FeedBackend:
    from appliance_feed_mail.backend import MailFeed

    return MailFeed(options, context)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("mail", _options, _create, lambda _: None)]
