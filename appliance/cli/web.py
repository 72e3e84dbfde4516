"""`appliance web`: the page for phones and browsers, and who may use it."""

from pathlib import Path

import click

from appliance.cli.groups import Group
from appliance.cli.remote import PATH, Remote
from appliance.cli.terminal import json_option, say, say_json
from appliance.clock import SystemClock
from appliance.defaults import DEFAULT_CONFIG, DEFAULT_HELPER, DEFAULT_KEYS
from appliance.page.keys import PIN_SECONDS, Keys, Role
from appliance.page.process import serve


@click.group(cls=Group, invoke_without_command=True)
@click.option("--config", "path", type=PATH, envvar="APPLIANCE_CONFIG", default=DEFAULT_CONFIG, show_default=True)
@click.option("--keys", type=PATH, envvar="APPLIANCE_WEB_KEYS", default=DEFAULT_KEYS, show_default=True)
@click.option("--settings", type=PATH, envvar="APPLIANCE_SETTINGS", default=DEFAULT_HELPER, show_default=True)
@click.pass_context
def web(context: click.Context, path: Path, keys: Path, settings: Path) -> None:
    """Serve the page of the box, and choose who may use it."""
    remote: Remote = context.obj
    context.obj = Keys(keys, SystemClock())
    if context.invoked_subcommand is None:
        serve(path, remote.socket, context.obj, settings)


@web.command()
@click.option(
    "--helper", is_flag=True, help="For somebody who may listen, download and label clips, and change nothing else."
)
@click.password_option(help="The password. Asked for where it is not given.")
@click.pass_obj
def password(keys: Keys, helper: bool, password: str) -> None:
    """Set the password of the page. Everybody has to log in again."""
    keys.set_password(password, Role.HELPER if helper else Role.HOST)
    say("The password is set; everybody has to log in again.")


@web.command()
@json_option
@click.pass_obj
def pin(keys: Keys, as_json: bool) -> None:
    """Make a PIN that logs in once within ten minutes, for a phone without the password at hand."""
    made = keys.make_pin()
    say_json({"pin": made, "seconds": PIN_SECONDS}) if as_json else say(
        f"{made}  (once, within {PIN_SECONDS // 60} minutes)"
    )


@web.command()
@click.argument("name")
@click.option("--role", type=click.Choice([str(role) for role in Role]), default=str(Role.HELPER), show_default=True)
@json_option
@click.pass_obj
def token(keys: Keys, name: str, role: str, as_json: bool) -> None:
    """Make a token for a program, and print it this once."""
    made = keys.add_token(name, Role(role))
    say_json({"name": name, "role": role, "token": made}) if as_json else say(made)


@web.command()
@json_option
@click.pass_obj
def tokens(keys: Keys, as_json: bool) -> None:
    """List the programs that have a token."""
    if as_json:
        say_json(keys.tokens())
        return
    for name, role in keys.tokens().items():
        say(f"{name}  {role}")


@web.command()
@click.argument("name")
@json_option
@click.pass_obj
def revoke(keys: Keys, name: str, as_json: bool) -> None:
    """Take a program's token back."""
    keys.revoke_token(name)
    say_json({"revoked": name}) if as_json else say(f"The token {name} opens nothing any more.")
