"""The part of the table of verbs that is about the player and its playlist."""

from appliance import events
from appliance.arguments import Argument, Kind
from appliance.listed import Repeat
from appliance.verb import Verb

MOST_TRACKS = 1000
"""The most tracks that the playlist holds."""

SLOWEST, FASTEST = 0.5, 2.0
"""Times the recorded speed that can be played."""


_YEAR = 366 * 86_400
_TEXT_OF_PATH = 4096

_PLAYED = ((events.PlaybackStarted,), (events.PlaybackFailed, events.PlaybackFinished, events.NothingToPlay))
_RESUMED = (events.PlaybackResumed,)
_STOPPED = (events.PlaybackFinished, events.PlaybackFailed)
_SOUGHT = ((events.PlaybackSeeked,), _STOPPED)
_PLAYBACK = (Argument("playback_id", Kind.TEXT, "The playback that is meant. Default: the one in progress.", False),)
_PERCENT = Argument("percent", Kind.WHOLE, "The volume in percent.", most=100)

PLAYER = (
    Verb(
        "play",
        "Play a sound.",
        None,
        *_PLAYED,
        (
            Argument(
                "source",
                Kind.TEXT,
                "`recording` (the last), `next` or `latest` (messages), a URL, a clip (id or name) or a path.",
                longest=_TEXT_OF_PATH,
                path=True,
            ),
            Argument("start_at", Kind.NUMBER, "Seconds from its start. Default: 0.", False, most=_YEAR),
            Argument("loop", Kind.SWITCH, "Over and over, until somebody stops it. Default: false.", False),
        ),
    ),
    Verb(
        "play.url",
        "Fetch what is at a URL and play it. Hanging up before that ends it.",
        arguments=(Argument("url", Kind.TEXT, "The URL.", longest=_TEXT_OF_PATH),),
        answer="`received`, the bytes that are here, now and then; at last the event as for `play`",
        streams=True,
        since=2,
    ),
    Verb(
        "play.toggle",
        "Pause what plays, go on with it, or play the next message.",
        events.PlayToggle,
        (events.PlaybackStarted, events.PlaybackPaused, *_RESUMED),
        _PLAYED[1],
        since=2,
    ),
    Verb("play.next", "Play the next message not heard yet, else the newest.", events.PlayNext, *_PLAYED, since=2),
    Verb("play.new", "Play the oldest message not heard yet.", events.PlayNew, *_PLAYED, since=2),
    Verb("play.previous", "Play the message before, or the last once more.", events.PlayPrevious, *_PLAYED, since=2),
    Verb("play.latest", "Play the newest message.", events.PlayLatest, *_PLAYED, since=2),
    Verb("play.recording", "Play what was recorded last.", events.PlayRecording, *_PLAYED, since=2),
    Verb(
        "play.earlier",
        "Play the recording before the one played last, or the last.",
        events.PlayEarlier,
        *_PLAYED,
        since=2,
    ),
    Verb("play.random", "Play any of the recordings.", events.PlayRandom, *_PLAYED, since=2),
    Verb(
        "play.all",
        "Play all recordings, the oldest first, as the playlist.",
        events.PlayAll,
        (events.PlaylistChanged,),
        (events.NothingToPlay,),
        since=2,
    ),
    Verb("play.stop", "Stop the playback.", events.PlayerStop, _STOPPED, arguments=_PLAYBACK, since=2),
    Verb("player.pause", "Pause the playback.", events.PlayerPause, (events.PlaybackPaused,), _STOPPED, _PLAYBACK),
    Verb("player.resume", "Go on with the paused playback.", events.PlayerResume, _RESUMED, _STOPPED, _PLAYBACK),
    Verb("player.stop", "Stop the playback.", events.PlayerStop, _STOPPED, arguments=_PLAYBACK),
    Verb(
        "player.seek",
        "Go to a position in what plays.",
        events.PlayerSeek,
        *_SOUGHT,
        arguments=(Argument("seconds", Kind.NUMBER, "Seconds from its start.", most=_YEAR), *_PLAYBACK),
    ),
    Verb(
        "player.skip",
        "Go so many seconds on in what plays, or back.",
        events.PlayerSkip,
        *_SOUGHT,
        arguments=(
            Argument("seconds", Kind.NUMBER, "Seconds, negative for back.", least=-_YEAR, most=_YEAR),
            *_PLAYBACK,
        ),
        since=2,
    ),
    Verb("player.forward", "Go 15 seconds on in what plays.", events.PlayerForward, *_SOUGHT, since=2),
    Verb("player.back", "Go 15 seconds back in what plays.", events.PlayerBack, *_SOUGHT, since=2),
    Verb(
        "player.rate",
        "Play at another speed, at the same pitch, from now on.",
        events.RateSet,
        (events.RateChanged,),
        arguments=(Argument("rate", Kind.NUMBER, "Times the recorded speed.", least=SLOWEST, most=FASTEST),),
        since=2,
    ),
    Verb("player.volume", "Set the volume.", events.VolumeSet, (events.VolumeChanged,), arguments=(_PERCENT,)),
    Verb("volume.set", "Set the volume.", events.VolumeSet, (events.VolumeChanged,), arguments=(_PERCENT,), since=2),
    Verb("volume.up", "A step louder.", events.VolumeUp, (events.VolumeChanged,), since=2),
    Verb("volume.down", "A step quieter.", events.VolumeDown, (events.VolumeChanged,), since=2),
)

_LISTED = ((events.PlaylistChanged,), (events.NothingToPlay,))
PLAYLIST = (
    Verb(
        "playlist.add",
        "Put tracks behind all others of the playlist.",
        None,
        *_LISTED,
        (
            Argument(
                "sources",
                Kind.TEXTS,
                "Each a URL, a clip (id or name), a file, or a folder: all sound files in it.",
                entries=MOST_TRACKS,
                longest=_TEXT_OF_PATH,
                path=True,
            ),
        ),
        since=2,
    ),
    Verb("playlist.play", "Play the playlist, from where it was.", events.PlaylistPlay, *_LISTED, since=2),
    Verb(
        "playlist.toggle",
        "Pause what plays, go on with it, or play the playlist.",
        events.PlaylistToggle,
        (events.PlaylistChanged, events.PlaybackPaused, *_RESUMED),
        _LISTED[1],
        since=2,
    ),
    Verb("playlist.next", "Play its next track.", events.PlaylistNext, *_LISTED, since=2),
    Verb(
        "playlist.previous",
        "Begin its track again, or play the one before where it has just begun.",
        events.PlaylistPrevious,
        *_LISTED,
        since=2,
    ),
    Verb("playlist.shuffle", "Put what follows on it into another order.", events.PlaylistShuffle, *_LISTED, since=2),
    Verb(
        "playlist.repeat",
        "Repeat all of it, one track, or nothing.",
        events.PlaylistRepeat,
        *_LISTED,
        (Argument("mode", Kind.TEXT, "`all`, `one` or `off`.", choices=tuple(Repeat)),),
        since=2,
    ),
    Verb("playlist.clear", "Take everything off it.", events.PlaylistClear, *_LISTED, since=2),
    Verb(
        "playlist.list",
        "List what is on it.",
        answer="an object with `items`, `current` (the index of the one that plays, or begins) and `repeat`",
        acts=False,
        since=2,
    ),
)
