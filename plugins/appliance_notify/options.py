"""What a person is told of, and the ways to reach her."""

import re
from enum import StrEnum
from typing import Any

from appliance_http.options import Tls, headers_validator, url_validator
from appliance_mail.options import SmtpOptions
from appliance_telegram.options import CHAT, check_token
from attrs import frozen
from attrs.validators import deep_iterable, ge, matches_re, min_len, optional

from appliance.plugin import (
    HOURS,
    Seconds,
    Secret,
    TimeOfDay,
    option,
)
from appliance_notify.templates import CLIP_WORDS, JSON, WORDS, check_template


class Clips(StrEnum):
    """How a new clip is told of."""

    NO = "no"
    WORDS = "words"
    SOUND = "sound"


def _link(_: Any, __: Any, link: str) -> None:
    check_template(link, CLIP_WORDS)


@frozen
class Rules:
    clips: Clips = option(
        Clips.NO, "Whether each new clip is told of: not at all, in `words`, or with its `sound` as Opus."
    )
    link: str = option(
        "",
        "What is added to the words of a clip; `{id}` and `{name}` are the clip's.",
        check=_link,
        example='"https://recorder.example.org/clips/{id}"',
    )
    faults: bool = option(True, "Whether faults are told of, and when they are over.")
    faults_after: Seconds = option(
        Seconds(60), "How long a fault lasts before it is told of. One that is over sooner never is.", check=ge(0)
    )
    quiet_hours: tuple[str, ...] = option(
        (),
        "Local times of day when nobody is disturbed. What happens then is told afterwards, all at once.",
        check=deep_iterable(matches_re(HOURS)),
        example='["22:00-07:00"]',
    )
    urgent_always: bool = option(
        True, "Whether faults for which nothing can be recorded are told of in quiet hours too."
    )
    daily: TimeOfDay | None = option(
        None, "Local time of day of a summary: what is new, where it is, how much room there is.", example='"20:00"'
    )
    silence: Seconds | None = option(
        None, "Told once nobody has recorded for so long.", check=optional(ge(60)), example="3d"
    )


def _sends_sound(options: Any) -> bool:
    """Whether clips go along, which are not encrypted to `storage.encrypt_to`."""
    return bool(options.tell.clips is Clips.SOUND)


def _topic(options: Any, attribute: Any, url: str) -> None:
    url_validator(options, attribute, url)
    if not re.fullmatch(r"https?://[^/?#]+(/[^?#]*)?/[-_A-Za-z0-9]{1,64}", url):
        raise ValueError(f"{url} names no topic of ntfy: expected https://HOST/TOPIC, the topic of letters and digits")


def _body(options: "WebhookOptions", _: Any, template: str) -> None:
    check_template(template, WORDS)


@frozen(kw_only=True)
class NtfyOptions:
    """Word on a phone through ntfy (https://ntfy.sh, or a server of one's own)."""

    url: str = option(
        help="The topic. On a public server whoever knows its name reads along: choose one that nobody guesses.",
        check=_topic,
        example="https://ntfy.sh/our-box-7f3a9c",
    )
    token: Secret | None = option(None, "Access token, where the server wants one.", example="!secret ntfy_token")
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")
    tls: Tls = option(Tls, "Certificates.")
    tell: Rules = option(Rules, "What is told.")
    sends_sound = property(_sends_sound)


@frozen(kw_only=True)
class TelegramOptions:
    """Word in a chat of Telegram, from a bot that @BotFather made."""

    token: Secret = option(help="The token of the bot.", check=check_token, example='"123456789:AAF-of-the-bot"')
    chat: str = option(
        help="The id of the chat, or the @name of a channel.",
        check=matches_re(CHAT),
        example='"123456789"',
    )
    url: str = option("https://api.telegram.org", "A Bot API server of one's own.", check=url_validator)
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")
    tls: Tls = option(Tls, "Certificates.")
    tell: Rules = option(Rules, "What is told.")
    sends_sound = property(_sends_sound)


@frozen(kw_only=True)
class EmailOptions(SmtpOptions):
    """Word by e-mail, through the mail server of one's provider."""

    tell: Rules = option(Rules, "What is told.")
    sends_sound = property(_sends_sound)


@frozen(kw_only=True)
class WebhookOptions:
    """Word to a web server, in the form that it wants."""

    url: str = option(help="Where it is sent.", check=url_validator, example="https://example.org/hook")
    method: str = option("POST", "`POST` or `PUT`.", check=matches_re("POST|PUT"))
    headers: dict[str, Secret] = option(
        dict, "Headers of the request.", check=headers_validator, example="{Authorization: !secret hook_token}"
    )
    content_type: str = option(
        JSON, "What is sent. In JSON the words are escaped as they must be.", check=matches_re(r"[!-~ ]{1,100}")
    )
    template: str = option(
        '{"device": "{device}", "title": "{title}", "text": "{text}", "link": "{link}", "urgent": {urgent}}',
        f"What is sent, with words in braces: {', '.join(f'`{{{word}}}`' for word in WORDS)}.",
        check=_body,
    )
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")
    tls: Tls = option(Tls, "Certificates.")
    tell: Rules = option(Rules, "What is told.")
    sends_sound = property(_sends_sound)


@frozen(kw_only=True)
class AppriseOptions:
    """Word through any of the services that Apprise knows (https://github.com/caronc/apprise/wiki)."""

    urls: tuple[Secret, ...] = option(
        help="Where it goes, as Apprise writes it.", check=min_len(1), example='["gotifys://gotify.example.org/token"]'
    )
    tell: Rules = option(Rules, "What is told.")
    sends_sound = property(_sends_sound)
