"""The keys of objects: templates, and which keys are this box's own. Pure."""

import re
from pathlib import PurePath
from string import Formatter

from appliance.plugin import BackendContext, Clip, Rendition, began

WORDS = {
    "device": "name of the box that recorded",
    "file_name": "file name with extension",
    "name": "file name without extension",
    "clip_id": "id of the clip",
    "kind": "original, flac or opus",
    "destination": "name of this destination",
    "year": "year of the recording, in its local time",
    "month": "its month, two digits",
    "day": "its day, two digits",
}
_UNIQUE = {"file_name", "name", "clip_id"}
_TELLS_DEVICE = {"device", "file_name", "name"}


def _words(template: str) -> list[str]:
    try:
        fields = [(word, spec, conversion) for _, word, spec, conversion in Formatter().parse(template)]
    except ValueError as error:
        raise ValueError(f"key template {template!r}: {error}") from None
    words = []
    for word, spec, conversion in fields:
        if word is None:
            continue
        if word not in WORDS or spec or conversion:
            raise ValueError(f"key template {template!r}: {{{word}}} is not one of {', '.join(sorted(WORDS))}")
        words.append(word)
    return words


def check_template(template: str) -> None:
    """Raise ValueError where `template` has unknown words, or would give two clips one key."""
    if not _UNIQUE.intersection(_words(template)):
        raise ValueError(f"key template {template!r} would give all clips one key: add {{file_name}}")
    if template.startswith("/"):
        raise ValueError(f"key template {template!r} starts with '/': leave it out")


def render(template: str, rendition: Rendition, clip: Clip | None, place: BackendContext) -> str:
    """The key of `rendition`. The same at every attempt: nothing of a clip, or of its file, ever changes."""
    started = began(rendition, clip)
    return template.format(
        device=clip.device if clip else place.device,
        file_name=rendition.file_name,
        name=PurePath(rendition.file_name).stem,
        clip_id=clip.id if clip else rendition.sha256,
        kind=rendition.recipe.name,
        destination=place.name,
        year=f"{started:%Y}",
        month=f"{started:%m}",
        day=f"{started:%d}",
    )


def probe_key(template: str, device: str, destination: str, token: str) -> str:
    """A key beside those of clips, so that it meets the same permissions."""
    sample = dict.fromkeys(WORDS, "probe") | {"device": device, "destination": destination}
    folder, slash, _ = template.format(**sample).rpartition("/")
    return f"{folder}{slash}.appliance-probe-{token}"


def own_keys(template: str, device: str) -> tuple[str, re.Pattern[str] | None]:
    """How the keys of box `device` start, and a pattern of them whole; None where keys do not tell the box.

    Files that the configuration names otherwise than they are called on the box do not fit.
    """
    box = re.escape(device)
    patterns = dict.fromkeys(WORDS, "[^/]+") | {"device": box, "file_name": f"{box}_[^/]+", "name": f"{box}_[^/]+"}
    start, pattern, literal = "", "", True
    for text, word, _, _ in Formatter().parse(template):
        pattern += re.escape(text)
        start += text if literal else ""
        if word is not None:
            pattern += patterns[word]
            start += device if literal and word == "device" else ""
            literal = literal and word == "device"
    tells = _TELLS_DEVICE.intersection(_words(template))
    return start, re.compile(pattern) if tells else None
