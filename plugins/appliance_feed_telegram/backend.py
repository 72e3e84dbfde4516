"""Brings what was said to a bot into the inbox, each message once, the oldest first."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from appliance_fetch.answers import length_of
from appliance_fetch.failures import together
from appliance_fetch.refusals import Refusals
from appliance_fetch.taking import taking
from appliance_telegram.bot import Bot

from appliance.plugin import BackendContext, Cancelled, FeedJob, Permanent, Transient
from appliance_feed_telegram.messages import Sound, chat_of, noted, sound_of
from appliance_feed_telegram.options import TelegramFeedOptions

_AT_ONCE = 100
"""Updates that are asked for at once: as many as there are."""

_MOST_WAITING = 500
"""Sounds that are known and not fetched yet, the oldest of them; more stay at Telegram, which keeps them for a day."""

_GIVEN_UP_AFTER = 7 * 86_400.0
"""Seconds for which it is told what was said and cannot be taken."""

_WAITING = "waiting"

log = logging.getLogger(__name__)


class TelegramFeed:
    """Asks for what was said to the bot.

    Telegram forgets what it was asked for, so what is to be fetched is noted before it is told that we have it.
    """

    def __init__(self, options: TelegramFeedOptions, context: BackendContext) -> None:
        self._options = options
        self._trusted = context.clock_trusted
        self._bot = Bot(options, context.clock_trusted)
        self._refusals = Refusals()

    def pull(self, job: FeedJob) -> None:
        def stop() -> None:
            if job.cancelled():
                raise Cancelled("pulling what was said to the bot was stopped")

        stop()
        note: Any = job.note(_WAITING)
        waiting = [noted(each) for each in note.get("sounds", ())]
        offset = int(note.get("offset", 0))
        while len(waiting) <= _MOST_WAITING - _AT_ONCE and (updates := self._updates(offset, stop)):
            waiting += [sound for update in updates if (sound := self._wanted(update)) and not job.has(sound.key)]
            offset = max(int(update["update_id"]) for update in updates) + 1
            self._keep(offset, waiting, job)
        waiting, failures = self._fetch(waiting, job, stop)
        self._keep(offset, waiting, job)
        if failures:
            raise together(failures, "message")

    def probe(self) -> str:
        """Ask who the bot is. Nothing of what was said to it is taken."""
        me = self._bot.told("getMe", lambda: None)
        return f"the bot @{me.get('username', '?')} is there"

    def close(self) -> None:
        pass

    def _updates(self, offset: int, stop: Callable[[], None]) -> list[Mapping[str, Any]]:
        found = self._bot.ask(
            "getUpdates", stop, offset=offset, limit=_AT_ONCE, timeout=0, allowed_updates=["message", "channel_post"]
        )
        if not isinstance(found, list):
            raise Transient("Telegram tells what was said in words that are none of the Bot API")
        return [each for each in found if isinstance(each, dict) and isinstance(each.get("update_id"), int)]

    def _wanted(self, update: Mapping[str, Any]) -> Sound | None:
        sound, chat = sound_of(update), chat_of(update)
        if sound is None or chat is None:
            return None
        if not chat.is_among(self._options.chats):
            log.warning("sound from chat %s (%s) is passed over: it is not in `chats`", chat.id, chat.words)
            return None
        return sound

    def _keep(self, offset: int, waiting: list[Sound], job: FeedJob) -> None:
        job.save_note(_WAITING, {"offset": offset, "sounds": [attrs.asdict(each) for each in waiting]})

    def _fetch(
        self, waiting: list[Sound], job: FeedJob, stop: Callable[[], None]
    ) -> tuple[list[Sound], list[Permanent | Transient]]:
        """Those that are still to be fetched afterwards, and why."""
        left, failures = list[Sound](), list[Permanent | Transient]()
        now = time.time() if self._trusted() else None
        for sound in waiting:
            stop()
            try:
                self._bring(sound, job, stop)
            except Transient as error:
                failures.append(error)
                left.append(sound)
            except Permanent as error:
                failures.append(error)
                if now is not None and not 0 < sound.since <= now:
                    sound = attrs.evolve(sound, since=now)
                left.append(sound)
        if now is not None:
            left = [each for each in left if not each.since or now - each.since < _GIVEN_UP_AFTER]
        return left, failures

    def _bring(self, sound: Sound, job: FeedJob, stop: Callable[[], None]) -> None:
        if job.has(sound.key):
            return
        self._refusals.check(sound.key, None)
        told = self._bot.told("getFile", stop, file_id=sound.file_id)
        file_path, what, most = str(told.get("file_path", "")), sound.title, self._options.max_size

        def refused(error: Permanent) -> None:
            self._refusals.remember(sound.key, None, error)

        with (
            self._bot.file(file_path, stop) as answer,
            taking(job, sound.key, what, sound.suffix, refused, what, most) as track,
        ):
            for block in answer.blocks():
                track.write(block)
            announced = told.get("file_size") or length_of(answer)
            if isinstance(announced, int) and track.size != announced:
                raise Transient(f"{what} came with {track.size} of {announced} bytes: it is fetched again")
