"""Texts with words in braces that are filled in for each clip, such as `{device}/{date}`."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from string import Formatter

from appliance.plugin import Clip, UploadJob, began, field_texts


def _of(clip: Callable[[Clip], object]) -> Callable[[UploadJob], object]:
    """What a clip tells; nothing of a file that belongs to none."""
    return lambda job: clip(job.clip) if job.clip else ""


def _began(job: UploadJob) -> datetime:
    return began(job.rendition, job.clip)


WORDS: dict[str, Callable[[UploadJob], object]] = {
    "name": lambda job: PurePath(job.rendition.file_name).stem,
    "file_name": lambda job: job.rendition.file_name,
    "id": lambda job: job.clip.id if job.clip else job.rendition.sha256,
    "key": lambda job: job.idempotency_key,
    "device": _of(lambda clip: clip.device),
    "title": _of(lambda clip: clip.title),
    "note": _of(lambda clip: clip.note),
    "text": _of(lambda clip: "\n".join(text.text for text in clip.texts if text.text)),
    "place": _of(lambda clip: clip.place.name if clip.place else ""),
    "started": lambda job: _began(job).isoformat(),
    "date": lambda job: f"{_began(job):%Y-%m-%d}",
    "time": lambda job: f"{_began(job):%H-%M-%S}",
    "seconds": _of(lambda clip: f"{clip.seconds:.3f}"),
    "rate": _of(lambda clip: clip.format.rate),
    "channels": _of(lambda clip: clip.format.channels),
    "peak_dbfs": _of(lambda clip: f"{clip.levels.peak_dbfs:.1f}"),
    "rms_dbfs": _of(lambda clip: f"{clip.levels.rms_dbfs:.1f}"),
    "verdict": _of(lambda clip: clip.verdict.value),
    "gaps": _of(lambda clip: len(clip.gaps)),
    "kind": lambda job: job.rendition.recipe.name,
    "media_type": lambda job: job.rendition.recipe.media_type,
    "size": lambda job: job.rendition.size,
    "sha256": lambda job: job.rendition.sha256,
    "metadata": lambda job: job.sidecar.decode().rstrip(),
}
"""What can stand in braces. `started`, `date` and `time` are the local time of the press; `key` is the idempotency
key; `gaps` is how many there are; `size` (bytes), `sha256`, `kind` and `media_type` are those of the file sent.
`metadata` is everything that is known of the clip, as JSON. Besides, `fields.NAME` is a field of the take."""


_FIELDS = "fields."
_FIELD = re.compile(r"fields\.[A-Za-z][A-Za-z0-9_-]{0,31}")
"""A field of the take by its name, such as `fields.room`; empty where it was not given."""

TELLING_APART = {"name", "file_name", "id", "key", "sha256"}
"""Words of which no two clips have the same."""


def words_in(text: str) -> set[str]:
    """The words in braces of a template that has been checked."""
    return {word for _, word, _, _ in Formatter().parse(text) if word is not None}


def check_template(text: str) -> None:
    """Raise ValueError unless every word in braces is one of `WORDS`, plain; `{{` and `}}` stand for braces."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"{text!r} cannot be filled in: {error}. Write {{{{ and }}}} for braces themselves") from error
    for _, word, form, conversion in parts:
        if word is None:
            continue
        if form or conversion or not (word in WORDS or _FIELD.fullmatch(word)):
            from difflib import get_close_matches

            close = get_close_matches(word, WORDS, 1)
            hint = f"did you mean {{{close[0]}}}?" if close else f"known words: {', '.join(WORDS)}"
            raise ValueError(f"{text!r} holds {{{word}}}, which is not known: {hint}")


def fill(text: str, job: UploadJob, write: Callable[[str], str] = str) -> str:
    """The text with its words filled in, each as `write` writes it."""
    fields = field_texts(job.clip.fields) if job.clip else {}
    filled = ""
    for plain, word, _, _ in Formatter().parse(text):
        filled += plain
        if word is not None:
            value = WORDS[word](job) if word in WORDS else fields.get(word.removeprefix(_FIELDS), "")
            filled += write(str(value))
    return filled


def beside(url: str, suffix: str) -> str:
    """Where the metadata of what lies at a filled in `url` goes: the same place with `.json` for its ending."""
    place, mark, query = url.partition("?")
    return f"{place.removesuffix(suffix)}.json{mark}{query}"
