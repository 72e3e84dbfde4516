"""What is said of a message or a recording, in words that `espeak-ng` speaks."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import field

from appliance.values import frozen

FALLBACK = "en"
"""The language of whoever names none that we know."""

_WEEK = 6
"""Days ago that a day of the week still says which day it is."""


@frozen
class Words:
    """The words of a language. Of hours and minutes the format without minutes is for full hours."""

    voice: str
    """What `espeak-ng` calls it."""
    days: tuple[str, ...]
    """From Monday on."""
    months: tuple[str, ...]
    today: str
    yesterday: str
    date: str
    """Of `day` and `month`."""
    time: str
    """Of `hour`, `minute`, and `half` with `half_hour` where hours are counted to twelve."""
    full_hour: str
    numerals: Mapping[int, str] = field(factory=dict)
    """Days of the month that are not spoken as their numbers are."""

    def day(self, then: datetime, now: datetime) -> str:
        """Which day that was."""
        ago = (now.date() - then.date()).days
        if ago in (0, 1):
            return self.yesterday if ago else self.today
        if timedelta(0) <= now - then and ago <= _WEEK:
            return self.days[then.weekday()]
        return self.date.format(day=self.numerals.get(then.day, then.day), month=self.months[then.month - 1])

    def moment(self, then: datetime, now: datetime) -> str:
        """The day and the time, both of the same place."""
        form = self.time if then.minute else self.full_hour
        half = "PM" if then.hour >= 12 else "AM"
        spoken = form.format(hour=then.hour, minute=then.minute, half=half, half_hour=(then.hour - 1) % 12 + 1)
        return f"{self.day(then, now)}, {spoken}"


def words_of(language: str) -> Words:
    """Those of a language that is named as `de`, `de-AT` or `de_CH`, or after which a folder is: `Deutsch`."""
    return WORDS.get(language[:2].casefold(), WORDS[FALLBACK])


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GERMAN_DAYS = _names(
    "ersten zweiten dritten vierten fünften sechsten siebten achten neunten zehnten elften zwölften dreizehnten "
    "vierzehnten fünfzehnten sechzehnten siebzehnten achtzehnten neunzehnten zwanzigsten einundzwanzigsten "
    "zweiundzwanzigsten dreiundzwanzigsten vierundzwanzigsten fünfundzwanzigsten sechsundzwanzigsten "
    "siebenundzwanzigsten achtundzwanzigsten neunundzwanzigsten dreißigsten einunddreißigsten"
)

WORDS = {
    "en": Words(
        "en",
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        _names("January February March April May June July August September October November December"),
        "today",
        "yesterday",
        "{month} {day}",
        "{half_hour} {minute:02} {half}",
        "{half_hour} {half}",
    ),
    "de": Words(
        "de",
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        _names("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        "heute",
        "gestern",
        "am {day} {month}",
        "{hour} Uhr {minute}",
        "{hour} Uhr",
        dict(enumerate(_GERMAN_DAYS, 1)),
    ),
    "fr": Words(
        "fr",
        ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        _names("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        "aujourd'hui",
        "hier",
        "le {day} {month}",
        "{hour} heures {minute}",
        "{hour} heures",
        {1: "1er"},
    ),
    "es": Words(
        "es",
        ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        _names("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        "hoy",
        "ayer",
        "el {day} de {month}",
        "{hour} horas {minute} minutos",
        "{hour} horas",
        {1: "primero"},
    ),
    "zh": Words(
        "cmn-latn-pinyin",  # the voice `cmn` of espeak-ng 1.51 reads the pinyin that it finds as English
        ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
        tuple(f"{number}月" for number in range(1, 13)),
        "今天",
        "昨天",
        "{month}{day}日",
        "{hour}点{minute}分",
        "{hour}点",
    ),
}
"""By the first two letters of what a language is called."""
