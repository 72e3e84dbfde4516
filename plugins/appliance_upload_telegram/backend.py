"""Sends clips into a chat, and keeps what Telegram says of the message."""

import json
import time
from typing import Any

from appliance_http.body import BLOCK, FormBody
from appliance_telegram.bot import Bot

from appliance.plugin import (
    BackendContext,
    CannotVerify,
    Permanent,
    Receipt,
    Rendition,
    Transient,
    UploadJob,
    began,
    duration,
)
from appliance_upload_telegram.options import TelegramOptions

_WAYS = {"audio/ogg": ("sendVoice", "voice"), "audio/mpeg": ("sendAudio", "audio")}
"""How a file of a media type is sent, and the field that holds it; any other goes as a document."""

_NOT_THERE = "message to delete not found"
"""What the Bot API says of a message that somebody has deleted."""

_LONGEST_CAPTION = 1024
_MOST_DETAIL = 2000


class TelegramBackend:
    """Delivers to one chat. Telegram tells no checksum, so nothing is proved."""

    proves = False

    def __init__(self, options: TelegramOptions, context: BackendContext) -> None:
        self._options = options
        self._context = context
        self._bot = Bot(options, context.clock_trusted)

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        rendition = job.rendition
        if rendition.size > self._options.max_size:
            raise Permanent(
                f"{rendition.file_name} is too large for Telegram ({rendition.size / 1e6:.1f} MB, max_size allows "
                f"{self._options.max_size / 1e6:g} MB). Set deliver_as: opus, or another destination for long ones"
            )
        method, field = _WAYS.get(rendition.recipe.media_type, ("sendDocument", "document"))
        body = FormBody(
            rendition,
            field,
            rendition.file_name,
            fields=self._fields(job),
            part_headers={},
            hash_md5=False,
            progress=job.progress,
            check=job.check_cancelled,
            block=self._context.block(BLOCK),
        )
        message = self._bot.send(method, body.headers, body, job.check_cancelled)
        if not body.complete:
            raise Transient("Telegram answered before it had the whole file")
        return Receipt(
            _name_of(message),
            rendition.size,
            False,
            received_at=time.time_ns(),
            detail=json.dumps(message, ensure_ascii=False)[:_MOST_DETAIL],
        )

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        raise CannotVerify(
            f"a bot cannot be asked what became of {rendition.file_name}: look for message {receipt.remote_name}"
        )

    def delete(self, receipt: Receipt) -> None:
        """A bot may do that for two days, and longer where it leads the chat."""
        chat, _, message = receipt.remote_name.rpartition("/")
        try:
            self._bot.ask("deleteMessage", lambda: None, chat_id=chat, message_id=int(message))
        except Permanent as error:
            if _NOT_THERE not in str(error):
                raise Permanent(f"{error}. Delete message {message} of the chat {chat} by hand") from error

    def probe(self) -> str:
        """Ask who the bot is, and for the chat. Nothing is said there."""
        me = self._bot.told("getMe", lambda: None)
        chat = self._bot.told("getChat", lambda: None, chat_id=self._options.chat)
        names = " ".join(str(chat[name]) for name in ("title", "first_name", "last_name") if name in chat)
        return f"the bot @{me.get('username', '?')} is there, and knows the chat {self._options.chat} ({names})"

    def close(self) -> None:
        pass

    def _fields(self, job: UploadJob) -> dict[str, str]:
        clip = job.clip
        fields = {"chat_id": self._options.chat}
        if clip is None:
            return {**fields, "caption": f"{self._context.device}: {job.rendition.file_name}"}
        when = f"{began(job.rendition, clip):%Y-%m-%d %H:%M}"
        texts = (clip.note, *(each.text for each in clip.texts))
        lines = [f"{clip.device}: {clip.title or clip.name}", f"{when}, {duration(clip.seconds)}", *filter(None, texts)]
        fields["caption"] = "\n".join(lines)[:_LONGEST_CAPTION]
        if job.rendition.recipe.media_type in _WAYS:
            fields["duration"] = str(round(clip.seconds))
        return fields


def _name_of(message: Any) -> str:
    try:
        return f"{message['chat']['id']}/{message['message_id']}"
    except (KeyError, TypeError) as error:
        raise Transient("Telegram took the file, and does not say as which message") from error
