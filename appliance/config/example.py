"""Generates config.example.yaml: every option with its default, and a few lines that are live.

An option that is commented out has its `#` right before the name; words for people have a blank after theirs.
"""

import textwrap
from collections.abc import Collection, Mapping

from appliance.config.described import Described, describe, summary
from appliance.config.options import Extensions, loaded
from appliance.config.settings import Settings

_WIDTH = 110
_TOP = (
    "Configuration of Audio Appliance. `appliance config check` tells whether it can be used.",
    "Whatever is commented out shows its default. To change an option, take away the # before it and before the "
    "headings above it.",
    "Durations are written 250ms, 1.5s, 5m, 12h or 30d; sizes 500kB, 200MB or 5MiB.",
    "`!env NAME` stands for an environment variable, `!secret NAME` for a credential of the systemd unit or a line of "
    "secrets.yaml next to this file (mode 0600).",
)
_FIRST = ("panel", "destinations")
_KEYS = {
    "buttons": ("17: record.toggle", "27"),
    "switches": ("", "22"),
    "dials": ("", "24"),
    "leds": ("18: status", "23"),
    "takes": ("", "3"),
}
_LIVE = ("panel", "buttons", "leds")
_SIMPLEST = "folder"


def example(extensions: Extensions, schema: type[Settings] = Settings) -> str:
    """The text of config.example.yaml with what plugins add."""
    file = _File()
    for paragraph in _TOP:
        file.words(paragraph, 0)
    options = {option.name: option for option in describe(schema)}
    for name in sorted(options, key=lambda name: name not in _FIRST):
        file.lines.append("")
        option = options[name]
        if option.section and option.section in extensions:
            types = {name: loaded(given) for name, given in extensions[option.section].items()}
            file.entries(option, option.section, types)
        else:
            file.option(option, 0)
    return "\n".join(file.lines) + "\n"


class _File:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def words(self, text: str, depth: int) -> None:
        start = "  " * depth + "# "
        self.lines += textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=start, break_long_words=False)

    def line(self, text: str, depth: int, *, live: bool = False) -> None:
        self.lines.append("  " * depth + ("" if live else "#") + text)

    def option(self, option: Described, depth: int) -> None:
        if option.section is None:
            self.words(_sentences(option), depth)
            self.line(f"{option.name}: {option.value}", depth)
            return
        self.words(option.help, depth)
        self.line(f"{option.name}:", depth, live=option.name in _LIVE)
        if option.keyed:
            live, name = _KEYS.get(option.name, ("", "name"))
            if live:
                self.line(live, depth + 1, live=True)
            self.line(f"{name}:", depth + 1)
        self.section(option.section, depth + 1 + option.keyed)

    def section(self, cls: type, depth: int, leave_out: Collection[str] = ()) -> None:
        for option in describe(cls):
            if option.name not in leave_out:
                self.option(option, depth)

    def entries(self, option: Described, common: type, types: Mapping[str, type]) -> None:
        """One entry for each type, the simplest first; the options that all of them have stand in the first."""
        self.words(option.help, 0)
        self.line(f"{option.name}:" if types else f"{option.name}: {{}}", 0)
        chooser = next(describe(common)).name
        for index, name in enumerate(sorted(types, key=lambda name: (name != _SIMPLEST, name))):
            self.words(summary(types[name]), 1)
            self.line(f"my-{name}:", 1)
            self.line(f"{chooser}: {name}", 2)
            for required in describe(types[name]):
                if required.required:
                    self.words(_sentences(required), 2)
                    self.line(f"{required.name}: {required.value}", 2)
            self.section(types[name], 2, [each.name for each in describe(types[name]) if each.required])
            if index == 0:
                self.section(common, 2, (chooser, "options"))


def _sentences(option: Described) -> str:
    more = f" For example {option.example}." if option.example and not option.required else ""
    return f"{option.help} {option.kind[0].upper()}{option.kind[1:]}.{more}".strip()
