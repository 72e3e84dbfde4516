"""The rows of clips as to when they began. Whoever calls holds the transaction."""

import json
import sqlite3
from collections.abc import Iterable

from attrs import evolve

from appliance.codec import to_plain
from appliance.models import Clip, ClockSource, ClockStamp
from appliance.store.clips import clip_in


class Dates:
    """Starts that a clock told wrong, and what they are now known to be."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def correct(self, now: ClockStamp, limit: int) -> list[Clip]:
        """Give clips of this boot their start by the clock that `now` was read from, where it is a better one.

        What the clock said at the press stays as it is. Their sidecars are stale from here on.
        """
        poorer = [source.value for source in ClockSource if now.source.beats(source)]
        rows = self._db.execute(
            "SELECT seq, body FROM clips WHERE boot_id = ? AND clock <> 'ntp' AND deleted_at IS NULL"
            f" AND clock IN ({', '.join('?' * len(poorer))}) ORDER BY seq LIMIT ?",
            (now.boot_id, *poorer, limit),
        ).fetchall()
        corrected = []
        for seq, body in rows:
            clip = clip_in(body)
            clip = evolve(clip, corrected=at(now, clip.started.monotonic_ns))
            body = json.dumps(json.loads(body) | {"corrected": to_plain(clip.corrected)}, ensure_ascii=False)
            corrected.append(clip)
            self._db.execute(
                "UPDATE clips SET start_ns = ?, clock = ?, body = ?, stale = 1 WHERE seq = ?",
                (clip.began.wall_ns, clip.began.source.value, body, seq),
            )
        return corrected

    def stale(self) -> dict[str, str]:
        """Clips whose sidecar does not say yet what the catalogue says: their names, and that."""
        rows = self._db.execute("SELECT name, body FROM clips WHERE stale <> 0 AND deleted_at IS NULL ORDER BY seq")
        return dict(rows.fetchall())

    def told(self, names: Iterable[str]) -> None:
        """Their sidecars are up to date."""
        self._db.executemany("UPDATE clips SET stale = 0 WHERE name = ?", [(name,) for name in names])


def at(now: ClockStamp, monotonic_ns: int) -> ClockStamp:
    """What the clock that `now` was read from said, or would have said, at another moment of the same boot."""
    return evolve(now, wall_ns=now.wall_ns + monotonic_ns - now.monotonic_ns, monotonic_ns=monotonic_ns)
