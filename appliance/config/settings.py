"""The configuration of the appliance as classes: every option with its type, default, range and help."""

import socket
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import evolve
from attrs.validators import and_, deep_iterable, ge, gt, in_, le, matches_re, optional

from appliance.config.actions import ButtonAction
from appliance.config.audio import AtMax, AudioSettings, MonitorSettings, RecordingSettings
from appliance.config.feeds import FeedSettings
from appliance.config.flow import Begins, FlowSettings, Script
from appliance.config.guests import GuestSettings
from appliance.config.keypad import GPIO_PINS, KeypadSettings
from appliance.config.location import LocationSettings
from appliance.config.options import AbsolutePath, ByteCount, Seconds, option
from appliance.config.page import WebSettings
from appliance.config.profiles import TakeSettings
from appliance.config.prompts import PromptSettings
from appliance.config.renditions import RenditionSettings, all_recipes
from appliance.config.routing import DeleteAfter as DeleteAfter
from appliance.config.routing import OnlySettings, check_file_name, live_sends_originals, nothing_goes_in_the_clear
from appliance.config.schedule import ScheduleSettings
from appliance.config.storage import StorageSettings
from appliance.config.trigger import TriggerSettings, heard_as_recorded
from appliance.config.units import format_duration
from appliance.hours import SPAN
from appliance.recipes import ORIGINAL, Recipe, encrypted_instead
from appliance.values import frozen


class Wiring(StrEnum):
    """What the other leg of a button or LED is connected to."""

    GROUND = "ground"
    POWER = "3v3"


class Contact(StrEnum):
    """Whether a button or switch connects while it is operated (normally open) or while it is not."""

    NORMALLY_OPEN = "normally_open"
    NORMALLY_CLOSED = "normally_closed"


class SwitchAction(StrEnum):
    """What a two-position switch can do."""

    RECORD_WHILE_OFF_HOOK = "record.while_off_hook"
    HANDSET = "handset"


class Light(StrEnum):
    """What an LED shows: `status` has a pattern for each state, `new_message` blinks, others are on while it holds."""

    STATUS = "status"
    RECORDING = "recording"
    PAUSED = "paused"
    DELIVERING = "delivering"
    NEW_MESSAGE = "new_message"
    FAULT = "fault"
    LISTENING = "listening"


@frozen
class DeviceSettings:
    name: str = option(
        "",
        "Name of this box; part of every clip's name. Default: the host name.",
        check=matches_re(r"[A-Za-z0-9._-]{0,32}"),
        example="guestbook-1",
    )
    location: LocationSettings = option(LocationSettings, "Where it stands.")

    @property
    def label(self) -> str:
        """The name of the box, the host name where none is configured."""
        return self.name or socket.gethostname().split(".")[0]


def _while_held_alone(button: "ButtonSettings", _: object, press: ButtonAction | None) -> None:
    if press is ButtonAction.RECORD_WHILE_HELD and (button.hold or button.double_press):
        raise ValueError("record.while_held goes with neither hold nor double_press: use another button for those")


@frozen
class ButtonSettings:
    press: ButtonAction | None = option(None, "What a press asks for.", shorthand=True, check=_while_held_alone)
    hold: ButtonAction | None = option(None, "What holding the button for `hold_time` asks for.")
    double_press: ButtonAction | None = option(
        None, "What two quick presses ask for. A single press then waits for `double_press_time`."
    )
    to: Wiring = option(Wiring.GROUND, "What the button connects the pin to.")
    contact: Contact = option(Contact.NORMALLY_OPEN, "Whether it connects while pressed, or while not.")
    debounce: Seconds = option(
        Seconds(0.02), "Changes closer together than this are bounces.", check=and_(ge(0), le(1))
    )
    hold_time: Seconds = option(Seconds(1.0), "How long is held.", check=and_(ge(0.2), le(30)))
    double_press_time: Seconds = option(Seconds(0.4), "How quick is double.", check=and_(ge(0.1), le(2)))
    take: TakeSettings = option(TakeSettings, "How takes are made that it begins.")


@frozen
class SwitchSettings:
    action: SwitchAction = option(
        SwitchAction.RECORD_WHILE_OFF_HOOK,
        "What the switch does: `handset` is for the `flow`, and without one the same as `record.while_off_hook`.",
        shorthand=True,
    )
    to: Wiring = option(Wiring.GROUND, "What the switch connects the pin to.")
    contact: Contact = option(Contact.NORMALLY_OPEN, "Whether it connects while off the hook, or while on it.")
    debounce: Seconds = option(
        Seconds(0.15),
        "Changes closer together than this are bounces, or pulses of a dial. Whatever it is, a recording ends at the "
        "first of them.",
        check=and_(ge(0), le(1)),
    )
    take: TakeSettings = option(TakeSettings, "How takes are made that it begins.")


@frozen
class LedSettings:
    shows: Light = option(Light.STATUS, "What the LED shows.", shorthand=True)
    to: Wiring = option(Wiring.GROUND, "Where the LED's other leg goes (through its resistor).")


@frozen
class DialSettings:
    """A rotary dial; its number asks for what `flow.numbers` says."""

    off_normal: int | None = option(
        None,
        "The pin of the contact that is moved while somebody dials, where there is one: what pulses otherwise is no "
        "number. It is wired as the other one, and connects while the dial is moved.",
        check=optional(in_(GPIO_PINS)),
        example="24",
    )
    to: Wiring = option(Wiring.GROUND, "What the dial connects the pin to.")
    contact: Contact = option(Contact.NORMALLY_CLOSED, "Whether it connects at each pulse, or at rest.")
    debounce: Seconds = option(Seconds(0.008), "Changes closer together are bounces.", check=and_(ge(0), le(0.02)))
    gap: Seconds = option(
        Seconds(0.3), "A number is over when no pulse has come for so long.", check=and_(ge(0.15), le(2))
    )


@frozen
class PanelSettings:
    buttons: dict[int, ButtonSettings] = option(dict, "Push buttons by BCM pin number.", example="{17: record.toggle}")
    switches: dict[int, SwitchSettings] = option(
        dict, "Two-position switches by BCM pin number.", example="{22: record.while_off_hook}"
    )
    dials: dict[int, DialSettings] = option(
        dict, "Rotary dials by the BCM pin number of the contact that pulses.", example="{23: {off_normal: 24}}"
    )
    keypad: KeypadSettings | None = option(
        None,
        "A keypad whose keys connect rows with columns, as those of telephones do.",
        example="{rows: [5, 6, 13, 19], columns: [12, 16, 20]}",
    )
    leds: dict[int, LedSettings] = option(dict, "LEDs by BCM pin number.", example="{18: status}")

    @property
    def pins(self) -> list[int]:
        """All that are used."""
        second = (dial.off_normal for dial in self.dials.values() if dial.off_normal is not None)
        of_keypad = (*self.keypad.rows, *self.keypad.columns) if self.keypad else ()
        return sorted((*self.buttons, *self.switches, *self.dials, *second, *of_keypad, *self.leds))


@frozen
class ControlSettings:
    socket: AbsolutePath = option(AbsolutePath(Path("/run/appliance/control.sock")), "The control socket.")
    group: str = option("appliance", "Members of this group may control the box.")


@frozen
class RetrySettings:
    min: Seconds = option(Seconds(5), "First wait after a failure (at random between nothing and this).", check=gt(0))
    max: Seconds = option(Seconds(3600), "Longest wait.", check=gt(0))

    def __attrs_post_init__(self) -> None:
        if self.min > self.max:
            found = f"found min {format_duration(self.min)} and max {format_duration(self.max)}"
            raise ValueError(f"{found}, expected min to be at most max")


@frozen
class DestinationSettings:
    """What every destination has, whatever its backend; `options` is the backend's own class."""

    backend: str = option(help="The backend that delivers: `folder`, `http`, `s3`, `rclone` or one from a plugin.")
    deliver_as: str = option(
        ORIGINAL.name,
        "What is sent: the WAV itself (`original`), the same sound with everything that is known of it inside (`bwf`), "
        "`flac`, `opus` and `mp3`, which hold that too, or the name of one of `renditions`.",
    )
    name: str = option(
        "",
        "What files are called there, such as `{started:%d.%m.%Y} {title}`; the ending is added. Default: as here.",
        check=check_file_name,
        example='"{started:%d.%m.%Y} {fields.room} {seq}"',
    )
    only: OnlySettings = option(OnlySettings, "Which clips go there by themselves. Default: all but tests.")
    delete_after: DeleteAfter = option(
        DeleteAfter.VERIFIED,
        "Which receipt lets a clip be deleted here when room is needed: one that proves that the same bytes arrived, "
        "or any. A folder on the box's own disk never lets it.",
    )
    order: str = option("oldest", "`oldest` or `newest` first.", check=in_(("oldest", "newest")))
    retry: RetrySettings = option(RetrySettings, "Waits between attempts.")
    max_parallel: int = option(1, "How many clips are sent at the same time.", check=and_(ge(1), le(16)))
    rate_limit: ByteCount | None = option(
        None, "Most bytes per second, all clips together. Default: no limit.", check=optional(ge(1000)), example="500kB"
    )
    active_hours: tuple[str, ...] = option(
        (),
        "Local times of day when attempts may begin. Default: always.",
        check=deep_iterable(matches_re(SPAN)),
        example='["22:00-06:00"]',
    )
    options: Any = option(None, "", check=live_sends_originals)


@frozen
class ServiceSettings:
    """What every service has, whatever it does; `options` is the service's own class."""

    service: str = option(
        help="The service: `heartbeat`, `ntfy`, `telegram`, `email`, `webhook`, `apprise` or one from a plugin."
    )
    options: Any = option(None, "")


def _with_a_handset(settings: "Settings", _: object, flow: FlowSettings) -> None:
    others = (each.action for each in settings.panel.switches.values() if each.action is not SwitchAction.HANDSET)
    if flow.script is not Script.NONE and (other := next(others, None)):
        raise ValueError(f"a flow needs the handset to itself: let the switch do `handset` instead of `{other}`")


@frozen
class ProcessorSettings:
    """What every processor has, whatever it does; `options` is the processor's own class."""

    processor: str = option(help="What looks at each finished clip: `command` or one from a plugin.")
    options: Any = option(None, "")


@frozen
class Settings:
    """The whole configuration."""

    device: DeviceSettings = option(DeviceSettings, "The box.")
    audio: AudioSettings = option(AudioSettings, "Microphone and speaker.")
    recording: RecordingSettings = option(RecordingSettings, "Takes.")
    monitor: MonitorSettings = option(MonitorSettings, "What is listened for while a take is recorded.")
    panel: PanelSettings = option(PanelSettings, "Buttons, switches and LEDs.")
    flow: FlowSettings = option(FlowSettings, "What happens when somebody lifts the handset.", check=_with_a_handset)
    prompts: PromptSettings = option(PromptSettings, "Sounds by which the box says what happens.")
    storage: StorageSettings = option(StorageSettings, "Where everything is kept.")
    renditions: dict[str, RenditionSettings] = option(dict, "Files of your own kind, by the name for `deliver_as`.")
    destinations: dict[str, DestinationSettings] = option(
        dict, "Where clips go, by name.", check=nothing_goes_in_the_clear
    )
    feeds: dict[str, FeedSettings] = option(dict, "Where remote audio comes from, by name.")
    guests: GuestSettings = option(GuestSettings, "Recordings from the phones of guests.")
    schedules: dict[str, ScheduleSettings] = option(dict, "When the box records by itself, by name.")
    triggers: dict[str, TriggerSettings] = option(
        dict, "When it records by itself because it hears something, by name.", check=heard_as_recorded
    )
    services: dict[str, ServiceSettings] = option(
        dict, "What runs beside the recorder, by name.", check=nothing_goes_in_the_clear
    )
    processors: dict[str, ProcessorSettings] = option(
        dict, "What looks at finished clips, by name.", check=nothing_goes_in_the_clear
    )
    disabled_plugins: tuple[str, ...] = option((), "Plugins to leave out, by the names that `appliance plugins` shows.")
    control: ControlSettings = option(ControlSettings, "The control socket.")
    web: WebSettings = option(WebSettings, "The page for phones and browsers, see `appliance web`.")

    @property
    def recipes(self) -> dict[str, Recipe]:
        """Every recipe that there is, by name."""
        return all_recipes(self.renditions, self.storage.encrypt_to)

    @property
    def sent_as(self) -> dict[str, str]:
        """By which recipe clips go to each destination."""
        instead = encrypted_instead(self.recipes)
        return {name: instead.get(each.deliver_as, each.deliver_as) for name, each in self.destinations.items()}

    @property
    def recorded(self) -> RecordingSettings:
        """How takes are made: with a flow none longer than it may be, or from before the moment that it is about."""
        if self.flow.script is Script.NONE:
            return self.recording
        preroll = self.recording.preroll if self.flow.begins is Begins.LIFT else Seconds(0)
        return evolve(self.recording, at_max=AtMax.STOP, preroll=preroll)
