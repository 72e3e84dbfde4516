"""Word by e-mail (RFC 5321, 5322)."""

import logging
from email.message import EmailMessage
from email.utils import formatdate

from appliance_http.watch import Watch
from appliance_mail.smtp import connected

from appliance.plugin import Cancelled, House
from appliance_notify.notes import Message
from appliance_notify.options import EmailOptions

_TOTAL = 600.0
"""Seconds that one message may take."""


log = logging.getLogger(__name__)


class Mail:
    """Hands messages to one mail server."""

    sounds = True

    def __init__(self, options: EmailOptions, house: House) -> None:
        self._options = options
        self._house = house

    def send(self, message: Message) -> None:
        letter = self._letter(message)
        with (
            Watch(self._check_stopping, _TOTAL) as watch,
            connected(self._options, watch, self._house.clock_trusted) as server,
        ):
            refused = server.send_message(letter)
        if refused:
            names = ", ".join(refused)
            log.warning("%s does not take mail for %s: check `to`. Others have got it", self._options.host, names)

    def _letter(self, message: Message) -> EmailMessage:
        options, letter = self._options, EmailMessage()
        letter["From"] = options.sender
        letter["To"] = ", ".join(options.to)
        letter["Subject"] = message.title
        letter["Message-ID"] = f"<{message.id}.{self._house.device}@{options.sender.rpartition('@')[2]}>"
        if self._house.clock_trusted():
            letter["Date"] = formatdate(self._house.now().wall_ns / 1e9)
        if message.urgent:
            letter["Importance"] = "high"
        letter.set_content(message.body)
        if message.sound:
            main, sub = message.sound.media_type.split("/")
            letter.add_attachment(message.sound.data, maintype=main, subtype=sub, filename=message.sound.name)
        return letter

    def _check_stopping(self) -> None:
        if self._house.stopping:
            raise Cancelled("the box stops")
