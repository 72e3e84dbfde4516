"""Writes the generated parts of the documentation, and config.example.yaml, from the code.

`python docs/generate.py` writes them; `generated()` is what a test compares with the files.
"""

import errno
import inspect
import json
import os
import re
import socket
import ssl
import sys
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from http import HTTPStatus
from http.client import IncompleteRead
from importlib.metadata import entry_points
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import click
import requests
from appliance_http import statuses
from appliance_http.errors import translate as translate_http
from appliance_upload_folder import errors as folder_errors
from appliance_upload_http.answer import ANSWERS
from appliance_upload_rclone import errors as rclone_errors
from appliance_upload_s3 import errors as s3_errors
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from appliance import errors, events
from appliance.arguments import Argument
from appliance.backlog import LIMIT as BACKLOG
from appliance.cli.main import root
from appliance.config.reference import example, reference
from appliance.control import protocol
from appliance.control.server import Limits
from appliance.errors import Permanent, Transient
from appliance.faults import KINDS
from appliance.machine import ANY_PLAYER, ANY_RECORDER, TABLE, Player, Recorder, Row
from appliance.models import Clip
from appliance.mounts import Mount
from appliance.plugin_host import PluginHost
from appliance.quantities import KIND_WORDS, described
from appliance.report import VERSION, Report
from appliance.verbs import VERBS, VERSIONS

sys.path.append(str(Path(__file__).parent))
from manual import SHELLS, completion, manual

ROOT = Path(__file__).parents[1]
HOST = "example.org"


def generated() -> dict[Path, str]:
    """Every generated file, by its path from the root of the repository."""
    _check_installation()
    plugins = PluginHost.installed()
    plugins.discover()
    reference_folder = Path("docs/reference")
    return {
        Path("config.example.yaml"): example(plugins.extensions),
        reference_folder / "configuration.md": reference(plugins.extensions),
        reference_folder / "command-line.md": command_line(),
        reference_folder / "control-protocol.md": control_protocol(),
        reference_folder / "events.md": commands_and_events(),
        reference_folder / "delivery-errors.md": delivery_errors(),
        reference_folder / "exit-codes.md": exit_codes(),
        reference_folder / "faults.md": fault_table(),
        reference_folder / "report.md": report(),
        reference_folder / "clip.schema.json": clip_schema(),
        reference_folder / "state-machine.md": state_machine(),
        Path("share/man/man1/appliance.1"): manual(_exit_codes()),
        **{path: completion(shell) for shell, path in SHELLS.items()},
    }


def _check_installation() -> None:
    """Raise RuntimeError where the plugins of pyproject.toml are not those that are installed: what they bring would be
    left out of every page.
    """
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["appliance"]
    if missing := wanted.keys() - entry_points(group="appliance").names:
        raise RuntimeError(
            f"{', '.join(sorted(missing))} of pyproject.toml is not installed here: run "
            f"`{sys.executable} -m pip install --no-deps --no-build-isolation -e .`"
        )


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
                fields = ", ".join(f"`{name}`" for name in cls.__match_args__)
                lines.append(f"| `{name}` | {fields} | {' '.join(str(inspect.getdoc(cls)).split())} |")
    return "\n".join([*lines, ""])


PROTOCOL = """\
# Control protocol

JSON-RPC 2.0 on a Unix socket (`control.socket`, whose file belongs to `control.group`): one JSON object a line, in
UTF-8. `appliance` itself is a client of it, and any program may be one:

```text
{"jsonrpc": "2.0", "id": 1, "method": "record.start"}
{"jsonrpc": "2.0", "id": 1, "result": {"event": "TakeStarted", "take_id": "...", "name": "...", ...}}
```

- `params` are an object; an argument that is left out or null has its default. One that is missing, unknown or does not
  fit is refused in words, with the code -32602, before anything happens.
- A word that becomes a command is answered by the [event](events.md) that tells that it was done, with the class name
  under `event`; by null where none tells. What cannot be done now, or failed, is an error with the code -32000; `data`
  holds the class of the error, which the [exit codes](exit-codes.md) list.
- A word that streams is answered by one notification after the other, `{"method": "event", "params": {...}}`, and by a
  response with the result null at the end of it. When the daemon stops, or takes a new configuration, a stream of
  events first tells what had happened.
- A daemon that takes a new configuration hangs up once it has answered what it was asked. Call again on another
  connection: the socket stays, and who connects meanwhile waits until the new configuration is used.
- Who reads too slowly keeps nobody waiting: the newest LIMIT events wait for it, and in the place of those that had to
  go stands `{"event": "EventsLost", "count": N}`. Who takes nothing for SLOW seconds is told so and hung
  up on.
- A call may have LINE bytes. CONNECTIONS programs may be connected; if all are, the one that has been silent for
  longest gives way, where that is IDLE seconds or more, else the next one is refused. An error with the id null is
  about the connection, which ends with it.
- `hello` asks for a version of this protocol. A newer version has everything that the older ones have; unknown fields
  of an answer are to be ignored. `describe` gives this page to programs, with the arguments as JSON Schema.
"""


def control_protocol() -> str:
    """What can be called on the control socket, from the table of verbs."""
    limits = Limits()
    facts = {"LIMIT": BACKLOG, "SLOW": f"{limits.slow:g}", "IDLE": f"{limits.idle:g}", "LINE": protocol.MAX_LINE}
    facts["CONNECTIONS"] = limits.connections
    lines = [re.sub("|".join(facts), lambda found: str(facts[found[0]]), PROTOCOL)]
    lines += [f"Versions: {', '.join(map(str, VERSIONS))}.", ""]
    for verb in VERBS.values():
        kind = "acts" if verb.acts else "reads"
        notes = [kind, *["streams"] * verb.streams, *["may be a button's"] * verb.for_buttons]
        lines += [f"## `{verb.word}`", "", f"{verb.help} *{', '.join(notes)}; since version {verb.since}*", ""]
        if verb.arguments:
            lines += ["| argument | what it is | meaning |", "|---|---|---|"]
            lines += [
                f"| `{each.name}`{'' if each.required else ' (optional)'} | {_expected(each)} | {each.help} |"
                for each in verb.arguments
            ]
            lines.append("")
        done, failed = (", ".join(f"`{event.__name__}`" for event in told) for told in (verb.done, verb.failed))
        lines.append(f"Answer: {done or verb.answer or 'null'}." + (f" Failed: {failed}." if failed else ""))
        lines.append("")
    return "\n".join(lines)


def _expected(argument: Argument) -> str:
    return argument.expected if len(argument.choices) < 10 else "a list of names of [events](events.md)"


def exit_codes() -> str:
    """A table of exit codes from the error classes."""
    names = {cls.exit_code: f"`{cls.__name__}`" for cls in _errors_with_codes()}
    lines = ["# Exit codes", "", "| code | error | meaning |", "|---|---|---|"]
    lines += [f"| {code} | {names.get(code, '')} | {meaning} |" for code, meaning in _exit_codes().items()]
    return "\n".join([*lines, ""])


def _exit_codes() -> dict[int, str]:
    """Each exit code and what it means."""
    codes = {0: "All went well", 130: "Interrupted with Ctrl-C"}
    for cls in _errors_with_codes():
        codes[cls.exit_code] = str(inspect.getdoc(cls)).splitlines()[0].rstrip(".")
    return dict(sorted(codes.items()))


def _errors_with_codes() -> list[type[errors.ApplianceError]]:
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type)]
    return [cls for cls in classes if issubclass(cls, errors.ApplianceError) and "exit_code" in vars(cls)]


def delivery_errors() -> str:
    """What each backend makes of a failure, by asking it."""
    lines = [
        "# Delivery errors",
        "",
        "A failure is *transient* where trying again may help: the delivery goes again by itself, at growing intervals",
        "(`retry` of the destination), for ever, and at once when the network comes back or the clock is set. Any",
        "other is *permanent*: the delivery is parked with these words, the fault shows on the panel and in `appliance",
        "status`, and it goes again on `appliance clips retry`, with a changed configuration, at every start, when the",
        "network comes back, a disk is mounted or the clock is set, and once a day. It also goes again after another",
        "clip has arrived there: so it was the destination that refused it. Refused for the same reason, it waits for",
        "ten further arrivals, then a hundred. What nobody has foreseen is transient.",
        "",
        "While the clock of the box was never set, what others hold against the date is transient, too. A wait that",
        "the other side asks for (`Retry-After`, in seconds or as a date) is kept, up to an hour.",
    ]
    for title, rows in (
        ("`http`, and feeds of URLs: answers", _http_answers()),
        ("`http`, and feeds of URLs: connections", _http_connections()),
        ("`s3`", _s3_errors()),
        ("`folder`", _folder_errors()),
        ("`rclone`", _rclone_errors()),
        ("Any destination", _any_errors()),
    ):
        lines += ["", f"## {title}", "", "| what | kind | in words |", "|---|---|---|"]
        lines += [
            f"| {what} | {'permanent' if isinstance(error, Permanent) else 'transient'} | {_words(error)} |"
            for what, error in rows
        ]
    return "\n".join([*lines, ""])


def _words(error: Exception) -> str:
    """The message, without what differs from day to day and what stands beside it."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", str(error))
    text = re.sub(rf"^{HOST} answers [^:]*(: )?|^bucket 'clips' at \S+ ", "", text)
    return re.sub(r" \(\w+(\.\w+)?\)", "", text).replace("|", "\\|") or "what the server says"


def _http_answers() -> Iterator[tuple[str, Exception]]:
    for status in sorted({*ANSWERS, *statuses.PASSING, 500, 502, 504}):
        error = statuses.status_error(status, HTTPStatus(status).phrase, {}, b"", ANSWERS, HOST)
        yield f"{status}", error
    yield "another 4xx", statuses.status_error(418, "", {}, b"", {}, HOST)
    yield "another 5xx", statuses.status_error(599, "", {}, b"", {}, HOST)
    yield (
        "301, 302, 303",
        Permanent("a form that is redirected so loses its file. Set url to the address that takes it"),
    )
    yield "an answer that broke off", translate_http(IncompleteRead(b""), HOST)
    yield (
        "a checksum that is another",
        Permanent("the server stored other bytes than were sent. Look at what it stored"),
    )
    yield "no checksum where `proof` looks for it", Permanent("check the section proof")
    yield "another 2xx than `expect` allows", Permanent("it is not in the option expect")


def _http_connections() -> Iterator[tuple[str, Exception]]:
    for what, cause in (
        ("name not found", socket.gaierror()),
        ("no network", OSError(errno.ENETUNREACH, "Network is unreachable")),
        ("refused", ConnectionRefusedError()),
        ("reset", ConnectionResetError()),
        ("silence", requests.ReadTimeout()),
        ("no answer to the first knock", requests.ConnectTimeout()),
        ("proxy", requests.exceptions.ProxyError()),
        ("proxy without credentials", requests.exceptions.ProxyError("Tunnel connection failed: 407")),
        ("proxy that forbids it", requests.exceptions.ProxyError("Tunnel connection failed: 403")),
        ("circle of redirects", requests.TooManyRedirects()),
    ):
        yield what, translate_http(cause, HOST)
    for what, code in (
        ("certificate expired", 10),
        ("certificate of the future", 9),
        ("certificate signed by itself", 18),
        ("certificate of an unknown authority", 20),
        ("certificate for another name", 62),
    ):
        bad = ssl.SSLCertVerificationError()
        bad.verify_code, bad.verify_message = code, "Hostname mismatch"
        yield what, translate_http(bad, HOST)
        if code in (9, 10):
            yield f"{what}, clock never set", translate_http(bad, HOST, clock_trusted=False)
    refused = ssl.SSLError()
    refused.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    yield "the box's certificate", translate_http(refused, HOST)
    yield "redirect to less safety", Permanent("it leads to a place that is not encrypted: set the URL to https")


def _s3_errors() -> Iterator[tuple[str, Exception]]:
    where = s3_errors.Target("clips", f"https://{HOST}")
    unset = s3_errors.Target("clips", f"https://{HOST}", lambda: False)
    tables = (s3_errors.MUST_ACT, s3_errors.TRY_AGAIN, s3_errors.DAMAGED, s3_errors.GONE)
    for code in [code for table in tables for code in sorted(table)]:
        yield f"`{code}`", _s3_error(400, code, where)
    for status in (301, 302, 303, 307, 308, 401, 403, 404, 410, 413, 415, 422):
        yield f"{status} without a code", _s3_error(status, f"{status}", where)
    for code in sorted(s3_errors.CLOCK):
        yield f"`{code}`", _s3_error(403, code, where)
        yield f"`{code}`, clock never set", _s3_error(403, code, unset)
    for what, said in (
        ("certificate expired", "certificate has expired"),
        ("certificate of the future", "certificate is not yet valid"),
    ):
        bad = SSLError(endpoint_url=where.endpoint, error=said)
        yield what, s3_errors.translate(bad, where)
        yield f"{what}, clock never set", s3_errors.translate(bad, unset)
    for what, error in (
        ("certificate not trusted", SSLError(endpoint_url=where.endpoint, error="CERTIFICATE_VERIFY_FAILED")),
        ("no credentials", NoCredentialsError()),
        ("proxy without credentials", ProxyConnectionError(proxy_url="", error="Tunnel connection failed: 407")),
        ("silence", ReadTimeoutError(endpoint_url=where.endpoint)),
        ("name not found", EndpointConnectionError(endpoint_url=where.endpoint, error=socket.gaierror())),
        ("refused", EndpointConnectionError(endpoint_url=where.endpoint, error=ConnectionRefusedError())),
        ("reset", ConnectionClosedError(endpoint_url=where.endpoint)),
    ):
        yield what, s3_errors.translate(error, where)
    yield "another object under the key", Permanent("it is never overwritten: move it away, or change `prefix`")
    yield "other bytes stored", Permanent("check that server, delete the object and deliver the clip again")
    yield "another 4xx", _s3_error(418, "Other", where)
    yield "another 5xx", _s3_error(500, "InternalError", where)


def _s3_error(status: int, code: str, target: s3_errors.Target) -> Exception:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return s3_errors.translate(ClientError(answer, ""), target)


def _folder_errors() -> Iterator[tuple[str, Exception]]:
    yield "no disk mounted, with `require_mount`", Transient("no disk is mounted there: plug it in")
    for name in ("ENOSPC", "EIO", "EFBIG", "EACCES", "ENAMETOOLONG", "ENOTDIR"):
        code = getattr(errno, name)
        yield f"`{name}`", folder_errors.translate(OSError(code, os.strerror(code)), Path("/media/stick"))
    for what, path, mount in (
        ("on a disk that is read-only", "/media/stick", ("", "ro", "ro")),
        ("on one that was so when the service started", "/media/stick", ("", "rw", "ro")),
        ("where the service may not write", "/srv/clips", ("", "rw", "ro")),
    ):
        refused = OSError(errno.EROFS, os.strerror(errno.EROFS))
        yield f"`EROFS` {what}", folder_errors.translate(refused, Path(path), Mount(Path(path), "8:1", "ext4", *mount))
    yield "another file of that name", Permanent("it is never overwritten: look at it, and move it away")
    yield "other bytes read back", Permanent("the disk is bad, replace it")


def _rclone_errors() -> Iterator[tuple[str, Exception]]:
    for _, advice in rclone_errors.MUST_ACT:
        yield "said by rclone", Permanent(f"the remote {advice}")
    for what, code, said in (
        ("said by rclone", 1, "too many requests"),
        ("certificate date, clock skew", 1, "RequestTimeTooSkewed"),
        ("killed", -9, ""),
        ("anything else", 1, "i/o timeout"),
    ):
        failure = rclone_errors.Failure(code, said)
        yield what, rclone_errors.translate(failure, "the remote", clock_trusted=True)
        if what.startswith("certificate"):
            yield f"{what}, clock never set", rclone_errors.translate(failure, "the remote", clock_trusted=False)
    for code in sorted(rclone_errors.PERMANENT_CODES):
        failure = rclone_errors.Failure(code, "")
        yield f"exit code {code}", rclone_errors.translate(failure, "the remote", clock_trusted=True)
    yield "no rclone", Permanent("rclone cannot be started: install it (sudo apt install rclone), or set `binary`")
    yield "other bytes there", Permanent("the remote holds other bytes than were sent: check it, and delete that file")


def _any_errors() -> Iterator[tuple[str, Exception]]:
    yield (
        "the clip's file",
        Permanent("it is gone, cannot be read or is not what was recorded. The card may be failing"),
    )
    yield "an encoding that the disk refuses", Transient("it cannot be written")
    for whose in ("plugin", "appliance"):
        yield f"a defect of the {whose}", Transient("it is tried again after the longest wait, and named in a fault")


def fault_table() -> str:
    """A table of everything that may be wrong."""
    lines = [
        "# Faults",
        "",
        "What `appliance status` lists, the LED shows and the events `FaultRaised` and `FaultCleared` name, each until",
        "it is over. An urgent one keeps the box from recording. A fault is known by its name and by its owner, the",
        "one part that raises and clears it; its message says more. A box of a newer release may know others.",
        "",
        "| fault | owner | urgent | what is wrong | what to do |",
        "|---|---|---|---|---|",
    ]
    for kind in KINDS:
        name = f"{kind.name}:{kind.subject.upper()}" if kind.subject else kind.name
        urgent = "urgent" if kind.urgent else ""
        lines.append(f"| `{name}` | {kind.owner} | {urgent} | {kind.cause} | {kind.next_step} |")
    return "\n".join([*lines, ""])


def report() -> str:
    """Every field of the report."""
    lines = [
        "# Report",
        "",
        "How the box is, as one value: `appliance status --json` prints it, the call `status` answers with it, a",
        "heartbeat posts it, and services get it from `house.report()`. `[]` stands for each of a list, `{}` for each",
        "name. `describe` gives this table to programs, under `report`.",
        "",
        f"The version is {VERSION}. It grows when something is told otherwise than before, not when more is told:",
        "ignore what you do not know.",
        "",
        "| kind | meaning |",
        "|---|---|",
    ]
    lines += [f"| {kind} | {words} |" for kind, words in KIND_WORDS.items()]
    lines += ["", "| field | kind | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `{each.path}` | {each.kind} | {each.unit} | {each.words} |" for each in described(Report)]
    return "\n".join([*lines, ""])


def state_machine() -> str:
    """Diagrams of recorder and player, and the whole table."""
    lines = [
        "# State machine",
        "",
        "Recorder and player side by side; an input that is not drawn changes nothing. While a take is in progress the",
        "player is stopped, unless the two may share the box (`audio.playback.while_recording`). While the card is",
        "full (without room) no take begins; one in progress goes on.",
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
    ended = {None: "", True: ", after a take that ended by itself", False: ""}
    shares = {None: "", True: ", sharing", False: ", alone"}
    recorder = words(row.recorder, ANY_RECORDER) + room[row.room] + ended[row.ended] + shares[row.shares]
    subject = {None: "", True: " of the present one", False: " of a past one"}[row.current]
    leads = ", ".join(
        f"{what} {state}" for what, state in (("recorder", row.to_recorder), ("player", row.to_player)) if state
    )
    leads += room[row.to_room].removeprefix(", ")
    does = f"refused: {row.refuse}" if row.refuse else ", ".join(f"`{do}`" for do in row.do)
    return f"| `{row.input.__name__}`{subject} | {recorder} | {words(row.player, ANY_PLAYER)} | {leads} | {does} |"


_JSON_TYPES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def clip_schema() -> str:
    """The JSON Schema (draft 2020-12) of what lies beside a clip. What a newer release adds does not break it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Clip",
        "description": "Everything that is known of a clip, as it lies beside its sound. Positions are frames.",
        **_schema(Clip),
    }
    return json.dumps(schema, indent=2) + "\n"


def _schema(kind: Any) -> dict[str, Any]:
    if kind in _JSON_TYPES:
        return {"type": _JSON_TYPES[kind]}
    if isinstance(kind, UnionType):
        return {"anyOf": [_schema(each) for each in get_args(kind)]}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": _schema(get_args(kind)[1])}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0])}
    if issubclass(kind, StrEnum):
        known = ", ".join(kind)
        return {"type": "string", "description": f"Known: {known}; a newer release may know others."}
    types = get_type_hints(kind)
    fields = {}
    for field in attrs.fields(kind):
        about, inner = field.metadata, _schema(types[field.name])
        unit = f", in {about['unit']}" if about["unit"] else ""
        words = f"{about['words']}{unit}. {inner.get('description', '')}".strip()
        fields[field.name] = {**inner, "description": words}
    required = [field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING]
    return {"type": "object", "properties": fields, **({"required": required} if required else {})}


def main() -> None:
    """Write them all, and name those that changed."""
    for path, text in generated().items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
            print(path)


if __name__ == "__main__":
    main()
