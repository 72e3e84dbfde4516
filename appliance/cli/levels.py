"""`appliance levels`: an assistant that listens, and sets the gain of the microphone."""

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import Progress, json_option, say, say_json
from appliance.errors import NotRunning, Refused

_LOWEST, _CELLS = -60.0, 30
_SAID = ("turned", "done")
"""Advice that stays on a terminal; the rest is in the line that changes."""


@click.command()
@click.option("--advice", is_flag=True, help="Only advise, and leave the gain alone.")
@click.option("--in-take", is_flag=True, help="Set it in the midst of a take too.")
@json_option
@pass_remote
def levels(remote: Remote, advice: bool, in_take: bool, as_json: bool) -> None:
    """Listen to who speaks, say how to be heard well, and set the gain of the microphone for that.

    It is kept for the card. A gain that was not found is as it was before.
    """
    words, step = "", None
    with Progress() as progress:
        for step in remote.stream("levels", advice=advice, in_take=in_take):
            if as_json:
                say_json(step, None)
                continue
            if step["words"] != words and (step["advice"] in _SAID or not progress.is_watched):
                say(step["words"])
            words = step["words"]
            progress.tell(f"{bar(step['rms_dbfs'], step['held_dbfs'])} {step['held_dbfs']:6.1f} dBFS  {words}")
    if step is None:
        raise NotRunning("the appliance hung up before anything was heard: it is stopping. Try again in a moment")
    if not (advice or step["done"]):
        raise Refused("the gain is as it was: too little was heard that is speech. Speak for ten seconds or more")


def bar(level: float, held: float) -> str:
    """A level and the peak that is held, in dBFS, as a bar from -60 to 0."""
    filled, mark = (min(max(round((each - _LOWEST) / -_LOWEST * _CELLS), 0), _CELLS - 1) for each in (level, held))
    cells = ["#" if cell < filled else "-" for cell in range(_CELLS)]
    cells[mark] = "|"
    return f"[{''.join(cells)}]"
