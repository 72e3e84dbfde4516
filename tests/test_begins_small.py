"""A box pays at its start for what it has: what this configuration does not name is not imported, nor made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

AT_READY = """
import json, os, runpy, sys
from pathlib import Path
from appliance import sdnotify

def notify(state):
    if state.startswith("READY=1"):
        own = [vars(module) for name, module in sys.modules.items() if name.startswith("appliance")]
        kinds = {each for names in own for each in names.values() if isinstance(each, type)}
        made = [each.__qualname__ for each in kinds if isinstance(vars(each).get("__attrs_attrs__"), tuple)]
        files = {name: str(getattr(each, "__file__", "")) for name, each in sys.modules.items()}
        installed = [name for name, file in files.items() if "site-packages" in file]
        told = {"modules": sorted(sys.modules), "made": made, "installed": installed}
        Path(os.environ["TOLD"]).write_text(json.dumps(told))
        os._exit(0)

sdnotify.notify = notify
runpy.run_module("appliance", run_name="__main__")
"""

CONFIG = """
panel: {{buttons: {{17: record.toggle}}, leds: {{18: status}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
  office: {{backend: http, url: "http://127.0.0.1:9/upload"}}
"""

OWN = 347
"""Modules of the appliance and its plugins, at most. Rather than raise it, import a part where its section is."""

MADE = 98
"""Classes of values that have been made, at most."""

LIBRARIES = {
    "alsaaudio",
    "attr",
    "attrs",
    "cattrs",
    "click",
    "colorzero",
    "gpiozero",
    "numpy",
    "pluggy",
    "typing_extensions",
    "yaml",
}

LATER = {
    "appliance.delivery.live",
    "appliance.delivery.verify",
    "appliance.delivery.withdrawal",
    "appliance.doctor",
    "appliance.editing",
    "appliance.flow.bell",
    "appliance.narration",
    "appliance.page",
    "appliance.panel.dialling",
    "appliance.panel.scanning",
    "appliance.processors",
    "appliance.renditions.encode",
    "appliance.renditions.encrypt",
    "appliance.schedules.windows",
    "appliance.testing",
    "appliance.triggers",
    "difflib",
    "email",
    "gpiozero.boards",
    "hashlib",
    "importlib.metadata",
    "ssl",
    "statistics",
    "subprocess",
    "tempfile",
    "wave",
    "zipfile",
}
"""What belongs to sections and calls that this box does not have, and what libraries bring along for those."""


@pytest.mark.slow
def test_a_box_imports_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.format(root=tmp_path))
    words = ["run", "--simulate", "all", "--config", str(tmp_path / "config.yaml")]
    run = subprocess.run(
        [sys.executable, "-c", AT_READY, *words],
        env={"TOLD": str(tmp_path / "told")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads((tmp_path / "told").read_text())
    modules = set(told["modules"])
    own = {name for name in modules if name.split(".")[0].startswith("appliance")}
    assert modules & LATER == set()
    assert len(own) <= OWN, f"{len(own)} modules of our own"
    assert {name.split(".")[0] for name in told["installed"] if not name.startswith("_")} <= LIBRARIES
    assert len(told["made"]) <= MADE, f"{len(told['made'])} classes made: {told['made']}"
