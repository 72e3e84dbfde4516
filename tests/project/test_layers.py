"""The order of the house: a module imports only from rows above its own, and plugins only the public contract."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ROWS = (
    "values",
    "errors",
    "evolving",
    "redact",
    "foreign",
    "extras",
    "defaults",
    "sparing",
    "limits",
    "sums",
    "quantities",
    "recipes",
    "circumstances",
    "models",
    "pcm",
    "naming",
    "listed",
    "events",
    "faultkind",
    "faults",
    "codec",
    "phrases",
    "describe",
    "arguments",
    "verb",
    "clip_verbs",
    "player_verbs",
    "flow_verbs",
    "sound_verbs",
    "verbs",
    "states",
    "table",
    "machine",
    "status",
    "report",
    "clock",
    "hours",
    "retry",
    "backlog",
    "history",
    "durable",
    "receiving",
    "mounts",
    "vitals",
    "loops",
    "alarm",
    "outlet",
    "sdnotify",
    "door",
    "signals",
    "watchdog",
    "config",
    "plugin",
    "audio",
    "panel",
    "store",
    "timekeeping",
    "network",
    "mountwatch",
    "plugin_host",
    "metadata",
    "renditions",
    "processors",
    "feeds",
    "guests",
    "sounds",
    "delivery",
    "housekeeping",
    "doctor",
    "reactions",
    "playlist",
    "narration",
    "prompts",
    "flow",
    "schedules",
    "triggers",
    "choosing",
    "effects",
    "controller",
    "turn",
    "plans",
    "reporting",
    "stops",
    "front",
    "beside",
    "api",
    "asking",
    "support",
    "control",
    "editing",
    "page",
    "app",
    "daemon",
    "simulation",
    "cli",
    "__main__",
    "testing",
)
"""Modules and packages of `appliance` in their one order, the lowest first."""

ONLY_IMPORT = {
    "alsaaudio": ["appliance/audio/alsa.py"],
    "gpiozero": ["appliance/panel/factory.py", "appliance/panel/gpio.py"],
}
"""Libraries that just these files import."""

PUBLIC = {"appliance.plugin", "appliance.testing"}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full module name of every import in a file, those inside functions and for types alone included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield node.lineno, str(node.module)
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def row(module: str) -> int | None:
    """The row of a full module name; None for what is not a module of the house."""
    parts = module.split(".")
    return ROWS.index(parts[1]) if parts[0] == "appliance" and len(parts) > 1 and parts[1] in ROWS else None


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_the_page_shows_the_same_order() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("## The order of the house")[2].partition("\n## ")[0]
    shown = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall("`(.+?)`", line.split("|")[1])
    ]
    assert shown == [name for name in ROWS if name != "__main__"]


def test_every_module_has_a_row() -> None:
    assert {path.stem if path.is_file() else path.name for path in (ROOT / "appliance").iterdir()} - {
        "__init__",
        "py",
        "__pycache__",
    } == set(ROWS)


@pytest.mark.parametrize("path", sources("appliance"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_rows_above(path: Path) -> None:
    own = row(name_of(path))
    for line, module in imports(path):
        other = row(module)
        if own is not None and other is not None and other != own:
            assert other < own, f"{path.relative_to(ROOT)}:{line} imports {module} from a row below"


def test_no_circles_inside_packages() -> None:
    graph = {
        name_of(path): {module for _, module in imports(path) if module.startswith("appliance")}
        for path in sources("appliance")
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " imports ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for other in graph[module] & graph.keys():
                if not (module == other or _is_own_package(module, other)):
                    visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def _is_own_package(module: str, other: str) -> bool:
    """A module lies in the package it names: Python imports that one first in any case."""
    return module.startswith(f"{other}.")


@pytest.mark.parametrize("library", ONLY_IMPORT)
def test_a_library_is_imported_in_one_place(library: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in (*sources("appliance"), *sources("plugins"))
        for _, module in imports(path)
        if module.split(".")[0] == library
    }
    assert users == set(ONLY_IMPORT[library])


@pytest.mark.parametrize("path", sources("plugins"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_plugin_imports_only_the_public_contract(path: Path) -> None:
    for line, module in imports(path):
        if module.split(".")[0] == "appliance":
            assert any(module == name or module.startswith(f"{name}.") for name in PUBLIC), f"{path}:{line} {module}"


def test_every_plugin_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = {Path(each).name for each in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    assert {"appliance", *(path.name for path in (ROOT / "plugins").iterdir())} == packed
    assert set(project["project"]["entry-points"]["appliance"].values()) <= packed


def test_modules_can_be_read_in_one_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): length
        for path in (*sources("appliance"), *sources("plugins"))
        if (length := len(path.read_text().splitlines())) > 300
    }
    assert long.keys() <= {"appliance/events.py", "appliance/faults.py"}, (
        "only lists of events and faults may be longer"
    )
