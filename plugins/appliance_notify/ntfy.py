"""Word through ntfy: as JSON, or as the file of a clip (https://docs.ntfy.sh/publish/)."""

import json
from urllib.parse import urlencode, urlsplit

from appliance.plugin import House, Transient
from appliance_notify.notes import Message
from appliance_notify.options import NtfyOptions
from appliance_notify.posting import Poster

_URGENT, _ORDINARY = 5, 3


class Ntfy:
    """Publishes to one topic."""

    sounds = True

    def __init__(self, options: NtfyOptions, house: House) -> None:
        self._url = options.url
        self._server, _, self._topic = options.url.rpartition("/")
        self._private = {"Authorization": f"Bearer {options.token.reveal()}"} if options.token else {}
        self._poster = Poster(house, options.tls, allow_http=options.allow_http)

    def send(self, message: Message) -> None:
        said: dict[str, object] = {
            "title": message.title,
            "message": message.text,
            "priority": _URGENT if message.urgent else _ORDINARY,
        }
        if message.link:
            said["click"] = message.link
        if message.sound is None:
            body = json.dumps({"topic": self._topic, **said}).encode()
            answer = self._poster.post(f"{self._server}/", body, "application/json", private=self._private)
        else:
            sound = message.sound
            url = f"{self._url}?{urlencode({**said, 'filename': sound.name})}"
            answer = self._poster.post(url, sound.data, sound.media_type, method="PUT", private=self._private)
        if not answer.lstrip().startswith(b"{"):  # the login page of a network, say
            raise Transient(f"{urlsplit(self._url).hostname} answers in words that are none of ntfy: check url")
