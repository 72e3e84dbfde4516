"""One file for whoever helps from afar: everything is in it, and no secret."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import NOTHING, evolve, fields

from appliance.config.loader import parse
from appliance.config.options import Secret, loaded
from appliance.config.settings import Settings
from appliance.config.shown import shown
from appliance.history import Happened
from appliance.plugin.kinds import KINDS, Kind
from appliance.plugin_host import PluginHost
from appliance.support import findings_in_words, texts, zipped

PLUGINS = PluginHost.installed()
PLUGINS.discover()

CONFIG = """\
device: {name: booth}
panel: {buttons: {17: {press: record.toggle, hold: record.discard}}, leds: {18: status}}
storage: {reserve: 45m, floor: 200MB}
destinations:
  office: {backend: http, url: "https://example.org/x", auth: {user: me, password: hunter2222}, rate_limit: 500kB}
services:
  phone: {service: telegram, token: "12:tOpS3cret-of-the-bot", chat: "1", tell: {quiet_hours: ["22:00-07:00"]}}
"""


def test_the_configuration_is_shown_as_it_is_in_use_without_secrets() -> None:
    settings = parse(CONFIG, "test", PLUGINS.extensions, {})
    text = shown(settings)
    told = yaml.safe_load(text)
    assert told["device"]["name"] == "booth" and told["panel"]["buttons"][17]["press"] == "record.toggle"
    assert told["storage"]["floor"] == "200MB"
    assert told["storage"]["reserve"] == "45m" and told["destinations"]["office"]["rate_limit"] == "500kB"
    assert told["destinations"]["office"]["auth"] == {"bearer": None, "user": "me", "password": "***"}
    assert told["services"]["phone"]["token"] == "***"
    assert told["services"]["phone"]["tell"]["quiet_hours"] == ["22:00-07:00"]


def test_what_came_from_where_secrets_are_is_blotted_out_for_options_of_any_type(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("chat: '123456'\n")
    secrets.chmod(0o600)
    config = CONFIG.replace('chat: "1"', "chat: !secret chat")
    told = yaml.safe_load(shown(parse(config, "test", PLUGINS.extensions, {}, secrets)))
    assert told["services"]["phone"]["chat"] == "***"


SECRETS = [
    (kind, name, each.name)
    for kind in KINDS
    for name, brought in PLUGINS.types(kind).items()
    for each in fields(loaded(brought.options))
    if "Secret" in str(each.type)
]


def test_there_are_secrets_to_look_for() -> None:
    assert {name for _, name, _ in SECRETS} >= {"s3", "heartbeat", "telegram", "ntfy", "email", "webhook", "apprise"}


@pytest.mark.parametrize(("kind", "name", "option"), SECRETS)
def test_no_secret_of_any_plugin_is_shown(kind: Kind, name: str, option: str) -> None:
    options = loaded(PLUGINS.types(kind)[name].options)
    secret = Secret("tOpS3cret/of+mine")
    bare: object = object.__new__(options)
    for each in fields(options):
        value: object = getattr(each.default, "factory", lambda default=each.default: default)()
        if each.name == option:
            kinds = {"dict": {"X-Key": secret}, "tuple": (secret,)}
            value = next((given for word, given in kinds.items() if word in str(each.type)), secret)
        object.__setattr__(bare, each.name, None if value is NOTHING else value)
    common = kind.common(name)
    object.__setattr__(common, "options", bare)
    entry: dict[str, Any] = {kind.section: {"mine": common}}
    text = shown(evolve(Settings(), **entry))
    assert "tOpS3cret" not in text and "***" in text


def test_the_file_holds_everything_and_can_be_opened() -> None:
    status = {"device": "booth", "summary": "nothing is wrong"}
    parts = texts(Settings(), status, [Happened(0.0, "ApplianceReady", "ready")], devices=[{"name": "usb"}])
    finding = {"name": "microphone", "result": "fail", "words": "none is there", "next_step": "Plug one in"}
    parts["doctor.txt"] = findings_in_words([finding, {"prompt": "press the button"}])
    with zipfile.ZipFile(io.BytesIO(zipped(parts, 0.0))) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert found["support/summary.txt"] == "booth: nothing is wrong\n"
    assert found["support/history.txt"].endswith(" ready\n")
    assert json.loads(found["support/devices.json"]) == [{"name": "usb"}]
    assert found["support/doctor.txt"] == "fail microphone: none is there. Plug one in\n"
    assert "Python: 3." in found["support/versions.txt"] and "kernel: " in found["support/versions.txt"]
