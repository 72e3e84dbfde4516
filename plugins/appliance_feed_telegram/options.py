"""The options of the feed backend `telegram`."""

from appliance_telegram.options import CHAT, BotOptions
from attrs import frozen
from attrs.validators import and_, deep_iterable, gt, matches_re, min_len

from appliance.plugin import ByteCount, option


@frozen(kw_only=True)
class TelegramFeedOptions(BotOptions):
    """A bot of Telegram: voice messages and sound that certain chats send to it are brought."""

    chats: tuple[str, ...] = option(
        help="The chats whose sound is brought, by id or @name; in a group from everybody there. Others are passed "
        "over, and told by their ids in the log.",
        check=and_(min_len(1), deep_iterable(matches_re(CHAT))),
        example='["123456789"]',
    )
    max_size: ByteCount = option(
        ByteCount(100_000_000), "Larger files are refused. Telegram itself hands out 20 MB at most.", check=gt(0)
    )
