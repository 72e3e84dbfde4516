"""Which clips go where, and under which names: by what began them, by their profile, and by their fields."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from appliance.circumstances import Begun, Fields, Starter, field_text, field_texts
from appliance.config.options import option
from appliance.models import Clip
from appliance.naming import check_template
from appliance.recipes import ORIGINAL
from appliance.values import frozen


class DeleteAfter(StrEnum):
    """Which receipt of a destination lets a clip be deleted here when room is needed."""

    VERIFIED = "verified"
    ACCEPTED = "accepted"


@frozen
class OnlySettings:
    button: int | None = option(None, "Clips that this button began, by its BCM pin.", example="17")
    schedule: str = option("", "Clips that this schedule began.", example="dawn")
    profile: str = option("", "Clips that were recorded by this profile.", example="interview")
    kind: Starter | None = option(
        None, "Clips that such a thing began: `button`, `switch`, `schedule`, `trigger`, `guest`, or else `request`."
    )
    fields: dict[str, Any] = option(
        dict, "Clips whose fields hold this, or one of these.", example="{room: [hall, studio], consent: yes}"
    )

    def admits(self, begun: Begun, fields: Fields) -> bool:
        """Whether a clip that was begun so, and has these fields, goes there: everything that is given must fit."""
        asked = (
            (self.button, str(self.button), begun.which if begun.by is Starter.BUTTON else None),
            (self.schedule, self.schedule, begun.which if begun.by is Starter.SCHEDULE else None),
            (self.profile, self.profile, begun.profile),
            (self.kind, self.kind, begun.by),
        )
        if any(wish not in (None, "") and wanted != found for wish, wanted, found in asked):
            return False
        held = field_texts(fields)
        fits = {name: tuple(map(field_text, several(wanted))) for name, wanted in self.fields.items()}
        return all(held.get(name) in texts for name, texts in fits.items())


def several(wanted: Any) -> Sequence[Any]:
    """The values of which a field may hold any, where one may be given alone."""
    return wanted if isinstance(wanted, list | tuple) else [wanted]


def goes_to(name: str, only: OnlySettings, begun: Begun | None, fields: Fields) -> bool:
    """Whether a clip goes to the destination `name` by itself. What whoever began it said of that counts alone."""
    begun = begun or Begun()
    if begun.test or begun.draft:
        return False
    return name in begun.destinations if begun.destinations is not None else only.admits(begun, fields)


def routes(only: Mapping[str, OnlySettings]) -> Callable[[Clip, str], bool]:
    """What tells whether a clip goes to a destination of the configuration by itself."""
    return lambda clip, name: goes_to(name, only[name], clip.begun, clip.fields)


def check_file_name(_: Any, __: Any, template: str) -> None:
    """Raise ValueError where names of files cannot be made by a template."""
    if template:
        check_template(template)


def live_sends_originals(settings: Any, _: object, options: Any) -> None:
    """Raise ValueError where a take is to be sent live as what it is not yet."""
    if getattr(options, "live", False) is not True:
        return
    if settings.deliver_as != ORIGINAL.name:
        raise ValueError(
            f"found `live: true` and `deliver_as: {settings.deliver_as}`: a take is encoded when it is over, so only"
            " originals can be sent live. Leave out one of the two"
        )
    if settings.name:
        raise ValueError(
            "found `live: true` and a `name`: it is made of what is known in the end, so none can be sent live. Leave"
            " out one of the two"
        )


def nothing_goes_in_the_clear(settings: Any, attribute: Any, entries: Mapping[str, Any]) -> None:
    """Raise ValueError where a destination or service sends sound before it can be encrypted, and it is to be; or where
    a processor would come to clips whose plain sound is not kept.
    """
    if not settings.storage.encrypt_to:
        return
    for name, entry in entries.items():
        if attribute.name == "processors" and settings.storage.keep_encrypted:
            raise ValueError(
                f"{name} looks at the plain sound of clips, which is not kept: leave it out, or "
                "`storage.keep_encrypted`"
            )
        if getattr(entry.options, "live", False) is True:
            raise ValueError(
                f"{name} sends takes live, before they can be encrypted: leave out `live`, or `storage.encrypt_to`"
            )
        if getattr(entry.options, "sends_sound", False) is True:
            raise ValueError(f"{name} sends sound that is not encrypted: leave it out, or `storage.encrypt_to`")
