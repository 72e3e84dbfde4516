"""The tables of the catalogue, how they came to be, and how the database is opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from appliance.store.trouble import damage, is_riddle

MIGRATIONS = (
    # `start_ns` is the best known wall time of the start; what the clocks said then stays in `body`.
    # `tried` is the run of the daemon in which a delivery was last claimed, 0 for never. `due` is CLOCK_MONOTONIC of
    # that run, so it means nothing in any other: waits of earlier runs are over without a row being touched.
    """
    CREATE TABLE run (number INTEGER NOT NULL) STRICT;
    INSERT INTO run VALUES (0);

    CREATE TABLE clips (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        start_ns INTEGER NOT NULL,
        body TEXT NOT NULL,
        deleted_at INTEGER,
        reason TEXT
    ) STRICT;
    CREATE INDEX clips_by_start ON clips (start_ns, seq) WHERE deleted_at IS NULL;
    CREATE INDEX clips_present ON clips (name, deleted_at) WHERE deleted_at IS NULL;

    CREATE TABLE renditions (
        clip INTEGER NOT NULL REFERENCES clips,
        kind TEXT NOT NULL,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (clip, kind)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        clip INTEGER NOT NULL REFERENCES clips,
        destination TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending',
        attempts INTEGER NOT NULL DEFAULT 0,
        tried INTEGER NOT NULL DEFAULT 0,
        due REAL,
        last_error TEXT NOT NULL DEFAULT '',
        resume TEXT,
        receipt TEXT,
        UNIQUE (clip, destination)
    ) STRICT;
    CREATE INDEX deliveries_ready ON deliveries (destination, tried, clip) WHERE state = 'pending';
    CREATE INDEX deliveries_waiting ON deliveries (destination, tried, due) WHERE state = 'pending' AND due IS NOT NULL;
    CREATE INDEX deliveries_sending ON deliveries (destination) WHERE state = 'sending';
    CREATE INDEX deliveries_parked ON deliveries (destination) WHERE state = 'parked';

    CREATE TABLE delivery_counts (
        destination TEXT NOT NULL,
        state TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (destination, state)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER delivery_added AFTER INSERT ON deliveries BEGIN
        INSERT INTO delivery_counts VALUES (new.destination, new.state, 1)
            ON CONFLICT DO UPDATE SET count = count + 1;
    END;
    CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON deliveries WHEN old.state <> new.state BEGIN
        UPDATE delivery_counts SET count = count - 1 WHERE destination = old.destination AND state = old.state;
        INSERT INTO delivery_counts VALUES (new.destination, new.state, 1)
            ON CONFLICT DO UPDATE SET count = count + 1;
    END;

    CREATE TABLE tracks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        feed TEXT NOT NULL,
        key TEXT NOT NULL,
        title TEXT NOT NULL,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        fetched_at INTEGER NOT NULL,
        played INTEGER NOT NULL DEFAULT 0,
        UNIQUE (feed, key)
    ) STRICT;
    CREATE INDEX tracks_unheard ON tracks (played, id) WHERE played = 0;

    CREATE TABLE notes (
        feed TEXT NOT NULL,
        key TEXT NOT NULL,
        note TEXT NOT NULL,
        PRIMARY KEY (feed, key)
    ) STRICT, WITHOUT ROWID;
    """,
    # What housekeeping and timekeeping look for. `clock` is the source of `start_ns`; `stale` marks a clip whose
    # sidecar does not say yet what `body` says.
    """
    ALTER TABLE clips ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE clips ADD COLUMN boot_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE clips ADD COLUMN clock TEXT NOT NULL DEFAULT 'none';
    ALTER TABLE clips ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
    UPDATE clips SET
        bytes = coalesce(json_extract(body, '$.size'), 0),
        boot_id = coalesce(json_extract(body, '$.started.boot_id'), ''),
        clock = coalesce(json_extract(body, '$.started.source'), 'none')
        WHERE json_valid(body);
    CREATE INDEX clips_in_order ON clips (seq) WHERE deleted_at IS NULL;
    CREATE INDEX clips_undated ON clips (boot_id) WHERE clock <> 'ntp' AND deleted_at IS NULL;
    CREATE INDEX clips_stale ON clips (seq) WHERE stale <> 0;
    CREATE INDEX clips_recorded ON clips (start_ns, bytes);
    """,
    # Where a take is sent while it is recorded: what its delivery will carry on from once there is one.
    """
    CREATE TABLE live (
        take TEXT NOT NULL,
        destination TEXT NOT NULL,
        note TEXT NOT NULL,
        PRIMARY KEY (take, destination)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_begun ON deliveries (destination, clip)
        WHERE state = 'pending' AND tried = 0 AND resume IS NOT NULL;
    """,
    # When `clips/` was last changed, in ns, as a run that ended well left it; 0 after any other, and while one lasts.
    """
    ALTER TABLE run ADD COLUMN clips_changed INTEGER NOT NULL DEFAULT 0;
    """,
    # Which clip a clip carries on, so that the parts of a recording are found. What a feed brought and a person took
    # out of the inbox: its feed must not bring it again. `kind` is the name of a recipe, `recipe` the hash of the one
    # that a file was made by. Deliveries with that `tried` are by a recipe that the release at work does not know.
    """
    ALTER TABLE clips ADD COLUMN continues TEXT;
    UPDATE clips SET continues = json_extract(body, '$.continues') WHERE json_valid(body);
    CREATE INDEX clips_continued ON clips (continues) WHERE continues IS NOT NULL;
    ALTER TABLE tracks ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE renditions ADD COLUMN recipe TEXT NOT NULL DEFAULT '';
    UPDATE renditions SET recipe = CASE kind
        WHEN 'original' THEN 'd262d7a65157d4a6' WHEN 'flac' THEN '3cc40c4bb0a8afb8' ELSE '9e01f4458d52fda2' END;
    CREATE INDEX deliveries_passed ON deliveries (kind) WHERE tried = 4611686018427387904;
    """,
    # Which deleted clips can still be brought back, and since when (wall time in ns, 0 where no clock told).
    """
    CREATE TABLE trash (
        clip INTEGER PRIMARY KEY REFERENCES clips,
        since_ns INTEGER NOT NULL
    ) STRICT;
    """,
    # By what clips are found, see `search`. A search reads terms and deliveries in the order of clips.
    """
    CREATE TABLE terms (
        term TEXT NOT NULL,
        clip INTEGER NOT NULL,
        PRIMARY KEY (term, clip)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX terms_by_clip ON terms (clip);
    CREATE INDEX deliveries_by_state ON deliveries (state, clip);
    """,
)
"""Number N leads from version N to N + 1. A released one never changes; new ones are added at the end."""


def connect(path: Path, *, check: bool = False) -> sqlite3.Connection:
    """Open the database and bring it to the newest version; what is committed is on the disk (WAL, FULL).

    One that a newer release has brought further is used as it is, where that is possible. `check` looks at every page
    first. Raises sqlite3.Error, as of damage where it cannot be used.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if check:
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if finding != "ok":
                raise damage(finding)
        _migrate(connection)
    except BaseException as error:
        connection.close()
        if is_riddle(error):
            raise damage(str(error)) from error
        raise
    return connection


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether tables, indexes and triggers are those that we made, and hold what such can hold. Reads everything."""
    shape = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as model,
        suppress(sqlite3.Error, UnicodeDecodeError),
    ):
        _migrate(model)
        alike = newer_version(connection) or connection.execute(shape).fetchall() == model.execute(shape).fetchall()
        return (
            bool(alike)
            and connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            and connection.execute("PRAGMA foreign_key_check").fetchone() is None
        )
    return False


def newer_version(connection: sqlite3.Connection) -> int:
    """The version of a catalogue that a newer release has brought further than this one can; else 0."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version) if version > len(MIGRATIONS) else 0


def _fits(connection: sqlite3.Connection) -> bool:
    """Whether a newer catalogue has all that we use, and wants nothing of new rows that we do not know."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        _migrate(model)
        ours = model.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'").fetchall()
        if not set(ours) <= set(connection.execute("SELECT type, name FROM sqlite_master").fetchall()):
            return False
        for table in (name for kind, name in ours if kind == "table"):
            known = {name for _, name, *_ in model.execute(f"PRAGMA table_info({table})")}
            found = {
                name: wanted and default is None
                for _, name, _, wanted, default, _ in connection.execute(f"PRAGMA table_info({table})")
            }
            if not known <= found.keys() or any(found[name] for name in found.keys() - known):
                return False
    return True


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS) and not _fits(connection):
        raise damage(f"a newer release (version {version}) made of it what this one cannot use")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block, durably, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full or broken disk may have rolled it back already; that error counts
            connection.execute("ROLLBACK")
        raise
