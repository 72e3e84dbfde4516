"""From what somebody wants of a take to how it is made: checked at the door, and filled in by its profile."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, field

from appliance.circumstances import NO_WISHES, Begun, Fields, Starter, Value, Wishes
from appliance.config.audio import CaptureSettings, RecordingSettings
from appliance.config.options import Seconds
from appliance.config.profiles import TITLE, FieldSettings, ProfileSettings
from appliance.config.routing import OnlySettings, several
from appliance.errors import UsageError
from appliance.values import frozen

if TYPE_CHECKING:
    from appliance.config.settings import Settings

_TITLE = FieldSettings()
_CAPTURE = ("rate", "channels", "sample_format")
_SPLITS = ("split_every", "split_size", "split_at")


@frozen
class Brief:
    """How one take is made. Microphone and recording are as for every take where they are None."""

    begun: Begun = NO_WISHES.begun
    fields: Fields = field(factory=dict, hash=False)
    name: str = ""
    capture: CaptureSettings | None = None
    recording: RecordingSettings | None = None


AS_CONFIGURED = Brief()


@frozen
class Briefing:
    """What the configuration says of takes that differ."""

    capture: CaptureSettings
    recording: RecordingSettings
    destinations: Collection[str] = ()

    @classmethod
    def of(cls, settings: "Settings") -> "Briefing":
        """What these settings say."""
        return cls(settings.audio.capture, settings.recorded, settings.destinations)

    @property
    def fields(self) -> Mapping[str, FieldSettings]:
        """All fields that there are."""
        return {TITLE: _TITLE, **self.recording.fields}

    @property
    def choices(self) -> dict[str, Any]:
        """What somebody who begins a take may say of it, as JSON has it."""
        fields = {name: {"type": each.type.value, "choices": list(each.choices)} for name, each in self.fields.items()}
        return {"fields": fields, "profiles": list(self.recording.profiles)}

    def check(self, wishes: Wishes) -> None:
        """Raise UsageError where something is wanted that there is not, in words that say what there is."""
        begun = wishes.begun
        if begun.profile:
            _check_name("profile", begun.profile, self.recording.profiles)
        for name in begun.destinations or ():
            _check_name("destination", name, self.destinations)
        for name, value in wishes.fields.items():
            _check_name("field", name, self.fields)
            try:
                self.fields[name].accept(value)
            except ValueError as error:
                raise UsageError(f"field {name}: {error}") from error

    def brief(self, wishes: Wishes) -> Brief:
        """How to make a take that somebody wants so. What there is no more is left out: it is recorded all the same."""
        profile = self.recording.profiles.get(wishes.begun.profile, ProfileSettings())
        begun = evolve(wishes.begun, test=wishes.begun.test or profile.test)
        if begun.destinations is None:
            begun = evolve(begun, destinations=profile.destinations)
        given = {**profile.fields, **wishes.fields}
        fields = {name: self._held(name, value) for name, value in given.items() if value != ""}
        capture = evolve(self.capture, **_given(profile, _CAPTURE))
        recording = evolve(self.recording, **_given(profile, _SPLITS))
        if begun.by is Starter.TRIGGER:  # which tells where its take begins
            recording = evolve(recording, preroll=Seconds(0))
        return Brief(begun, fields, profile.name, capture, recording)

    def _held(self, name: str, value: Any) -> Value:
        try:
            return self.fields[name].accept(value)
        except (KeyError, ValueError):
            return value if isinstance(value, Value) else str(value)


def _given(profile: ProfileSettings, names: Collection[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(profile, name)) is not None}


def _check_name(kind: str, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    if not known:
        raise UsageError(f"there is no {kind} {name!r}: the configuration has none")
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
    raise UsageError(f"there is no {kind} {name!r}: {hint}")


def wrong_wishes(settings: "Settings") -> Iterator[tuple[tuple[str, ...], str]]:
    """What beginnings, profiles, destinations and feeds want that there is not: each place, and why in words."""
    briefing = Briefing.of(settings)
    wanted: list[tuple[tuple[str, ...], Wishes]] = []
    for name, profile in settings.recording.profiles.items():
        begun = Begun(destinations=profile.destinations)
        wanted.append((("recording", "profiles", name), Wishes(begun, profile.fields)))
    for group, contacts in (("buttons", settings.panel.buttons), ("switches", settings.panel.switches)):
        for pin, contact in contacts.items():
            wanted.append((("panel", group, str(pin), "take"), contact.take.wishes(Starter.BUTTON)))
    for number, take in settings.flow.takes.items():
        wanted.append((("flow", "takes", number), take.wishes(Starter.REQUEST)))
    for name, schedule in settings.schedules.items():
        wanted.append((("schedules", name, "take"), schedule.take.wishes(Starter.SCHEDULE)))
    for name, trigger in settings.triggers.items():
        wanted.append((("triggers", name, "take"), trigger.take.wishes(Starter.TRIGGER)))
    checks = [(place, partial(briefing.check, wishes)) for place, wishes in wanted]
    for name, trigger in settings.triggers.items():
        checks.append((("triggers", name, "take"), partial(_check_format, trigger.take.profile, briefing)))
    for name, destination in settings.destinations.items():
        checks.append((("destinations", name, "only"), partial(_check_only, destination.only, briefing, settings)))
    for name, feed in settings.feeds.items():
        checks.append((("feeds", name, "reply_to"), partial(_check_reply, feed.reply_to, settings.destinations)))
    for place, check in checks:
        try:
            check()
        except UsageError as error:
            yield place, str(error)


def _check_format(profile: str, briefing: Briefing) -> None:
    """Raise UsageError where a take would need another format than the microphone listens in."""
    brief = briefing.brief(Wishes(Begun(profile=profile)))
    if brief.capture != briefing.capture:
        raise UsageError(
            f"profile {profile} has a format of its own, which nothing before it is heard in: set it in audio.capture"
        )


def _check_only(only: OnlySettings, briefing: Briefing, settings: "Settings") -> None:
    """Raise UsageError where a destination waits for what never comes."""
    named = (
        ("profile", only.profile, settings.recording.profiles),
        ("schedule", only.schedule, settings.schedules),
        ("button", "" if only.button is None else str(only.button), [str(pin) for pin in settings.panel.buttons]),
    )
    for kind, name, known in named:
        if name:
            _check_name(kind, name, known)
    for name, held in only.fields.items():
        for value in several(held):
            briefing.check(Wishes(fields={name: value}))


def _check_reply(name: str | None, known: Collection[str]) -> None:
    """Raise UsageError where answers to the messages of a feed go to a destination that there is not."""
    if name is not None and name not in known:
        there = ", ".join(known) or "there is none"
        raise UsageError(f"reply_to is {name}, expected the name of a destination: {there}")
