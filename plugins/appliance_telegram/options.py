"""Configuration shared by everything that speaks with the Bot API of Telegram."""

from appliance_http.options import Timeouts, Tls, url_validator
from attrs import frozen

from appliance.plugin import Secret, option

CHAT = r"-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}"
"""The id of a chat, or the name of a public one."""


def check_token(_: object, __: object, token: Secret) -> None:
    text = token.reveal()
    if not text.isascii() or not text.isprintable() or any(each in text for each in " /?#%"):
        raise ValueError("the token holds characters that no token has: copy it anew from @BotFather")


@frozen(kw_only=True)
class BotOptions:
    """The bot, and where it is asked for."""

    token: Secret = option(
        help="The token of the bot, from @BotFather.", check=check_token, example="!secret telegram_token"
    )
    url: str = option("https://api.telegram.org", "A Bot API server of one's own.", check=url_validator)
    allow_http: bool = option(False, "Speak without encryption with hosts other than this one.")
    tls: Tls = option(Tls, "Certificates.")
    timeouts: Timeouts = option(Timeouts, "Patience.")
