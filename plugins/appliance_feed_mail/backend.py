"""Brings the sound of letters into the inbox, each once, the oldest first."""

import logging
import time
from typing import Any

from appliance_fetch.failures import together, too_large
from appliance_http.watch import Watch
from attrs import evolve, frozen

from appliance.plugin import BackendContext, Cancelled, FeedJob, Permanent, Transient, WrongKind, counted
from appliance_feed_mail.encoding import decoder
from appliance_feed_mail.mailbox import Letter, Mailbox, opened
from appliance_feed_mail.options import MailboxOptions
from appliance_feed_mail.sender import is_among, is_vouched_for, sender_of, text_of
from appliance_feed_mail.structure import Part

_TOTAL = 86_400.0
_TRY_AGAIN = 86_400.0
"""Seconds after which what was no sound is fetched again: by then the box may know how to play it."""

_MOST_AGAIN = 100
"""Letters that failed and are looked at again, the newest of them."""

log = logging.getLogger(__name__)


@frozen
class _Seen:
    """How far the folder was looked through: up to number `last`, but for those that failed."""

    validity: str = ""
    last: int = 0
    failed: tuple[int, ...] = ()


class MailFeed:
    """Looks through one folder. Letters are left as they are: not read, not moved."""

    def __init__(self, options: MailboxOptions, context: BackendContext) -> None:
        self._options = options
        self._trusted = context.clock_trusted
        self._place = f"folder {options.folder}"

    def pull(self, job: FeedJob) -> None:
        def stop() -> None:
            if job.cancelled():
                raise Cancelled(f"pulling {self._options.host} was stopped")

        stop()
        with Watch(stop, _TOTAL) as watch, opened(self._options, watch, self._trusted) as mailbox:
            failures = self._look_through(mailbox, job, watch)
        if failures:
            raise together(failures, "letter")

    def probe(self) -> str:
        """Look how many letters there are, and fetch none."""
        options = self._options
        with Watch(lambda: None, _TOTAL) as watch, opened(options, watch, self._trusted) as mailbox:
            count = len(mailbox.letters(options.senders))
        return f"{options.folder} of {options.user} is there, with {counted(count, 'letter')} from who may send"

    def close(self) -> None:
        pass

    def _look_through(self, mailbox: Mailbox, job: FeedJob, watch: Watch) -> list[Permanent | Transient]:
        seen = self._seen(mailbox, job)
        new = mailbox.letters(self._options.senders, seen.last + 1)
        failures = list[Permanent | Transient]()
        failed = set(mailbox.there(seen.failed))
        for uid in sorted(failed | set(new)):
            watch.check()
            failed.discard(uid)
            try:
                self._bring_from(mailbox, uid, job)
            except (Permanent, Transient) as error:
                failures.append(error)
                if not mailbox.is_open():
                    break
                failed.add(uid)
            seen = evolve(seen, last=max(seen.last, uid), failed=tuple(sorted(failed)[-_MOST_AGAIN:]))
            self._keep(seen, job)
        return failures

    def _seen(self, mailbox: Mailbox, job: FeedJob) -> _Seen:
        note: Any = job.note(self._place)
        if note.get("validity") == mailbox.validity:
            return _Seen(mailbox.validity, note["last"], tuple(note["failed"]))
        passed_over = mailbox.letters(self._options.senders)[: -self._options.newest or None]
        seen = _Seen(mailbox.validity, max(passed_over, default=0))
        self._keep(seen, job)
        return seen

    def _keep(self, seen: _Seen, job: FeedJob) -> None:
        job.save_note(self._place, {"validity": seen.validity, "last": seen.last, "failed": list(seen.failed)})

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
        note = job.note(key)
        now = time.time()
        if job.has(key):
            return
        if "refused" in note and 0 <= now - float(str(note["at"])) < _TRY_AGAIN:
            raise Permanent(str(note["refused"]))
        decode, size = decoder(part.encoding), 0
        try:
            with job.new_track(key, _title(letter, part), part.suffix) as file:
                for block in mailbox.blocks(letter, part):
                    if job.cancelled():
                        raise Cancelled(f"pulling {self._options.host} was stopped")
                    content = decode(block, False)
                    size += len(content)
                    if size > self._options.max_size:
                        raise too_large(f"{_sent(letter, part)}, which", self._options.max_size)
                    file.write(content)
                file.write(decode(b"", True))
        except WrongKind as error:
            words = f"{_sent(letter, part)}: {error}"
            job.save_note(key, {"refused": words, "at": now})
            raise Permanent(words) from error


def _sent(letter: Letter, part: Part) -> str:
    return f"{sender_of(letter.head)} sent {part.name}{part.suffix}"


def _title(letter: Letter, part: Part) -> str:
    """The subject; of several sounds the name of the file too."""
    subject = text_of(letter.head, "Subject")
    names = [subject] if subject and len(letter.sounds) == 1 else [subject, part.name]
    return ": ".join(filter(None, names)) or sender_of(letter.head)
