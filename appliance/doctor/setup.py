"""The configuration and the plugins."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.audio.speech import PROGRAM, is_installed
from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Result, Step
from appliance.errors import ApplianceError, ConfigError
from appliance.foreign import words
from appliance.phrases import counted
from appliance.plugin.kinds import KINDS, SERVICE
from appliance.plugin_host import PluginState
from appliance.renditions.encrypt import AGE, encrypt


def configuration(box: Box) -> Iterator[Step]:
    """Whether the configuration on the disk is good, and the one in use."""
    try:
        settings = box.read()
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("configuration", Result.FAIL, problem, "Correct it, then run `appliance config reload`")
        return
    if settings != box.settings:
        said = "it was changed since the appliance has read it"
        yield Finding("configuration", Result.WARN, said, "Run `appliance config reload`")
        return
    panel = settings.panel
    counts = (
        *(counted(len(getattr(settings, kind.section)), kind.one) for kind in KINDS),
        counted(len(panel.buttons) + len(panel.switches), "button or switch", "buttons and switches"),
        counted(len(panel.leds), "LED"),
    )
    yield Finding("configuration", Result.PASS, ", ".join(counts))


def services(box: Box) -> Iterator[Step]:
    """Whether every service could be run as far as its settings go."""
    for name, wanted in box.settings.services.items():
        try:
            box.plugins.find(SERVICE, name, wanted)
        except ConfigError as error:
            yield Finding(f"service {name}", Result.FAIL, str(error))
        else:
            yield Finding(f"service {name}", Result.PASS, "its options are good; `appliance status` tells of faults")


def speech(box: Box) -> Iterator[Step]:
    """Whether there is something that speaks, where something is to be spoken."""
    settings = box.settings
    wanted = {
        "what prompts.announce wants is said before no message": bool(settings.prompts.announce),
        "no code of flow.booth.codes is spoken that has no files": settings.flow.booth.codes,
    }
    if not any(wanted.values()):
        return
    if is_installed():
        yield Finding("speech", Result.PASS, f"{PROGRAM} is installed")
        return
    missed = "; ".join(said for said, asked in wanted.items() if asked)
    yield Finding("speech", Result.WARN, f"{PROGRAM} is not installed: {missed}", f"`sudo apt install {PROGRAM}`")


def encryption(box: Box) -> Iterator[Step]:
    """Whether `age` makes, for each key that clips are encrypted to, what only that key can open."""
    keys = box.settings.storage.encrypt_to
    if not keys:
        return
    if shutil.which(AGE) is None:
        missed = "clips wait to be encrypted"
        yield Finding("encryption", Result.FAIL, f"{AGE} is not installed: {missed}", f"`sudo apt install {AGE}`")
        return
    refused = False
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample"
        sample.write_bytes(b"sound")
        for key in keys:
            try:
                encrypt(sample, sample.with_suffix(".age"), (key,), lambda: None)
            except ApplianceError as error:
                refused, said = True, f"nothing can be encrypted for {key}: {words(error)}"
                next_step = "Copy that public key into `storage.encrypt_to` again, as `age-keygen -y` prints it"
                yield Finding("encryption", Result.FAIL, said, next_step)
    if not refused:
        yield Finding("encryption", Result.PASS, f"{AGE} encrypts for {counted(len(keys), 'key')}")


def plugins(box: Box) -> Iterator[Step]:
    """Whether every plugin works."""
    statuses = box.plugins.statuses()
    for status in statuses:
        if status.state is PluginState.BROKEN:
            yield Finding("plugins", Result.FAIL, f"plugin {status.name} {status.message}")
    names = {state: [each.name for each in statuses if each.state is state] for state in PluginState}
    disabled = f"; disabled: {', '.join(names[PluginState.DISABLED])}" if names[PluginState.DISABLED] else ""
    if not names[PluginState.BROKEN]:
        yield Finding("plugins", Result.PASS, f"{', '.join(names[PluginState.ACTIVE]) or 'none'}{disabled}")
