"""`appliance doctor`: the examination of everything that a box needs."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import click

from appliance.cli.remote import PATH, Remote, pass_remote
from appliance.cli.run import hardware, plans
from appliance.cli.terminal import Painted, say_json, tell
from appliance.defaults import DEFAULT_CONFIG
from appliance.errors import ConfigError, NotRunning, PanelError, Unhealthy

Plain = dict[str, Any]

_RESULT_STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


@click.command()
@click.option("--buttons", is_flag=True, help="Let a person press each button; learns which way round it is wired.")
@click.option("--leds", is_flag=True, help="Light each LED in turn.")
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    help="No more than this check: `destinations`, `destinations.NAME`; again for more.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs: one object, at the end.")
@click.option(
    "--config",
    "path",
    type=PATH,
    envvar="APPLIANCE_CONFIG",
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The configuration to go by where no appliance is running.",
)
@pass_remote
def doctor(remote: Remote, buttons: bool, leds: bool, only: tuple[str, ...], as_json: bool, path: Path) -> None:
    """Examine everything that a box needs: pass, warn or fail, and what to do.

    Inside the appliance where it is running, else from here. Exit code 13 where anything failed.
    """
    findings = []
    for step in _examination(remote, path, buttons=buttons, leds=leds, only=[*only] or None):
        if "prompt" not in step:
            findings.append(step)
        if not as_json:
            show_step(step)
    failed = [finding["name"] for finding in findings if finding["result"] == "fail"]
    if as_json:
        say_json({"ok": not failed, "findings": findings})
    if failed:
        raise Unhealthy(f"not everything works: {', '.join(dict.fromkeys(failed))}")


def show_step(step: Plain) -> None:
    """One step of the doctor: a finding with its next step, or a prompt."""
    if "prompt" in step:
        tell(Painted(".... ", "dim"), step["prompt"], hang=5)
        return
    style = _RESULT_STYLES[step["result"]]
    tell(Painted(step["result"], style), " ", Painted(step["name"], "bold"), f": {step['words']}", hang=5)
    for line in step["next_step"].splitlines():
        tell(f"     {line}", hang=5)


def _examination(remote: Remote, path: Path, **wanted: Any) -> Iterator[Plain]:
    steps = remote.stream("doctor", **wanted)
    try:
        first = next(steps)
    except NotRunning as error:
        return _from_here(error, path, **wanted)
    return chain([first], steps)


def _from_here(reason: NotRunning, path: Path, **wanted: Any) -> Iterator[Plain]:
    """The examination in this process, with the permissions of whoever asks."""
    from appliance.clock import SystemClock
    from appliance.doctor import Box, Finding, Result, examine, plain
    from appliance.doctor.room import outlook
    from appliance.vitals import Vitals

    words = f"{reason}. What follows was found from here, with other permissions than the service has"
    yield plain(Finding("appliance", Result.WARN, words))
    try:
        plan = plans(path).read()
    except ConfigError as error:
        for problem in error.problems:
            yield plain(Finding("configuration", Result.FAIL, problem, "Correct it, then ask again"))
        return
    settings, clock = plan.settings, SystemClock()
    machine = hardware(None, clock)
    with ExitStack() as stop:
        panel, panel_error = machine.panel(settings.panel, clock, Vitals(clock)), ""
        try:
            panel.start(lambda command: None)
            stop.callback(panel.close)
        except PanelError as error:
            panel_error = str(error)
        box = Box(
            settings=settings,
            read=lambda: settings,
            plugins=plan.plugins,
            cards=machine.cards,
            panel=None if panel_error else panel,
            panel_error=panel_error,
            outlook=lambda: outlook(settings, plan.plugins),
            occupied=lambda: "",
            clock=clock,
            is_running=False,
        )
        for step in examine(box, **wanted):
            yield plain(step)
