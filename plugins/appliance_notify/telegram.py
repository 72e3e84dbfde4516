"""Word in a chat of Telegram (https://core.telegram.org/bots/api)."""

import json

from urllib3.filepost import encode_multipart_formdata

from appliance.plugin import House
from appliance_notify.notes import Message
from appliance_notify.options import TelegramOptions
from appliance_notify.posting import Poster

_LONGEST_CAPTION = 1000
"""Characters under a sound; Telegram takes 1024."""


class Telegram:
    """Speaks as a bot."""

    sounds = True

    def __init__(self, options: TelegramOptions, house: House) -> None:
        self._bot = f"{options.url.rstrip('/')}/bot{options.token.reveal()}"
        self._chat = options.chat
        self._poster = Poster(house, options.tls, allow_http=options.allow_http)

    def send(self, message: Message) -> None:
        text = "\n".join(filter(None, (message.title, message.body)))
        if message.sound is None:
            said = {"chat_id": self._chat, "text": text, "disable_notification": False}
            self._poster.post(f"{self._bot}/sendMessage", json.dumps(said).encode(), "application/json")
        else:
            sound = message.sound
            body, content_type = encode_multipart_formdata(
                {
                    "chat_id": self._chat,
                    "caption": text[:_LONGEST_CAPTION],
                    "voice": (sound.name, sound.data, sound.media_type),
                }
            )
            self._poster.post(f"{self._bot}/sendVoice", body, content_type)
