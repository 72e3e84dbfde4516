"""Writes the generated parts of the documentation, and config.example.yaml, from the code.

`python docs/generate.py` writes them; `generated()` is what a test compares with the files.
"""

import inspect
from pathlib import Path

import attrs
import click

from appliance import errors, events
from appliance.cli.main import root
from appliance.config.reference import example, reference
from appliance.machine import ANY_PLAYER, ANY_RECORDER, TABLE, Player, Recorder, Row
from appliance.plugin_host import PluginHost

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Every generated file, by its path from the root of the repository."""
    plugins = PluginHost.installed()
    plugins.discover()
    options = (plugins.upload_options, plugins.feed_options)
    reference_folder = Path("docs/reference")
    return {
        Path("config.example.yaml"): example(*options),
        reference_folder / "configuration.md": reference(*options),
        reference_folder / "command-line.md": command_line(),
        reference_folder / "events.md": commands_and_events(),
        reference_folder / "exit-codes.md": exit_codes(),
        reference_folder / "state-machine.md": state_machine(),
    }


def command_line() -> str:
    """The help of every command."""
    lines = ["# Command line", ""]

    def write(command: click.Command, context: click.Context) -> None:
        lines.extend([f"## `{context.command_path}`", "", "```text", command.get_help(context), "```", ""])
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child
                write(child, click.Context(child, parent=context, info_name=name, terminal_width=100))

    write(root, click.Context(root, info_name="appliance", terminal_width=100))
    return "\n".join(lines)


def commands_and_events() -> str:
    """A table of commands and one of events, with their fields."""
    lines = [
        "# Commands and events",
        "",
        "Commands ask something of the appliance; events say what has happened. `appliance events --json` prints",
        "events, one JSON object a line, the class name under the key `event`. Plugins get objects of these classes.",
    ]
    for title, base in (("Commands", events.Command), ("Events", events.Event)):
        lines += ["", f"## {title}", "", "| name | fields | meaning |", "|---|---|---|"]
        for name, cls in vars(events).items():
            if isinstance(cls, type) and issubclass(cls, base) and cls is not base:
                fields = ", ".join(f"`{field.name}`" for field in attrs.fields(cls))
                lines.append(f"| `{name}` | {fields} | {' '.join(str(inspect.getdoc(cls)).split())} |")
    return "\n".join([*lines, ""])


def exit_codes() -> str:
    """A table of exit codes from the error classes."""
    lines = ["# Exit codes", "", "| code | error | meaning |", "|---|---|---|", "| 0 | | All went well |"]
    rows = {2: ("", "The command line was used wrongly"), 130: ("", "Interrupted with Ctrl-C at a question")}
    for cls in vars(errors).values():
        if isinstance(cls, type) and issubclass(cls, errors.ApplianceError) and "exit_code" in vars(cls):
            rows[cls.exit_code] = (f"`{cls.__name__}`", str(inspect.getdoc(cls)).splitlines()[0].rstrip("."))
    lines += [f"| {code} | {name} | {meaning} |" for code, (name, meaning) in sorted(rows.items())]
    return "\n".join([*lines, ""])


def state_machine() -> str:
    """Diagrams of recorder and player, and the whole table."""
    lines = [
        "# State machine",
        "",
        "Recorder and player side by side; an input that is not drawn changes nothing. While a take is in progress the",
        "player is stopped. While the card is full (without room) no take begins; one in progress goes on.",
    ]
    for title, states, start in (("Recorder", Recorder, "idle"), ("Player", Player, "stopped")):
        lines += ["", f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
        lines += sorted(_arrows(states))
        lines += ["```"]
    lines += ["", "## The whole table", "", "| input | recorder | player | leads to | does, or is refused because |"]
    lines += ["|---|---|---|---|---|"]
    return "\n".join([*lines, *(_table_row(row) for row in TABLE), ""])


def _arrows(states: type[Recorder] | type[Player]) -> set[str]:
    arrows = set()
    for row in TABLE:
        sources, target = (row.recorder, row.to_recorder) if states is Recorder else (row.player, row.to_player)
        if target is not None and row.current is not False:
            arrows |= {f"    {source} --> {target}: {row.input.__name__}" for source in sources if source != target}
    return arrows


def _table_row(row: Row) -> str:
    def words(states: tuple[Recorder, ...] | tuple[Player, ...], everything: tuple[object, ...]) -> str:
        return "any" if states == everything else ", ".join(states)

    room = {None: "", True: ", with room", False: ", without room"}
    recorder = words(row.recorder, ANY_RECORDER) + room[row.room]
    subject = {None: "", True: " of the present one", False: " of a past one"}[row.current]
    leads = ", ".join(
        f"{what} {state}" for what, state in (("recorder", row.to_recorder), ("player", row.to_player)) if state
    )
    leads += room[row.to_room].removeprefix(", ")
    does = f"refused: {row.refuse}" if row.refuse else ", ".join(f"`{do}`" for do in row.do)
    return f"| `{row.input.__name__}`{subject} | {recorder} | {words(row.player, ANY_PLAYER)} | {leads} | {does} |"


def main() -> None:
    """Write them all."""
    for path, text in generated().items():
        (ROOT / path).write_text(text)
        print(path)


if __name__ == "__main__":
    main()
