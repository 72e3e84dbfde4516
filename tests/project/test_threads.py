"""What looks now and then is a `Loop` of appliance/loops.py. Threads written by hand are listed here, each with its
reason, and all threads of the daemon are told of in docs/architecture.md.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

BY_HAND = {
    "appliance/api/recorder.py": "does one piece of work",
    "appliance/api/telling.py": "calls a script, which may take its time",
    "appliance/api/transfer.py": "does one piece of work",
    "appliance/audio/capture.py": "waits for a sound card",
    "appliance/audio/player.py": "waits for a sound card, and for orders",
    "appliance/audio/session.py": "waits for what the microphone brings, and ends with its take",
    "appliance/audio/speech.py": "does one piece of work",
    "appliance/audio/tuner.py": "does one piece of work",
    "appliance/audio/ways.py": "waits for what still comes, and for a pipe",
    "appliance/page/process.py": "is a process of its own",
    "appliance/control/fetching.py": "does one piece of work",
    "appliance/control/server.py": "waits for callers, and answers them",
    "appliance/daemon.py": "does one piece of work",
    "appliance/delivery/live.py": "has one take at a time, whose backend may hang",
    "appliance/delivery/worker.py": "several of them share what is to be done",
    "appliance/doctor/": "does one piece of work",
    "appliance/feeds/behind.py": "waits for a file to grow",
    "appliance/limits.py": "does one piece of work",
    "appliance/loops.py": "is the loop",
    "appliance/outlet.py": "waits for lines of the log, and for whoever reads them",
    "appliance/page/ahead.py": "is in a process of its own",
    "appliance/page/levels.py": "is in a process of its own",
    "appliance/page/news.py": "is in a process of its own",
    "appliance/page/sums.py": "is in a process of its own",
    "appliance/panel/worker.py": "waits for edges, and for several things that are due",
    "appliance/plugin_host/listeners.py": "waits for events, whose plugin may hang",
    "appliance/plugin_host/services.py": "is the service's own",
    "appliance/signals.py": "waits for signals",
    "appliance/simulation/keyboard.py": "waits for keys",
    "appliance/store/thread.py": "waits for work",
    "appliance/testing/": "is for tests",
    "plugins/appliance_http/watch.py": "ends with its transfer",
    "plugins/appliance_upload_s3/crew.py": "sends parts, and ends with its file",
}

NOT_IN_THE_DAEMON = ("appliance/api/", "appliance/cli/", "appliance/page/", "appliance/testing/", "plugins/")


@cache
def made() -> tuple[tuple[str, str], ...]:
    """File and name of each thread that is made; no file where that is a loop or an errand of the daemon, and of a name
    that is put together how it begins.
    """
    return tuple(_made())


def _made() -> Iterator[tuple[str, str]]:
    for folder in ("appliance", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text()
            for node in (
                ast.walk(ast.parse(text))
                if re.search(r"Thread\b|Loop\(|Errand\(|within\(|begun\(|Executor\(", text)
                else ()
            ):
                match node:
                    case ast.Call(ast.Attribute(attr="Thread") | ast.Name(id="Thread"), keywords=named):
                        names = [each.value for each in named if each.arg == "name"]
                    case ast.Call(ast.Name(id="Loop"), [name, *_]):
                        names = [name]
                    case ast.Call(ast.Name(id="Errand" | "within" | "begun"), [*_, name]):
                        names = [name]
                    case ast.Call(ast.Name(id="ThreadPoolExecutor"), [_, name, *_]):
                        names = [name]
                    case ast.ClassDef(bases=bases) if any(ast.unparse(each).endswith("Thread") for each in bases):
                        names = []
                    case _:
                        continue
                by_hand = isinstance(node, ast.ClassDef) or ast.unparse(node.func).endswith("Thread")
                file = str(path.relative_to(ROOT))
                yield (file if by_hand or file.startswith("appliance/api/") else ""), "".join(map(_beginning, names))


def _beginning(name: ast.expr) -> str:
    match name:
        case ast.Constant(str(text)) | ast.JoinedStr([ast.Constant(str(text)), *_]):
            return text.rstrip(":")
    return ""


def test_no_thread_is_written_by_hand_without_a_reason() -> None:
    others = [path for path, _ in made() if path and not path.startswith(tuple(BY_HAND))]
    assert not others, "use a Loop of appliance/loops.py"


def test_no_reason_outlives_its_thread() -> None:
    found = {path for path, _ in made()}
    assert not [place for place in BY_HAND if not any(path.startswith(place) for path in found)]


def test_every_thread_of_the_daemon_is_told_of() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    section = text.split("## Threads\n")[1].split("\n## ")[0]
    told = {name for cell in re.findall(r"^\| (.*?) \|", section, re.M) for name in re.findall(r"`(.*?)`", cell)}
    daemon = {name for path, name in made() if name and not (path and path.startswith(NOT_IN_THE_DAEMON))}
    assert told == daemon
