"""Brings the sound of letters into the inbox, each once, the oldest first."""

import imaplib
import logging
from collections.abc import Collection
from typing import Any

from appliance_fetch.failures import together
from appliance_fetch.refusals import Refusals, needed
from appliance_fetch.taking import taking
from appliance_http.watch import Watch
from attrs import evolve, frozen

from appliance.plugin import BackendContext, Cancelled, FeedJob, Permanent, Transient, WrongKind, counted
from appliance_feed_mail.encoding import decoder
from appliance_feed_mail.mailbox import SILENCE, Letter, Mailbox, opened
from appliance_feed_mail.options import MailboxOptions
from appliance_feed_mail.sender import is_among, is_vouched_for, sender_of, text_of
from appliance_feed_mail.structure import Part

_TOTAL = 86_400.0
_MOST_AGAIN = 100
"""Letters that failed and are looked at again, the newest of them."""

log = logging.getLogger(__name__)


@frozen
class _Seen:
    """How far the folder was looked through: up to number `last`, but for those that failed. `broke` are the letters at
    which the connection broke the last two times: where both are the same, the others go first, as the server may well
    fail over that letter.
    """

    validity: str = ""
    last: int = 0
    failed: tuple[int, ...] = ()
    broke: tuple[int, ...] = ()


class MailFeed:
    """Looks through one folder. Letters are left as they are: not read, not moved."""

    def __init__(self, options: MailboxOptions, context: BackendContext, silence: float = SILENCE) -> None:
        """`silence` is how many seconds the server may be silent, or send next to nothing."""
        self._options = options
        self._silence = silence
        self._trusted = context.clock_trusted
        self._place = f"folder {options.folder}"
        self._refusals = Refusals()

    def pull(self, job: FeedJob) -> None:
        def stop() -> None:
            if job.cancelled():
                raise Cancelled(f"pulling {self._options.host} was stopped")

        stop()
        with Watch(stop, _TOTAL) as watch, opened(self._options, watch, self._trusted, self._silence) as mailbox:
            failures = self._look_through(mailbox, job, watch)
        if failures:
            raise together(failures, "letter")

    def probe(self) -> str:
        """Look how many letters there are, and fetch none."""
        options = self._options
        with Watch(lambda: None, _TOTAL) as watch, opened(options, watch, self._trusted, self._silence) as mailbox:
            count = len(mailbox.letters(options.senders))
        return f"{options.folder} of {options.user} is there, with {counted(count, 'letter')} from who may send"

    def close(self) -> None:
        pass

    def _look_through(self, mailbox: Mailbox, job: FeedJob, watch: Watch) -> list[Permanent | Transient]:
        seen = self._seen(mailbox, job)
        new = mailbox.letters(self._options.senders, seen.last + 1)
        failures = list[Permanent | Transient]()
        failed = set(mailbox.there(seen.failed))
        for uid in sorted(failed | set(new), key=lambda each: (seen.broke.count(each) > 1, each)):
            watch.check()
            failed.discard(uid)
            broke = False
            try:
                self._bring_from(mailbox, uid, job)
            except (Permanent, Transient) as error:
                failures.append(error)
                failed.add(uid)
                broke = not mailbox.is_open()
            except (imaplib.IMAP4.error, OSError):
                if not job.cancelled():
                    self._keep(_after(seen, uid, failed | {uid}, broke=True), job)
                raise
            seen = _after(seen, uid, failed, broke=broke)
            self._keep(seen, job)
            if broke:
                break
        return failures

    def _seen(self, mailbox: Mailbox, job: FeedJob) -> _Seen:
        note: Any = job.note(self._place)
        if note.get("validity") == mailbox.validity:
            return _Seen(mailbox.validity, note["last"], tuple(note["failed"]), tuple(note.get("broke", ())))
        passed_over = mailbox.letters(self._options.senders)[: -self._options.newest or None]
        seen = _Seen(mailbox.validity, max(passed_over, default=0))
        self._keep(seen, job)
        return seen

    def _keep(self, seen: _Seen, job: FeedJob) -> None:
        told = {"validity": seen.validity, "last": seen.last, "failed": list(seen.failed), "broke": list(seen.broke)}
        job.save_note(self._place, told)

    def _bring_from(self, mailbox: Mailbox, uid: int, job: FeedJob) -> None:
        """Bring what is new of one letter. Raises one Permanent or Transient for all that failed."""
        letter = mailbox.letter(uid)
        if letter is None or not self._may_send(letter):
            return
        failures = list[Permanent]()
        for part in letter.sounds:
            try:
                self._bring(mailbox, letter, part, job)
            except Permanent as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _may_send(self, letter: Letter) -> bool:
        sender, server = sender_of(letter.head), self._options.authenticated_by
        if not is_among(sender, self._options.senders):
            return False
        if server and not is_vouched_for(letter.head, sender, server):
            log.warning("a letter from %s is passed over: %s does not say that it is from there", sender, server)
            return False
        return True

    def _bring(self, mailbox: Mailbox, letter: Letter, part: Part, job: FeedJob) -> None:
        key = f"{text_of(letter.head, 'Message-ID') or f'{mailbox.validity} {letter.uid}'} {part.number}"
        if job.has(key):
            return
        self._refusals.check(key, None)
        decode, most = decoder(part.encoding), self._options.max_size

        def refused(error: Permanent) -> None:
            self._refusals.remember(key, None, _told(letter, part, error))

        try:
            with taking(job, key, _title(letter, part), part.suffix, refused, "it", most) as track:
                for block in mailbox.blocks(letter, part):
                    if job.cancelled():
                        raise Cancelled(f"pulling {self._options.host} was stopped")
                    track.write(decode(block, False))
                track.write(decode(b"", True))
        except Permanent as error:
            raise _told(letter, part, error) from error


def _after(seen: _Seen, uid: int, failed: Collection[int], *, broke: bool) -> _Seen:
    """How far it was looked through once a letter was looked at."""
    at = (*seen.broke, uid)[-2:] if broke else tuple(each for each in seen.broke if each != uid)
    return evolve(seen, last=max(seen.last, uid), failed=tuple(sorted(failed)[-_MOST_AGAIN:]), broke=at)


def _told(letter: Letter, part: Part, error: Permanent) -> WrongKind:
    """The same of the sound of a letter."""
    return WrongKind(f"{sender_of(letter.head)} sent {part.name}{part.suffix}: {error}", needs=needed(error))


def _title(letter: Letter, part: Part) -> str:
    """The subject; of several sounds the name of the file too."""
    subject = text_of(letter.head, "Subject")
    names = [subject] if subject and len(letter.sounds) == 1 else [subject, part.name]
    return ": ".join(filter(None, names)) or sender_of(letter.head)
