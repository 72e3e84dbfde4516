"""Word through whatever Apprise knows."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apprise

from appliance.plugin import House, Permanent, Transient
from appliance_notify.notes import Message, Sound
from appliance_notify.options import AppriseOptions


class Beyond:
    """Hands messages to Apprise."""

    sounds = True

    def __init__(self, options: AppriseOptions, house: House) -> None:
        self._house = house
        self._apprise = apprise.Apprise()
        for number, url in enumerate(options.urls, 1):
            if not self._apprise.add(url.reveal()):
                raise Permanent(f"url {number} is none that Apprise knows. Write it as its documentation does")

    def send(self, message: Message) -> None:
        kind = apprise.NotifyType.FAILURE if message.urgent else apprise.NotifyType.INFO
        log: Any = apprise.LogCapture
        with self._file(message.sound) as attach, log(level=logging.WARNING) as said:
            if not self._apprise.notify(body=message.body, title=message.title, notify_type=kind, attach=attach):
                words = " ".join(str(said.getvalue()).split()) or "it does not say why"
                raise Transient(f"Apprise could not hand it over: {words}")

    @contextmanager
    def _file(self, sound: Sound | None) -> Iterator[str | None]:
        """The sound as a file, while it is needed."""
        if sound is None:
            yield None
            return
        path: Path = self._house.folder / sound.name
        try:
            path.write_bytes(sound.data)
            yield str(path)
        except OSError as error:
            raise Transient(f"{path} cannot be written: {error.strerror}. Look at the disk") from error
        finally:
            path.unlink(missing_ok=True)
