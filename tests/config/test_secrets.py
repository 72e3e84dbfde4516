import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.loader import load, parse
from appliance.config.options import Extensions, Secret
from appliance.config.settings import Settings
from appliance.errors import ConfigError

Problems = Callable[..., tuple[str, ...]]
Web = Callable[..., Any]
Read = Callable[..., Settings]

WEB = "destinations: {office: {backend: web, url: https://example.org, %s}}"


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "token").write_text("hunter22\n")
    return folder


def secrets_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


class TestSources:
    def test_a_credential_of_the_unit_without_its_last_line_end(self, web: Web, credentials: Path) -> None:
        options = web("token: !secret token", environment={"CREDENTIALS_DIRECTORY": str(credentials)})
        assert options.token == Secret("hunter22")
        assert options.token.reveal() == "hunter22"

    def test_a_credential_comes_before_the_file(self, read: Read, tmp_path: Path, credentials: Path) -> None:
        path = secrets_file(tmp_path, "token: other\nuser: 12345\n")
        settings = read(
            WEB % "token: !secret token, user: !secret user", {"CREDENTIALS_DIRECTORY": str(credentials)}, path
        )
        assert settings.destinations["office"].options.token.reveal() == "hunter22"
        assert settings.destinations["office"].options.user == "12345"

    def test_the_file_next_to_the_configuration(self, tmp_path: Path, extensions: Extensions) -> None:
        secrets_file(tmp_path, "token: hunter22\n")
        (tmp_path / "box.yaml").write_text(WEB % "token: !secret token")
        settings = load(tmp_path / "box.yaml", extensions, {})
        assert settings.destinations["office"].options.token.reveal() == "hunter22"

    def test_variables_and_secrets_for_options_of_any_type(self, web: Web, credentials: Path) -> None:
        (credentials / "tries").write_text("7")
        environment = {
            "CREDENTIALS_DIRECTORY": str(credentials),
            "PATIENCE": "90s",
            "YES": "yes",
            "CODE": "204",
            "TOKEN": "from-env",
        }
        options = web(
            "tries: !secret tries",
            "patience: {connect: !env PATIENCE}",
            "allow_http: !env YES",
            "expect: [!env CODE]",
            "headers: {A: !env TOKEN}",
            "user: !env CODE",
            environment=environment,
        )
        assert (options.tries, options.patience.connect, options.allow_http) == (7, 90, True)
        assert (options.expect, options.headers, options.user) == ((204,), {"A": Secret("from-env")}, "204")

    def test_a_secret_for_a_shorthand(self, read: Read) -> None:
        settings = read("panel: {buttons: {17: !env ACTION}}", {"ACTION": "record.mark"})
        assert settings.panel.buttons[17].press == "record.mark"


class TestProblems:
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o644])
    def test_a_secrets_file_that_others_may_open(self, problems: Problems, tmp_path: Path, mode: int) -> None:
        path = secrets_file(tmp_path, "token: hunter22\n", mode)
        (found,) = problems(WEB % "token: !secret token", None, path)
        assert f"{path}: others may open this file, and it holds secrets; run: chmod 600 {path}" in found

    def test_what_a_copy_brings_along_is_left_out_and_told_once(
        self, web: Web, credentials: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (credentials / "token").write_text(" hunter22 \r\n\n")
        environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
        options = web("token: !secret token", "user: !secret token", environment=environment)
        assert options.token.reveal() == options.user == "hunter22"
        [told] = caplog.messages
        assert "!secret token begins or ends with blanks" in told and "hunter22" not in told

    def test_nowhere(self, problems: Problems, tmp_path: Path) -> None:
        (found,) = problems(WEB % "token: !secret token", None, tmp_path / "secrets.yaml")
        assert found == (
            "box.yaml:1: destinations.office.token: found !secret token, expected a line `token: ...` in secrets.yaml "
            "next to this file, or a credential token of the systemd unit"
        )

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("token: [hunter22]", "secrets.yaml:1: token: expected text"),
            ("a: 1\nhunter22\n", "secrets.yaml:2: found a line without a colon"),
            ("token: 'hunter22", "secrets.yaml:1: a quote is opened here"),
            ("token: *hunter22", "secrets.yaml:1: an alias"),
            ("token: !hunter22 x", "secrets.yaml:1: token: unknown tag"),
            ("token: !hunter22!x y", "secrets.yaml:1: not valid YAML"),
            ("token: !env hunter22", "secrets.yaml:1: token: !env cannot be used in the secrets file"),
            ("token: hunter22\ntoken: hunter23", "secrets.yaml:2: token: found a second time"),
            ("- hunter22", "secrets.yaml:1: found a list"),
            ("", "secrets.yaml: the file is empty"),
            ("token: ''", "!secret token is empty, expected text"),
        ],
    )
    def test_a_secrets_file_that_cannot_be_used(
        self, problems: Problems, tmp_path: Path, text: str, words: str
    ) -> None:
        (found,) = problems(WEB % "token: !secret token", None, secrets_file(tmp_path, text))
        assert found.startswith("box.yaml:1: destinations.office.token: ")
        assert words in found
        assert "hunter" not in found

    def test_a_credential_that_is_not_text(self, problems: Problems, credentials: Path) -> None:
        (credentials / "token").write_bytes(b"\xff\xfe")
        (credentials / "nul").write_bytes(b"a\0b")
        (credentials / "folder").mkdir()
        found = problems(
            WEB % "token: !secret token, user: !secret nul, mode: !secret folder",
            {"CREDENTIALS_DIRECTORY": str(credentials)},
        )
        assert [
            words
            for problem, words in zip(found, ("not UTF-8", "not text", "a folder"), strict=True)
            if words in problem
        ]

    @pytest.mark.parametrize("name", ["../token", "..", "/etc/passwd", "a b", "", "hunter 22"])
    def test_a_name_never_leaves_the_folder(self, problems: Problems, credentials: Path, name: str) -> None:
        (found,) = problems(WEB % f"token: !secret '{name}'", {"CREDENTIALS_DIRECTORY": str(credentials / "x")})
        assert "!secret without a proper name" in found
        assert "hunter" not in found

    def test_a_variable_that_is_not_unicode(self, problems: Problems) -> None:
        (found,) = problems("device: {name: !env NAME}", {"NAME": "a\udcff"})
        assert "!env NAME is not text" in found


class TestNothingIsShown:
    LINES = (
        "tries: %s",
        "expect: %s",
        "expect: [%s]",
        "at: %s",
        "colour: %s",
        "mode: %s",
        "certificate: [%s]",
        "token: {a: %s}",
        "patience: %s",
        "patience: {connect: %s}",
        "retry: {min: %s}",
        "backend: %s",
        "limit: %s",
        "share: %s",
        "loud: %s",
        "names: %s",
        "url: %s",
    )

    @pytest.mark.parametrize("line", LINES)
    @pytest.mark.parametrize("tag", ["!env WORD", "!secret word"])
    @pytest.mark.parametrize("text", ["http:hunter22-and-more", 'http:it\'s \\ "quoted" é', "http:\nhunter"])
    def test_in_problems(self, extensions: Extensions, tmp_path: Path, line: str, tag: str, text: str) -> None:
        (tmp_path / "word").write_text(text)
        lines = ["backend: web", "url: https://example.org", line % tag]
        kept = {each.partition(":")[0]: each for each in lines}.values()
        environment = {"WORD": text, "CREDENTIALS_DIRECTORY": str(tmp_path)}
        with pytest.raises(ConfigError) as caught:
            parse(f"destinations: {{office: {{{', '.join(kept)}}}}}", "box.yaml", extensions, environment)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        for part in ("hunter", "quoted", "it's", "é"):
            assert part not in shown

    def test_of_text_written_where_a_secret_belongs(self, problems: Problems) -> None:
        for line in ("token: ab1", "token: 987654", "token: [hunter22]", "headers: {A: 987654}", "headers: [hunter22]"):
            for found in problems(WEB % line):
                assert not {"ab1", "987654", "hunter22"} & set(found.replace(":", " ").replace(",", " ").split())

    def test_in_what_is_printed(self, read: Read, credentials: Path) -> None:
        settings = read(
            WEB % "token: !secret token, user: !secret token, names: [!secret token], extra: {a: [!secret token]}",
            {"CREDENTIALS_DIRECTORY": str(credentials)},
        )
        options = settings.destinations["office"].options
        assert (options.user, options.names, options.extra) == ("hunter22", ["hunter22"], {"a": ["hunter22"]})
        assert "hunter22" not in repr(settings)
        assert "hunter22" not in repr(options.extra)
        assert "hunter22" not in f"{options.names} {options.token} {options.token!r}"

    @pytest.mark.slow
    @given(secret=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=6))
    def test_of_any_secret_that_a_check_quotes(self, extensions: Extensions, secret: str) -> None:
        text = WEB % "token: !env T, headers: {A: !env T}, allow_http: !env T"
        with pytest.raises(ConfigError) as caught:
            parse(text.replace("https://example.org", "!env U"), "b", extensions, {"T": "xyz", "U": f"http:{secret}"})
        said = str(caught.value).replace("office.url: '***' is not encrypted: add the line `allow_http: true`", "")
        assert secret not in said or secret in text


def test_without_libyaml_the_same_problems_are_found() -> None:
    program = """
import sys, yaml
del yaml.CSafeLoader
from appliance.config.loader import parse
from appliance.errors import ConfigError
for text in sys.argv[1:]:
    try:
        print(parse(text, "box.yaml", {}, {}).device.name)
    except ConfigError as error:
        print(str(error).split(": ")[0])
"""
    texts = [
        "device: {name: box}",
        "a:\n\tb: c",
        "a: [1",
        "a: 'b",
        "[" * 5000,
        "a: &a [*a]",
        "a: *hunter22",
        "a: !b!c d",
    ]
    run = subprocess.run(
        [sys.executable, "-c", program, *texts], capture_output=True, text=True, check=True, env={**os.environ}
    )
    lines = ["box.yaml:1"] * 8
    lines[0], lines[1] = "box", "box.yaml:2"
    assert run.stdout.splitlines() == lines
