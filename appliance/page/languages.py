"""The languages of the page: its words, days and numbers as whoever looks at it reads them.

The words of a language are a gettext catalogue, `languages/CODE.po`, read when somebody first wants it. English is what
stands in the source. Causes of faults and helps of options, which the recorder and the reference have in English, are a
catalogue of their own, `languages/box/CODE.po`, and so are the sentences that the box makes of the moment (`said/`, see
`sentences.py`) and the names of options (`options/`); each is read with the first page that shows one. What is in none
of them is marked as English.
"""

import ast
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from appliance.values import frozen

FOLDER = Path(__file__).parent / "languages"
COOKIE = "language"

_ENTRY = re.compile(r'^(msgid|msgid_plural|msgstr|msgstr\[(\d)\]) "(.*)"$')
_WISH = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*")


@frozen
class Language:
    """How one language is written. `form` tells which of the forms of a word goes with a count."""

    code: str
    name: str
    tag: str
    day: str = "%Y-%m-%d"
    point: str = "."
    form: Callable[[int], int] = lambda count: count != 1
    direction: str = "ltr"


LANGUAGES: Mapping[str, Language] = {
    each.code: each
    for each in (
        Language("en", "English", "en"),
        Language("de", "Deutsch", "de", "%d.%m.%Y", ","),
        Language("fr", "Français", "fr", "%d/%m/%Y", ",", lambda count: count > 1),
        Language("es", "Español", "es", "%d/%m/%Y", ","),
        Language("zh", "简体中文", "zh-Hans", "%Y年%m月%d日", ".", lambda count: 0),
    )
}
"""Those that there are, by the codes of ISO 639-1."""

_now = threading.local()


def choose(chosen: str | None, accepted: str | None) -> None:
    """Speak on this thread as somebody chose, else as his browser would like it (RFC 9110, 12.5.4), else English."""
    _now.language = LANGUAGES.get(chosen or "") or _wanted(accepted or "")


def current() -> Language:
    """The language that is spoken on this thread."""
    language: Language = getattr(_now, "language", LANGUAGES["en"])
    return language


def _(text: str) -> str:
    """The text in the current language."""
    return catalogue(current().code).get(text, (text,))[0]


def several(one: str, more: str, count: int) -> str:
    """The words for a count, which stands in them as `{count}`."""
    forms = catalogue(current().code).get(one, (one, more))
    return forms[min(int(current().form(count)), len(forms) - 1)].format(count=count)


def day(moment: datetime) -> str:
    """A day as people write it."""
    return moment.strftime(current().day)


def number(text: str) -> str:
    """Figures with a point in them as people write them."""
    return text.replace(".", current().point)


def all_words(code: str) -> dict[str, str]:
    """Every text in a language, for scripts."""
    return {text: forms[0] for text, forms in catalogue(code).items()}


def _wanted(accepted: str) -> Language:
    wishes = [found for each in accepted[:500].split(",") if (found := _WISH.fullmatch(each))]
    wishes.sort(key=lambda each: -float(each[2] or 1))
    return next((LANGUAGES[code] for each in wishes if (code := each[1].lower()) in LANGUAGES), LANGUAGES["en"])


@cache
def catalogue(code: str, part: str = "") -> dict[str, tuple[str, ...]]:
    """The forms of each text in a language: what the page itself says, or with `part` what the box says.

    The file is as `msgfmt` reads it, each string on one line.
    """
    path = FOLDER / part / f"{code}.po"
    if not path.is_file():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    text = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not (entry := _ENTRY.match(line)):
            continue
        kind, said = entry[1], str(ast.literal_eval(f'"{entry[3]}"'))
        if kind == "msgid":
            text = said
        elif kind.startswith("msgstr") and said and text:
            found[text] = (*found.get(text, ()), said)
    return found
