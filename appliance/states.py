"""The words of the table: what recorder and player are doing, and what a step may ask for."""

from enum import StrEnum

from appliance.values import frozen


class Recorder(StrEnum):
    """What the recorder is doing."""

    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"


class Player(StrEnum):
    """What the player is doing."""

    STOPPED = "stopped"
    PLAYING = "playing"
    PAUSED = "paused"


class Do(StrEnum):
    """An effect that a step asks for; the controller starts it and does not wait."""

    START_TAKE = "start_take"
    CARRY_ON_TAKE = "carry_on_take"
    PAUSE_TAKE = "pause_take"
    RESUME_TAKE = "resume_take"
    MARK_TAKE = "mark_take"
    SPLIT_TAKE = "split_take"
    FINISH_TAKE = "finish_take"
    DISCARD_TAKE = "discard_take"
    ADOPT_TAKE = "adopt_take"
    START_PLAYBACK = "start_playback"
    PAUSE_PLAYBACK = "pause_playback"
    RESUME_PLAYBACK = "resume_playback"
    SEEK_PLAYBACK = "seek_playback"
    SKIP_PLAYBACK = "skip_playback"
    SET_RATE = "set_rate"
    STOP_PLAYBACK = "stop_playback"
    PREPARE_NEXT = "prepare_next"
    SAY = "say"
    HUSH = "hush"
    ATTEND = "attend"
    WAIT = "wait"
    USE_GREETING = "use_greeting"
    DROP_CLIP = "drop_clip"
    RELEASE_CLIP = "release_clip"
    FORGET_GREETING = "forget_greeting"
    CHOOSE_NEXT = "choose_next"
    CHOOSE_NEW = "choose_new"
    CHOOSE_FOLLOWING = "choose_following"
    CHOOSE_AGAIN = "choose_again"
    CHOOSE_PREVIOUS = "choose_previous"
    CHOOSE_LATEST = "choose_latest"
    CHOOSE_RECORDING = "choose_recording"
    CHOOSE_EARLIER = "choose_earlier"
    CHOOSE_RANDOM = "choose_random"
    CHOOSE_ALL = "choose_all"
    SET_VOLUME = "set_volume"
    RAISE_VOLUME = "raise_volume"
    LOWER_VOLUME = "lower_volume"
    KEEP_VOLUME = "keep_volume"
    MARK_HEARD = "mark_heard"
    MARK_UNPLAYABLE = "mark_unplayable"


BEGIN = (Do.START_TAKE, Do.CARRY_ON_TAKE)
"""Effects that begin a take."""
AHEAD = (Do.START_PLAYBACK, Do.SAY, *(do for do in Do if do.value.startswith("choose_")))
"""Effects that begin a playback or say something, or look for what is to be played under the same id."""


@frozen
class State:
    """What recorder and player are doing, and on which take and playback."""

    recorder: Recorder = Recorder.IDLE
    player: Player = Player.STOPPED
    take_id: str | None = None
    playback_id: str | None = None
    room: bool = True
    """Whether a take may begin: false once the card is full."""
    began_as: str | None = None
    """The take that the recording in progress began with, where others have carried it on."""
    ended: str | None = None
    """The take that ended by itself, until another begins or somebody stops it too late."""
    shares: bool = False
    """Whether something may play while a take is in progress: the configuration says so."""
