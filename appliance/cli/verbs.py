"""Commands that are the table of verbs: `appliance record`, `player` and `volume`, and what other groups have of it."""

import click

from appliance.arguments import Argument, Kind
from appliance.cli.groups import Group
from appliance.cli.remote import Remote
from appliance.cli.terminal import FOR_PROGRAMS, say, say_json
from appliance.describe import describe_plain
from appliance.errors import UsageError
from appliance.verbs import VERBS, Verb

_SHORT = {"TakePaused": "paused", "TakeResumed": "recording"}
"""What is said of an event to whoever asked for it, where that needs fewer words than the log does."""


class Verbs(Group):
    """A group of the commands that are words of the table: `record stop` is `record.stop`.

    `families` are the first parts of its words; of two words with the same last part that of the later family counts.
    What the group has as a command of its own counts before both.
    """

    def __init__(self, name: str, help: str, *families: str) -> None:
        super().__init__(name, help=help)
        self._families = families

    def _words(self) -> dict[str, Verb]:
        return {
            word.removeprefix(f"{family}.").replace("_", "-"): verb
            for family in self._families
            for word, verb in VERBS.items()
            if word.startswith(f"{family}.") and verb.command
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._words(), *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = self._words().get(cmd_name)
        return super().get_command(ctx, cmd_name) or (_command(cmd_name, verb) if verb else None)


def _command(name: str, verb: Verb) -> click.Command:
    def run(as_json: bool, **arguments: object) -> None:
        remote = click.get_current_context().find_object(Remote)
        assert remote
        answer = remote.call(verb.word, **arguments)
        if as_json:
            say_json(answer)
        elif answer:
            say(_SHORT.get(answer["event"]) or describe_plain(answer))
        else:
            say("nothing has come of it yet: see `appliance status`")

    told = [f"{each.name.upper()}: {each.help}" for each in verb.arguments if each.required]
    as_json = click.Option(["--json", "as_json"], is_flag=True, help=FOR_PROGRAMS)
    return click.Command(
        name,
        params=[*map(parameter, verb.arguments), as_json],
        callback=run,
        help="\n\n".join([verb.help, *told]),
        context_settings={"ignore_unknown_options": any(each.least < 0 for each in verb.arguments)},  # -15
    )


def parameter(argument: Argument) -> click.Parameter:
    """The argument as a person writes it, checked as the daemon does; an option where it may be left out."""

    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> object:
        try:
            return None if text is None else argument.read(text)
        except UsageError as error:
            raise click.BadParameter(str(error), context, parameter) from error

    if argument.required:
        return click.Argument([argument.name], callback=read)
    name = f"--{argument.name.replace('_', '-')}"
    if argument.kind in (Kind.TEXTS, Kind.FIELDS):

        def read_all(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> object:
            try:
                return argument.read_all(texts) if texts else None
            except UsageError as error:
                raise click.BadParameter(str(error), context, parameter) from error

        return click.Option(
            [name.removesuffix("s"), argument.name], multiple=True, callback=read_all, help=argument.help
        )
    if argument.kind is Kind.SWITCH:
        return click.Option([name], is_flag=True, help=argument.help)
    return click.Option([name], callback=read, help=argument.help)


record = Verbs("record", "Record: start, pause, resume, stop, discard, mark, split.", "record")
handset = Verbs("handset", "The handset: lift it, dial, hang it up.", "handset")
greeting = Verbs("greeting", "What the flow says to whoever lifts the handset.", "greeting")
flow = Verbs("flow", "A booth: go on, or tell the story again.", "flow")
message = Verbs("message", "A message box: hear messages, answer them.", "message")
language = Verbs("language", "The language of the flow.", "language")
player = Verbs("player", "The player: pause, resume, seek, stop, volume.", "play", "player")


class _Volume(Verbs):
    """`volume 50%` is `volume set 50%`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, ["set", *args] if args[0].removesuffix("%").isdigit() else args)


volume = _Volume("volume", "The volume: up, down, set; `volume 50%` sets it too.", "volume")
