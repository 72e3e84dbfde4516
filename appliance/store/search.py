"""By what clips are found: the words that people gave them, verdicts, and where their deliveries are.

Each clip has its terms in one table, in the order of entry: every beginning of each word of its title, labels and
note, its labels whole, its star, its approval, its verdict. So a search reads about as many rows as it shows,
however many clips there are.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Iterator

from appliance.errors import NotFound
from appliance.models import Clip, Verdict
from appliance.store.clips import clip_in
from appliance.values import frozen

LONGEST_WORD = 16
"""Letters of a word that count."""

_MOST_LETTERS = 4000
"""Of a text; more than a person may write through us."""

_LABEL, _STAR, _VERDICT = "#", "*", "="
"""What other terms begin with: no word does."""

APPROVED, UNDECIDED = "!", "?"
"""The terms of clips that somebody approved of, and of drafts that somebody has still to keep."""

_MOST = (1 << 63) - 1

_LOOK = 200
"""Rows by which it is told which of two terms is the rarer."""

_NO_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of languages that put no spaces between words."""

_WORDS = rf"[{_NO_SPACES}]|[^\W{_NO_SPACES}]+"  # compiled where it is first used: that takes longer than most modules


@frozen
class Search:
    """What is looked for; what is None, or False of the others, lets everything through.

    `text` are beginnings of words of title, labels and note, each of which must be there; `state` is one that a
    delivery is in, of those to the destination `to` where that is given. Moments are wall time in ns, `since_ns`
    inclusive, `until_ns` exclusive.
    """

    text: str | None = None
    label: str | None = None
    starred: bool = False
    approved: bool = False
    undecided: bool = False
    verdict: str | None = None
    state: str | None = None
    to: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether more than a time is given."""
        return bool(self.terms or self.state)

    @property
    def terms(self) -> set[str]:
        """All that a clip must have."""
        terms = words(self.text or "")
        terms |= {_LABEL + self.label} if self.label is not None else set()
        terms |= {_STAR} if self.starred else set()
        terms |= {APPROVED} if self.approved else set()
        terms |= {UNDECIDED} if self.undecided else set()
        return terms | ({_VERDICT + self.verdict} if self.verdict is not None else set())


def words(text: str) -> set[str]:
    """The words of a text, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", text[:_MOST_LETTERS].casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return {word[:LONGEST_WORD] for word in re.findall(_WORDS, bare)}


def terms_of(clip: Clip) -> set[str]:
    """Everything that the clip is found by."""
    said = words(" ".join((clip.title, *clip.labels, clip.note)))
    terms = {word[:end] for word in said for end in range(1, len(word) + 1)}
    terms |= {_LABEL + label for label in clip.labels} | {_VERDICT + clip.verdict}
    terms |= {_STAR} if clip.starred else set()
    terms |= {APPROVED} if clip.approved else set()
    terms |= {UNDECIDED} if is_undecided(clip) else set()
    return {term.encode(errors="replace").decode() for term in terms}


def is_undecided(clip: Clip) -> bool:
    """Whether it is a draft that somebody has still to decide about; of what is too short nobody is asked that."""
    return clip.begun is not None and clip.begun.draft and clip.verdict is not Verdict.TOO_SHORT


class SearchRows:
    """The terms of clips. Whoever calls holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def enter(self, clip: Clip) -> None:
        """Let a clip be found by what it has now, and by nothing that it had."""
        (seq,) = self._db.execute("SELECT seq FROM clips WHERE id = ?", (clip.id,)).fetchone()
        self._db.execute("DELETE FROM terms WHERE clip = ?", (seq,))
        self._db.executemany("INSERT INTO terms VALUES (?, ?)", [(term, seq) for term in terms_of(clip)])

    def catch_up(self) -> None:
        """Enter clips that came while a release was at work that knew nothing of terms: every clip has one."""
        (last,) = self._db.execute("SELECT coalesce(max(clip), 0) FROM terms").fetchone()
        said = "json_extract(body, '$.title') <> '' OR json_extract(body, '$.note') <> ''"
        said += " OR json_extract(body, '$.labels') <> '[]' OR json_extract(body, '$.starred')"
        said += " OR json_extract(body, '$.approved') OR json_extract(body, '$.begun.draft')"
        told = self._db.execute(f"SELECT body FROM clips WHERE seq > ? AND json_valid(body) AND ({said})", (last,))
        bodies = [body for (body,) in told]
        self._db.execute(
            f"INSERT INTO terms SELECT '{_VERDICT}' || coalesce(json_extract(body, '$.verdict'), 'ok'), seq"
            " FROM clips WHERE seq > ? AND json_valid(body)",
            (last,),
        )
        for body in bodies:
            self.enter(clip_in(body))

    def count(self, term: str) -> int:
        """How many clips are found by a term."""
        query = "SELECT count(*) FROM terms JOIN clips ON seq = clip WHERE term = ? AND deleted_at IS NULL"
        return int(self._db.execute(query, (term,)).fetchone()[0])

    def labels(self) -> list[str]:
        """Every label that a clip has; read from one to the next, so cheap with many clips."""
        found = self._db.execute(
            f"""
            WITH RECURSIVE label(term) AS (
                SELECT min(term) FROM terms WHERE term >= '{_LABEL}' AND term < '{chr(ord(_LABEL) + 1)}'
                UNION ALL
                SELECT (SELECT min(term) FROM terms WHERE term > label.term AND term < '{chr(ord(_LABEL) + 1)}')
                FROM label WHERE label.term IS NOT NULL
            )
            SELECT term FROM label WHERE term IS NOT NULL
            """
        )
        return [term.removeprefix(_LABEL) for (term,) in found]

    def bodies(self, search: Search, after: str | None = None) -> Iterator[str]:
        """Clips as JSON that a narrow search looks for, the last entered first: those behind the clip of the id
        `after`, deleted or not.

        Raises NotFound where that never was.
        """
        least, most = self._span(search)
        if after is not None:
            row = self._db.execute("SELECT seq FROM clips WHERE id = ?", (after,)).fetchone()
            if row is None:
                raise NotFound(f"no clip {after!r} to go on after: begin with the first page again")
            most = min(most, row[0] - 1)
        conditions = [_Condition.term(term) for term in search.terms]
        conditions += [_Condition.state(search.state, search.to)] if search.state is not None else []
        conditions.sort(key=self._rarity)
        leader, *others = conditions
        wanted = [leader.leads, f"{leader.clip} BETWEEN ? AND ?", "deleted_at IS NULL", "start_ns >= ?", "start_ns < ?"]
        wanted += [f"EXISTS (SELECT 1 FROM {each.table} WHERE {each.leads} AND {each.clip} = seq)" for each in others]
        values = [*leader.values, least, most, *_moments(search), *(value for each in others for value in each.values)]
        tables = f"{leader.table} CROSS JOIN clips ON seq = {leader.clip}"
        seen = None  # several deliveries of a clip may be in one state
        for seq, body in self._db.execute(
            f"SELECT seq, body FROM {tables} WHERE {' AND '.join(wanted)} ORDER BY {leader.clip} DESC", values
        ):
            if seq != seen:
                yield body
            seen = seq

    def _span(self, search: Search) -> tuple[int, int]:
        """The numbers of the clips that began in that time lie between these; there may be others between them."""
        if search.since_ns is None and search.until_ns is None:
            return 0, _MOST
        least, most = self._db.execute(
            "SELECT min(seq), max(seq) FROM clips WHERE deleted_at IS NULL AND start_ns >= ? AND start_ns < ?",
            _moments(search),
        ).fetchone()
        return least or 0, most or 0

    def _rarity(self, condition: "_Condition") -> int:
        look = f"SELECT count(*) FROM (SELECT 1 FROM {condition.table} WHERE {condition.leads} LIMIT {_LOOK})"
        return int(self._db.execute(look, condition.values).fetchone()[0])


@frozen
class _Condition:
    """Rows of `table` that `leads` holds for are about clips that are wanted, in the order of `clip`."""

    table: str
    clip: str
    leads: str
    values: tuple[str, ...] = ()

    @classmethod
    def term(cls, term: str) -> "_Condition":
        return cls("terms", "terms.clip", "terms.term = ?", (term,))

    @classmethod
    def state(cls, state: str, destination: str | None) -> "_Condition":
        if destination is None:
            return cls("deliveries", "deliveries.clip", "deliveries.state = ?", (state,))
        return cls("deliveries", "deliveries.clip", "deliveries.state = ? AND destination = ?", (state, destination))


def _moments(search: Search) -> tuple[int, int]:
    least, most = search.since_ns, search.until_ns
    return -_MOST - 1 if least is None else least, _MOST if most is None else most
