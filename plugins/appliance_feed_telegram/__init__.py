"""Feed backend `telegram`: brings voice messages and audio of a bot's chats."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_feed_telegram.options import TelegramFeedOptions


def _options() -> type:
    from appliance_feed_telegram.options import TelegramFeedOptions

    return TelegramFeedOptions


def _create(options: "TelegramFeedOptions", context: BackendContext) -> FeedBackend:
    from appliance_feed_telegram.backend import TelegramFeed

    return TelegramFeed(options, context)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("telegram", _options, _create, lambda _: None)]
