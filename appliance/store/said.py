"""The rows of clips as to what a person says of them. Whoever calls holds the transaction."""

import json
import sqlite3

from appliance.codec import to_plain
from appliance.errors import NotFound
from appliance.models import Clip
from appliance.store.clips import clip_in
from appliance.store.search import SearchRows


class SaidRows:
    """Titles, labels, stars and notes. They are part of the metadata of a clip, so its sidecar keeps them too."""

    def __init__(self, connection: sqlite3.Connection, search: SearchRows) -> None:
        self._db = connection
        self._search = search

    def change(self, clip_id: str, **said: object) -> Clip:
        """Put `said` into the place of what was said before. The sidecar is stale from here on. Raises NotFound."""
        row = self._db.execute("SELECT body FROM clips WHERE id = ? AND deleted_at IS NULL", (clip_id,)).fetchone()
        if row is None:
            raise NotFound(f"no clip {clip_id!r}: it was deleted meanwhile")
        clip_in(row[0])
        body = json.dumps(json.loads(row[0]) | to_plain(said), ensure_ascii=False)
        self._db.execute("UPDATE clips SET body = ?, stale = 1 WHERE id = ?", (body, clip_id))
        clip = clip_in(body)
        self._search.enter(clip)
        return clip
