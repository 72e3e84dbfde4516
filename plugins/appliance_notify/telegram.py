"""Word in a chat of Telegram (https://core.telegram.org/bots/api)."""

from appliance_telegram.bot import Bot
from appliance_telegram.options import BotOptions
from urllib3.filepost import encode_multipart_formdata

from appliance.plugin import Cancelled, House
from appliance_notify.notes import Message
from appliance_notify.options import TelegramOptions
from appliance_notify.posting import TIMEOUTS

_LONGEST_CAPTION = 1000
"""Characters under a sound; Telegram takes 1024."""


class Telegram:
    """Speaks as a bot."""

    sounds = True

    def __init__(self, options: TelegramOptions, house: House) -> None:
        asked = BotOptions(
            token=options.token, url=options.url, allow_http=options.allow_http, tls=options.tls, timeouts=TIMEOUTS
        )
        self._bot = Bot(asked, house.clock_trusted)
        self._chat = options.chat
        self._house = house

    def send(self, message: Message) -> None:
        text = "\n".join(filter(None, (message.title, message.body)))
        if message.sound is None:
            self._bot.ask("sendMessage", self._check_stopping, chat_id=self._chat, text=text)
        else:
            sound = message.sound
            body, content_type = encode_multipart_formdata(
                {
                    "chat_id": self._chat,
                    "caption": text[:_LONGEST_CAPTION],
                    "voice": (sound.name, sound.data, sound.media_type),
                }
            )
            self._bot.send("sendVoice", {"Content-Type": content_type}, body, self._check_stopping)

    def _check_stopping(self) -> None:
        if self._house.stopping:
            raise Cancelled("the box stops")
