"""What a clip tells, as names and texts that every kind of file can hold."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from attrs import evolve

from appliance import __version__, codec
from appliance.circumstances import field_texts
from appliance.config.profiles import TITLE
from appliance.models import Clip, ClockSource, Mark

_ELSEWHERE = ("TITLE", "DATE", "DESCRIPTION", "ENCODER")
"""What standards call what is told in other places."""

SOFTWARE = f"Audio Appliance {__version__}"


def began(clip: Clip) -> datetime:
    """When it began by the best clock there was, in its own local time."""
    stamp = clip.began
    try:
        moment = datetime.fromtimestamp(stamp.wall_ns / 1e9, UTC)
        return moment.astimezone(timezone(timedelta(seconds=stamp.utc_offset)))
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def position(clip: Clip) -> str:
    """Latitude and longitude in degrees (WGS 84), as `52.5163 13.3777`; empty where they are not known."""
    place = clip.place
    return f"{place.latitude} {place.longitude}" if place and None not in (place.latitude, place.longitude) else ""


def cleaned(clip: Clip) -> Clip:
    """The clip without what no text in a file can hold: control characters, halves of characters, no characters."""
    place = clip.place and evolve(clip.place, name=_clean(clip.place.name))
    labels = tuple(map(_clean, clip.labels))
    texts = tuple(evolve(text, text=_clean(text.text)) for text in clip.texts)
    fields = {name: _clean(held) if isinstance(held, str) else held for name, held in clip.fields.items()}
    title, note = _clean(clip.title), _clean(clip.note)
    marks = tuple(evolve(mark, label=" ".join(_clean(mark.label).split())) for mark in clip.marks)
    return evolve(clip, title=title, note=note, labels=labels, place=place, texts=texts, fields=fields, marks=marks)


def named(marks: Iterable[Mark]) -> Iterator[tuple[str, Mark]]:
    """Marks by what a person called them, or by their number."""
    return ((mark.label or f"Mark {number}", mark) for number, mark in enumerate(marks, 1))


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in text if each in "\n\t" or not _unlucky(each))


def _unlucky(character: str) -> bool:
    """Whether XML 1.0 (2.2) has no way to write it."""
    return character < " " or "\ud800" <= character <= "\udfff" or character in "\ufffe\uffff"


def facts(clip: Clip) -> dict[str, str]:
    """Everything but title and time, by names in capitals; nothing that is not known. Fields have their own names.

    Lists are JSON, positions in them frames of the recording. `CLOCK` says why the time is to be believed.
    """
    told = {
        "NOTE": clip.note,
        "LABELS": ", ".join(clip.labels),
        "TEXT": "\n".join(text.text for text in clip.texts if text.text),
        "DEVICE": clip.device,
        "MICROPHONE": clip.microphone,
        "GAIN": str(clip.gain) if clip.gain else "",
        "BEGUN_BY": clip.begun.by.value if clip.begun else "",
        "LOCATION": clip.place.name if clip.place else "",
        "POSITION": position(clip),
        "CLOCK": clip.began.source.value,
        "CLOCK_UNCERTAIN": "yes" if clip.began.source is ClockSource.NONE else "",
        "CLIP_ID": clip.id,
        "CLIP_NAME": clip.name,
        "CONTINUES": clip.continues or "",
        "RECORDED_AS": str(clip.format),
        "FRAMES": str(clip.frames),
        "VERDICT": clip.verdict.value,
        "PEAK_DBFS": f"{clip.levels.peak_dbfs:.1f}",
        "RMS_DBFS": f"{clip.levels.rms_dbfs:.1f}",
        "GAPS": codec.to_json(clip.gaps) if clip.gaps else "",
        "PAUSES": codec.to_json(clip.pauses) if clip.pauses else "",
        "MARKS": codec.to_json(clip.marks) if clip.marks else "",
        "STARRED": "yes" if clip.starred else "",
        "APPROVED": "yes" if clip.approved else "",
        "RECOVERED": "yes" if clip.recovered else "",
        "CUT": "yes" if clip.cut else "",
    }
    known = {name: text for name, text in told.items() if text}
    for name, text in field_texts(clip.fields).items():
        if (name, text) == (TITLE, clip.title):
            continue
        plain = name.upper().replace("-", "_")
        while plain in told or plain in known or plain in _ELSEWHERE:
            plain = f"FIELD_{plain}"
        known[plain] = text
    return {name: text for name, text in known.items() if text}
