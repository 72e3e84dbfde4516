"""Whatever waits, waits by the clock that it is given. The few that cannot are listed here, each with its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

BY_ITSELF = {
    "appliance/audio/reader.py": "waits for a sound card, which goes by its own crystal",
    "appliance/audio/speaker.py": "waits for a sound card, which goes by its own crystal",
    "appliance/clock.py": "is the clock",
    "appliance/controller.py": "signal handlers post to the inbox, so it is a SimpleQueue, which knows no other clock",
    "appliance/limits.py": "foreign code hangs by the time of the machine, whatever clock a box goes by",
    "appliance/mountwatch.py": "the kernel's news, and the calm after them, are one wait",
    "appliance/network.py": "the kernel's news, and the calm after them, are one wait",
    "appliance/store/access.py": "compares with the times of files, which are the kernel's",
    "appliance/store/recovery.py": "waits for nothing, but looks how long the disk has kept it",
    "appliance/cli/": "is a process of its own, and waits for another process",
    "appliance/simulation/panel.py": "what a test waits for is real",
    "appliance/simulation/speaker.py": "what a test waits for is real",
    "appliance/simulation/streams.py": "what a test waits for is real",
    "appliance/testing/": "what a test waits for is real",
    "plugins/": "a backend keeps to the network's own timeouts, or another process's",
}

OWN = ("clock", "house", "news", "take")
"""Those whose own `wait` and `wait_for` go by the clock."""

READ = {"sleep", "monotonic", "monotonic_ns", "time", "time_ns", "perf_counter"}


def goes_by_the_machine(node: ast.AST) -> bool:
    """Whether it reads or waits by the machine's own clocks."""
    match node:
        case ast.ImportFrom(module="time"):
            return True
        case ast.Attribute(value=ast.Name(id="time"), attr=name):
            return name in READ
        case ast.Call(ast.Attribute(attr="wait" | "poll") as asked, [_, *_]) | ast.Call(
            ast.Attribute(attr="wait_for") as asked, [_, _]
        ):
            return not ast.unparse(asked.value).endswith(OWN)
        case ast.Call(ast.Attribute(value=ast.Name(id="select"), attr="select"), [_, _, _, _]):
            return True
        case ast.Call(ast.Attribute(attr="wait" | "wait_for" | "get" | "acquire"), keywords=named):
            return any(each.arg == "timeout" for each in named)
    return False


def by_the_machine() -> Iterator[tuple[str, int]]:
    """File and line of each place that waits or reads the time by itself."""
    for folder in ("appliance", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if goes_by_the_machine(node):
                    yield str(path.relative_to(ROOT)), node.lineno  # type: ignore[attr-defined]


def test_every_wait_goes_through_the_clock() -> None:
    others = [f"{path}:{line}" for path, line in by_the_machine() if not path.startswith(tuple(BY_ITSELF))]
    assert not others, "give it a Clock, and wait with `wait_for` of appliance/clock.py"


def test_no_exception_outlives_its_reason() -> None:
    found = {path for path, _ in by_the_machine()}
    assert not [place for place in BY_ITSELF if not any(path.startswith(place) for path in found)]
