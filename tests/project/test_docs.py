"""Documentation is checked like code: generated parts are up to date, links lead somewhere, configurations load."""

import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import click
import pytest

from appliance.cli.main import root
from appliance.config.loader import parse
from appliance.plugin import hookspecs
from appliance.plugin_host import PluginHost

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def load_generator() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generated: dict[Path, str] = module.generated()
    return generated


GENERATED = load_generator()


@pytest.mark.parametrize("path", GENERATED, ids=str)
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert (ROOT / path).read_text() == GENERATED[path], f"{path} is old: run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not target.startswith(("http://", "https://", "#")):
            assert (page.parent / target.split("#")[0]).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_configuration_in_the_docs_loads(page: Path) -> None:
    plugins = PluginHost.installed()
    plugins.discover()
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(ROOT / "tests" / "project" / "credentials")}
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)):
        parse(block, f"{page.name} block {number}", plugins.extensions, environment)


def commands(path: Path) -> Iterator[list[str]]:
    """What a file shows of the command line, in its sentences, and of a page in its blocks too."""
    text = path.read_text()
    found = re.findall(r"`(?:sudo )?appliance ([^`{]*)`", text)
    if path.suffix == ".md":
        found += re.findall(r"^ *(?:\$ )?(?:sudo )?appliance (.*)$", text, re.M)
    yield from (shlex.split(" ".join(each.split()), comments=True) for each in found)


def complaint(words: list[str]) -> str:
    """What is wrong with them; nothing where one only speaks of a command without saying what about."""
    command: click.Command | None = root
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        command = command.get_command(click.Context(command), name)
        if command is None:
            return f"there is no {name}"
    try:
        with suppress(click.MissingParameter, click.exceptions.Exit, click.Abort):
            if not isinstance(command, click.Group):
                cast(click.Command, command).make_context("", words)
    except click.UsageError as error:
        return error.format_message()
    return ""


@pytest.mark.filterwarnings("ignore::getpass.GetPassWarning")
def test_every_command_that_is_spoken_of_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    sources = [path for folder in ("appliance", "plugins") for path in (ROOT / folder).rglob("*.py")]
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    found = [(path, words) for path in (*pages, *sources) for words in commands(path)]
    wrong = [f"{path.relative_to(ROOT)}: {words}: {why}" for path, words in found if (why := complaint(words))]
    assert wrong == [] and len(found) > 400


def test_every_hook_is_documented() -> None:
    text = (ROOT / "docs/how-to/write-a-plugin.md").read_text()
    for name in vars(hookspecs):
        if name.startswith("appliance_"):
            assert f"`{name}" in text, f"{name} is not in write-a-plugin.md"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            for target in re.findall(r"\]\(([^)\s#]+)", page.read_text()):
                if not target.startswith("http"):
                    waiting.append((page.parent / target).resolve())
    assert set(PAGES) <= reached, f"no way leads to {set(PAGES) - reached}"


def test_start_imports_only_what_runs() -> None:
    """The daemon's start path loads no tables for people, no cloud library and no HTTP library."""
    code = (
        "import sys, appliance.app, appliance.cli.run, appliance.plugin_host as p; h = p.PluginHost.installed();"
        "h.discover(); print(*sorted({'rich', 'boto3', 'requests', 'soundfile', 'soxr'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_shell_completes_commands() -> None:
    script = (
        f"source {ROOT}/share/bash-completion/completions/appliance; COMP_WORDS=(appliance clips ret); COMP_CWORD=2;"
        "_appliance_completion appliance; echo ${COMPREPLY[@]}"
    )
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "retry\n"


def test_the_manual_names_every_command() -> None:
    page = (ROOT / "share/man/man1/appliance.1").read_text().replace("\\", "")
    commands = re.findall(r"^## `(appliance \S+ \S+)`$", (ROOT / "docs/reference/command-line.md").read_text(), re.M)
    assert len(commands) > 30 and all(f".SS {command} " in page for command in commands)
