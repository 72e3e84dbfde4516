"""Word to a web server, in the form that it wants."""

from appliance.plugin import House
from appliance_notify.notes import Message
from appliance_notify.options import WebhookOptions
from appliance_notify.posting import Poster
from appliance_notify.templates import JSON, fill


class Webhook:
    """Fills in a template, and sends it."""

    sounds = False

    def __init__(self, options: WebhookOptions, house: House) -> None:
        self._options = options
        self._device = house.device
        self._private = {name: value.reveal() for name, value in options.headers.items()}
        self._poster = Poster(house, options.tls, allow_http=options.allow_http)

    def send(self, message: Message) -> None:
        options = self._options
        words = {
            "device": self._device,
            "title": message.title,
            "text": message.text,
            "urgent": "true" if message.urgent else "false",
            "link": message.link,
            "id": message.id,
        }
        body = fill(options.template, words, escaped=options.content_type.split(";")[0].strip() == JSON)
        self._poster.post(
            options.url, body.encode(), options.content_type, method=options.method, private=self._private
        )
