"""The options by which clips are looked for."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from appliance.models import DeliveryState, Verdict

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--text", help="Words, or beginnings of words, of title, labels and note."),
    click.option("--label", help="Only those with this label."),
    click.option("--starred", is_flag=True, help="Only those with a star."),
    click.option("--approved", is_flag=True, help="Only those that somebody approved of."),
    click.option("--undecided", is_flag=True, help="Only those that somebody has still to keep."),
    click.option("--verdict", type=click.Choice([str(each) for each in Verdict]), help="What is said of their sound."),
    click.option(
        "--state", type=click.Choice([str(each) for each in DeliveryState]), help="How a delivery of them is."
    ),
    click.option("--to", help="The destination whose --state counts."),
)


def search_options(command: F) -> F:
    """Let a command be asked for some clips alone."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
