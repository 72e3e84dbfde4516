"""The options of the processor `command`."""

from typing import Any

from attrs import frozen
from attrs.validators import gt

from appliance.plugin import Seconds, option

WORDS = ("file", "folder", "id", "name")


def _run(_: Any, __: Any, run: tuple[str, ...]) -> None:
    if not run or not run[0]:
        raise ValueError("there is no program to run")
    for part in run:
        try:
            part.format_map(dict.fromkeys(WORDS, ""))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            known = ", ".join(f"{{{word}}}" for word in WORDS)
            raise ValueError(f"{part!r} cannot be filled in: the words are {known}; write {{{{ for a brace") from error


def _output(_: Any, __: Any, output: str) -> None:
    if "/" in output or output in (".", ".."):
        raise ValueError("output is the name of a file in {folder}, without a path")


@frozen
class CommandOptions:
    """A program that looks at each clip. It runs with the rights of the service, at the lowest priority."""

    run: tuple[str, ...] = option(
        help="The program and its arguments. Words: `{file}` is the clip, not to be changed, `{folder}` an empty "
        "folder, which is removed afterwards, `{id}` and `{name}` those of the clip.",
        check=_run,
        example='[whisper-cli, -m, /opt/whisper/base.bin, -f, "{file}", --no-timestamps]',
    )
    output: str = option("", "The file in `{folder}` that holds the text. Default: what it prints.", check=_output)
    timeout: Seconds = option(Seconds(1800), "How long it may take for one clip; then it is ended.", check=gt(0))
