"""`appliance web`: the page for phones and browsers, and who may use it."""

import gc
import linecache
import logging
import signal
import threading
from pathlib import Path

import click

from appliance.cli.groups import Group
from appliance.cli.remote import PATH, Remote
from appliance.cli.run import DEFAULT_CONFIG, one_arena
from appliance.cli.terminal import json_option, say, say_json
from appliance.clock import SystemClock
from appliance.errors import ApplianceError
from appliance.page.keys import PIN_SECONDS, Keys, Role

_M_MMAP_THRESHOLD = -3

DEFAULT_KEYS = "/var/lib/appliance-web/keys.json"
DEFAULT_HELPER = "/run/appliance-settings.sock"


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
        _serve(path, remote.socket, context.obj, settings)


def _serve(path: Path, socket: Path, keys: Keys, helper: Path) -> None:
    gc.disable()  # until all is loaded, which leaves next to no garbage
    one_arena()
    _give_back_what_is_large()
    from appliance.config.page import WebSettings
    from appliance.config.section import load_section

    try:
        from appliance.page.server import Serving
    except ModuleNotFoundError as error:
        raise ApplianceError(
            f"the page needs {error.name}, which is not installed: sudo apt install python3-bottle python3-cheroot"
        ) from error
    gc.freeze()  # what is loaded by now stays, and need not be looked through again and again
    gc.enable()
    linecache.clearcache()  # attrs leaves the source there of all that it has generated
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # for all threads to come: this one waits for them
    settings = load_section(path, "web", WebSettings)
    serving = Serving(settings, socket, keys, helper)
    server = serving.server()
    threading.Thread(target=server.serve, name="page", daemon=True).start()
    address, port = server.bind_addr
    scheme = "https" if serving.certificate else "http"
    say(f"the page is at {scheme}://{f'[{address}]' if ':' in address else address}:{port}/")
    if settings.self_made and serving.certificate:
        say(f"Its certificate is the box's own. Fingerprint (SHA-256): {serving.certificate.fingerprint}")
    signal.sigwait(ends)
    server.stop()


def _give_back_what_is_large() -> None:
    """Let blocks of 64 kB and more go back to the system once they are free: pieces of uploads tear holes otherwise."""
    import ctypes

    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 65_536)


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
