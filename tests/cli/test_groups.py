"""What a person meets who looks for a command, or mistypes it."""

import re
import sys

import click
import pytest

from appliance.cli.main import main, root


def groups(command: click.Command, context: click.Context) -> list[click.Context]:
    if not isinstance(command, click.Group):
        return []
    found = [context]
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child
        found += groups(child, click.Context(child, context, name, terminal_width=80))
    return found


GROUPS = groups(root, click.Context(root, info_name="appliance", terminal_width=80))


@pytest.mark.parametrize("context", GROUPS, ids=lambda context: context.command_path)
def test_a_list_of_commands_says_of_each_what_it_is_for_without_breaking_off(context: click.Context) -> None:
    text = context.command.get_help(context)
    _, _, listed = text.partition("Commands:")
    assert listed and "..." not in listed
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "meant", "help"),
    [
        (["rcord"], "record", "appliance"),
        (["record", "strat"], "start", "appliance record"),
        (["clips", "lst"], "list", "appliance clips"),
        (["config", "chek"], "check", "appliance config"),
        (["web", "passwort"], "password", "appliance web"),
    ],
)
def test_a_mistyped_command_is_one_line_that_names_the_one_that_was_meant(
    words: list[str], meant: str, help: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["appliance", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = f"appliance: No such command '{words[-1]}'. Did you mean '{meant}'? See `{help} --help`\n"
    assert capsys.readouterr() == ("", said)


def test_a_word_that_is_like_none_is_named_without_a_guess() -> None:
    with pytest.raises(click.UsageError, match=r"^No such command 'xyzzy'\.$"):
        root.main(["xyzzy"], standalone_mode=False)


@pytest.mark.parametrize("context", GROUPS, ids=lambda context: context.command_path)
def test_commands_that_a_group_says_it_has_are_there(context: click.Context) -> None:
    assert isinstance(context.command, click.Group)
    _, _, told = re.split(r"[.;]\s|\.$", context.command.help or "")[0].partition(": ")
    named = {each for each in told.split(", ") if each.isalpha()}
    assert named <= set(context.command.list_commands(context))
