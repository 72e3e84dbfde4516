"""The options of the backend `telegram`."""

from appliance_telegram.options import CHAT, BotOptions
from attrs import frozen
from attrs.validators import gt, matches_re

from appliance.plugin import ByteCount, option


@frozen(kw_only=True)
class TelegramOptions(BotOptions):
    """A chat of Telegram. With `deliver_as: opus` clips are voice messages, else sound or files."""

    chat: str = option(
        help="The id of the chat, or the @name of a channel.", check=matches_re(CHAT), example='"123456789"'
    )
    max_size: ByteCount = option(
        ByteCount(50_000_000), "Larger files are not sent, and wait for a person. Telegram takes 50 MB.", check=gt(0)
    )
