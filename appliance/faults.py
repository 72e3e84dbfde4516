"""Every fault that the appliance can raise: one table, from which alone they are raised and cleared.

A fault is known by its name and by its owner, the one part that raises and clears it. So the same word may be said by
two parts, each for a reason of its own, and neither clears what the other has raised.
"""

from appliance.errors import AudioError, StorageError, Unplayable, named
from appliance.faultkind import FaultKind

# -- taking sound

MICROPHONE_AWAY = FaultKind(
    "microphone",
    owner="device watch",
    cause="the microphone of the configuration is not plugged in",
    next_step="plug it in, or run `appliance devices` and choose another",
    urgent=True,
)
MICROPHONE_LOST = FaultKind(
    "microphone",
    owner="recorder",
    cause="the microphone went away in the middle of a take, or delivers no sound",
    next_step="check cable and hub; the take goes on where the microphone comes back in time",
    urgent=True,
)
MICROPHONE_FORMAT = FaultKind(
    "microphone_format",
    owner="device watch",
    cause="the microphone cannot do the `rate`, `channels` or `sample_format` of the configuration",
    next_step="take those options away, and it records in the nearest that it offers, or set what the message says",
    urgent=True,
)
MICROPHONE_RATE = FaultKind(
    "microphone_rate",
    owner="recorder",
    cause="the microphone delivers more or fewer frames a second than it says: its sound plays too slow or too fast",
    next_step="use another microphone, or set audio.capture.rate to a rate that it really does",
)
MICROPHONE_MUTED = FaultKind(
    "microphone_muted",
    owner="mixer",
    cause="the microphone is switched off in the mixer of its sound card: nothing but silence is recorded",
    next_step="switch it on (`alsamixer`), set `audio.capture.unmute`, or run `appliance levels`",
    urgent=True,
)
MICROPHONE_GAIN = FaultKind(
    "microphone_gain",
    owner="mixer",
    cause="the mixer of the sound card cannot do, or does not keep, what the configuration wants of it",
    next_step="do what the message says; it records with the gain that there is",
)
NOTHING_HEARD = FaultKind(
    "nothing_heard",
    owner="recorder",
    cause="for as long as `monitor.silence` says a take has heard nothing but silence, a steady hum or clipping",
    next_step="speak into the microphone; check its switch, its gain, its cable, and that it is the right one",
    urgent=True,
)
RECORDING = FaultKind(
    "recording",
    owner="status",
    cause="a take could not begin, or could not be finished",
    next_step="do what the message says; it is over once a take begins",
    urgent=True,
)
RECORDING_UNHEARD = FaultKind(
    "recording",
    owner="status, of the microphone",
    cause="a take could not begin, as no microphone could be heard",
    next_step="do what the message says; it is over once the microphone is there and delivers sound",
    urgent=True,
)
RECORDING_UNKEPT = FaultKind(
    "recording",
    owner="status, of the disk",
    cause="a take could not begin, or could not be finished, as the disk refused it",
    next_step="do what the message says; it is over once the disk works again",
    urgent=True,
)
LAST_CLIP = FaultKind(
    "last_clip",
    owner="status",
    cause="the clip made last is silent, very quiet, clipped, cut at its longest duration, or lacks a second that was "
    "not lost with the microphone",
    next_step="do what the message says; it is over with the next good clip",
)

# -- keeping it

STORAGE = FaultKind(
    "storage",
    owner="recorder",
    cause="the disk refused the sound of a take",
    next_step="do what the message says; what was recorded is kept and finished once the disk works again",
    urgent=True,
)
STORAGE_READ_ONLY = FaultKind(
    "storage",
    owner="housekeeper",
    cause="the disk has become read-only, as a file system does when it finds itself damaged",
    next_step="look at `dmesg`, check the card, then restart the box",
    urgent=True,
)
STORAGE_AT_START = FaultKind(
    "storage",
    owner="start",
    cause="the disk keeps the appliance from starting; it tries again every few seconds",
    next_step="do what the message says",
    urgent=True,
)
MEMORY = FaultKind(
    "memory",
    owner="housekeeper",
    cause="what is recorded is kept in memory only and ends with the next power cut",
    next_step="give `storage.directory` a place on a disk",
    urgent=True,
)
STORAGE_FULL = FaultKind(
    "storage_full",
    owner="housekeeper",
    cause="the card is full up to its reserve and no clip may be deleted: no take begins, one in progress goes on",
    next_step="let clips arrive at their destinations, or delete some",
    urgent=True,
)
SLOW_STORAGE = FaultKind(
    "slow_storage",
    owner="recorder",
    cause="the disk does not keep up: a power cut would cost seconds of sound",
    next_step="use a faster card",
)
TAKE_REMOVED = FaultKind(
    "take_removed",
    owner="recorder",
    cause="somebody removed the file of the take in progress; its sound is kept",
    next_step="leave the folder of takes alone; it is over with the take",
)
CATALOGUE = FaultKind(
    "catalogue",
    owner="controller",
    cause="something could not be written down, so that a take did not become a clip yet",
    next_step="do what the message says; it is made a clip once the disk works again",
    urgent=True,
)
CATALOGUE_DAMAGED = FaultKind(
    "catalogue",
    owner="store",
    cause="the catalogue was found damaged, and could not be made anew from the clips",
    next_step="do what the message says; it is tried again",
)
CATALOGUE_INCOMPLETE = FaultKind(
    "catalogue_incomplete", owner="store", cause="many clips are still being entered", next_step="wait, and record on"
)
NEWER_RELEASE = FaultKind(
    "newer_release",
    owner="store",
    cause="a newer release was here before and wrote what this one does not understand; it is kept as it is",
    next_step="install the newer release again",
)
ENCRYPTION = FaultKind(
    "encryption",
    owner="keeper",
    cause="clips lie on the card in the clear, though they should be kept encrypted alone",
    next_step="do what the message says; it is tried again by itself",
)
QUARANTINE = FaultKind(
    "quarantine",
    owner="housekeeper",
    cause="something was found that could not be used, and put aside",
    next_step="read the notes beside it, save what is of worth, and remove the folder",
)
MISSING_CLIPS = FaultKind(
    "missing_clips",
    owner="housekeeper",
    cause="the sound of clips is missing",
    next_step="put it back, or give it up with `appliance clips delete`",
)

# -- playing it

SPEAKER = FaultKind(
    "speaker",
    owner="device watch",
    cause="the speaker of the configuration is not plugged in",
    next_step="plug it in, or run `appliance devices` and choose another",
)
SPEAKER_VOLUME = FaultKind(
    "speaker_volume",
    owner="player",
    cause="the mixer of the speaker's sound card cannot be turned as `audio.playback.mixer` says",
    next_step="do what the message says; until then the sound itself is made louder and quieter",
)
PROMPT = FaultKind(
    "prompt",
    owner="status",
    cause="a prompt or greeting cannot be played; the box goes on without",
    next_step="do what the message says; it is over once that prompt or greeting sounds",
)
PLAYBACK = FaultKind(
    "playback",
    owner="status",
    cause="something could not be played",
    next_step="do what the message says; it is over once something plays",
)
PLAYBACK_UNHEARD = FaultKind(
    "playback",
    owner="status, of the speaker",
    cause="something could not be played, as the speaker took no sound",
    next_step="do what the message says; it is over once something plays, or the speaker is plugged in",
)

# -- the world outside

DELIVERY = FaultKind(
    "delivery",
    owner="delivery",
    cause="clips do not arrive at a destination",
    next_step="do what the message says; then run `appliance clips retry`",
    subject="destination",
)
FEED = FaultKind(
    "feed",
    owner="feeds",
    cause="a feed cannot be pulled",
    next_step="do what the message says; then run `appliance feeds pull`",
    subject="feed",
)
SERVICE = FaultKind(
    "service", "the service", "a service cannot do its work", "do what the message says", subject="service"
)
SERVICE_SLOW = FaultKind(
    "slow_service",
    owner="plugin host",
    cause="a service does not keep up with the sound that it listens to; recording is not disturbed",
    next_step="take the service out of the configuration, or use a faster box",
    subject="service",
)
PROCESSOR = FaultKind("processor", "processors", "it fails at clips", "do what the message says", subject="processor")
SERVICE_ENDED = FaultKind(
    "service",
    owner="plugin host",
    cause="a service has failed; it is run again by itself, after waits that grow",
    next_step="do what the message says; where its plugin is at fault, update that",
    subject="service",
)

SCHEDULE_CLOCK = FaultKind(
    "schedule_clock",
    owner="schedules",
    cause="schedules go by a clock that nobody has set, so that they may record at another time than was meant",
    next_step="let the box reach the internet, set its clock, or give it one with a battery",
)

TRIGGER_CLOCK = FaultKind(
    "trigger_clock",
    owner="triggers",
    cause="triggers go by a clock that nobody has set, so that they may listen at another time than was meant",
    next_step="let the box reach the internet, set its clock, or give it one with a battery",
)
TRIGGER_SLOW = FaultKind(
    "slow_trigger",
    owner="triggers",
    cause="triggers do not keep up with the sound that they listen to; a recording is not disturbed",
    next_step="take some of them out of the configuration, or use a faster box",
)

# -- the box itself

CONFIGURATION = FaultKind(
    "configuration",
    owner="daemon",
    cause="the new configuration cannot be used; the one before goes on",
    next_step="run `appliance config check`, correct it, then run `appliance config reload`",
)
CONFIGURATION_AT_START = FaultKind(
    "configuration",
    owner="start",
    cause="the configuration cannot be used; what goes on is the last one that could be, what can be, or defaults",
    next_step="run `appliance config check`, correct it, then run `appliance config reload`",
    urgent=True,
)
LEFT_OUT = FaultKind(
    "left_out",
    owner="start",
    cause="a part of the configuration that recording does not need cannot be used, and is left out",
    next_step="run `appliance config check`, correct it, then run `appliance config reload`",
    subject="part",
)
STOPPING = FaultKind(
    "stopping",
    owner="start",
    cause="a part of the appliance could not be stopped as it should; what starts next finds out whether it can work",
    next_step="report what the log says",
)
PANEL = FaultKind(
    "panel", owner="front", cause="buttons, switches and LEDs cannot be used", next_step="do what the message says"
)
CONTROL = FaultKind(
    "control",
    owner="start",
    cause="the control socket cannot be opened, so that no command of `appliance` is heard",
    next_step="do what the message says",
)
PLUGIN = FaultKind(
    "plugin",
    owner="plugin host",
    cause="a plugin is broken and left out",
    next_step="update or remove it, then restart",
    subject="plugin",
)
PLUGIN_SILENT = FaultKind(
    "plugin",
    owner="housekeeping",
    cause="the plugin of a destination hangs when asked what its receipts prove: no clip makes room for others by it",
    next_step="update or remove it, then restart",
    subject="destination",
)
DEFECT = FaultKind(
    "defect",
    owner="the thread",
    cause="a defect of the appliance disturbs one of its threads, which goes on",
    next_step="report what the log says",
    subject="thread",
)
RECORDING_HANGS = FaultKind(
    "recording_hangs",
    owner="watchdog",
    cause="a thread without which no press is followed or nothing is recorded does not move",
    next_step="if it stays so, restart the box; `dmesg` may tell what it waits for",
    urgent=True,
    subject="thread",
)
HANGING = FaultKind(
    "hanging",
    owner="watchdog",
    cause="a thread that the recorder does not need does not move",
    next_step="if it stays so, restart the box; `dmesg` may tell what it waits for",
    subject="thread",
)

KINDS = tuple(kind for kind in globals().values() if isinstance(kind, FaultKind))
"""The table, in the order of this page."""

NOT_RECORDED = (RECORDING, RECORDING_UNHEARD, RECORDING_UNKEPT)
"""What a take that begins is the end of."""


def kept_from_recording(error: str) -> FaultKind:
    """The fault of a take that an error of that class ended: each is over with what was the matter."""
    match named(error, ""):
        case AudioError():
            return RECORDING_UNHEARD
        case StorageError():
            return RECORDING_UNKEPT
    return RECORDING


def kept_from_playing(error: str) -> FaultKind:
    """The same for what was to be played."""
    match named(error, ""):
        case Unplayable():
            return PLAYBACK
        case AudioError():
            return PLAYBACK_UNHEARD
    return PLAYBACK
