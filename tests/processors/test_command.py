"""Real programs look at clips."""

import os
import re
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from appliance_command.options import CommandOptions
from appliance_command.program import Program
from attrs import evolve

from appliance.config.loader import parse
from appliance.errors import Cancelled, NotFound, Permanent
from appliance.plugin import BackendContext, ProcessorJob, Seconds
from appliance.plugin.kinds import PROCESSOR
from appliance.plugin_host import PluginHost
from tests.metadata.test_inside import CLIP


@pytest.fixture
def job(tmp_path: Path) -> ProcessorJob:
    path = tmp_path / "clip.wav"
    path.write_text("the sound")
    return ProcessorJob(CLIP, path)


def test_the_processor_of_the_page_is_one(job: ProcessorJob) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/processors.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    written = ModuleType("length")
    exec(example, vars(written))
    host = PluginHost([("length", lambda: written)])
    host.discover()
    settings = parse("processors: {length: {processor: length}}", "config.yaml", host.extensions, {})
    context = BackendContext("length", "box", job.path.parent)
    built = host.begin(PROCESSOR, "length", settings.processors["length"], context)()
    assert built.process(job) == "1.0 seconds in clip.wav"


def script(code: str, *arguments: str, **options: Any) -> Program:
    return Program(CommandOptions((sys.executable, "-c", code, *arguments), **options))


def test_what_it_prints_is_the_text(job: ProcessorJob) -> None:
    code = "import sys; print(open(sys.argv[1]).read(), sys.argv[2:])"
    assert script(code, "{file}", "{id}", "{name}").process(job) == f"the sound ['{CLIP.id}', '{CLIP.name}']"


def test_what_it_leaves_in_a_file_is_the_text(job: ProcessorJob) -> None:
    code = "import sys, os; open('out.txt', 'w').write('Grüße'); assert os.getcwd() == sys.argv[1]; print('noise')"
    assert script(code, "{folder}", output="out.txt").process(job) == "Grüße"
    with pytest.raises(Permanent, match=r"left no file other\.txt"):
        script("pass", output="other.txt").process(job)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "code",
    [
        "os.mkfifo('out.txt')",
        "os.symlink('/dev/zero', 'out.txt')",
        "os.symlink(sys.argv[1], 'out.txt')",
        "os.mkdir('out.txt')",
    ],
)
def test_what_it_leaves_must_be_a_file(job: ProcessorJob, code: str) -> None:
    with pytest.raises(Permanent, match=r"left no file out\.txt"):
        script(f"import os, sys; {code}", "{file}", output="out.txt").process(job)


def test_it_may_remove_its_folder(job: ProcessorJob) -> None:
    code = "import shutil, sys; print('found', flush=True); shutil.rmtree(sys.argv[1]); sys.exit(int(sys.argv[2]))"
    assert script(code, "{folder}", "0").process(job) == "found"
    with pytest.raises(Permanent, match="ended with 3"):
        script(code, "{folder}", "3").process(job)


def test_why_it_failed_is_told(job: ProcessorJob) -> None:
    with pytest.raises(Permanent, match=r"ended with 3 and says: no model"):
        script("import sys; print('no model', file=sys.stderr); sys.exit(3)").process(job)
    with pytest.raises(Permanent, match="is not there: install it"):
        Program(CommandOptions(("surely-not-installed",))).process(job)


def test_of_all_that_a_failed_program_said_only_the_end_is_read(job: ProcessorJob) -> None:
    code = "import sys; sys.stderr.write('noise' * 4_000_000 + '\\nno model'); sys.exit(3)"
    tracemalloc.start()
    try:
        with pytest.raises(Permanent, match="says: no model"):
            script(code).process(job)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_one_that_takes_too_long_is_ended_with_its_children(job: ProcessorJob, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '100']);"
        "open(sys.argv[1], 'w').write(str(p.pid)); time.sleep(100)"
    )
    program = script(code, str(pid), timeout=Seconds(1.0))
    with pytest.raises(Permanent, match="took longer than 1 s"):
        program.process(job)
    if pid.exists():  # a machine under load may not have come so far
        limit = time.monotonic() + 10
        while is_running(int(pid.read_text())):  # it was sent the signal, and dies when the kernel gets to it
            assert time.monotonic() < limit
            time.sleep(0.01)


@pytest.mark.parametrize(
    "code",
    [
        "while True: sys.stdout.write('x' * 100_000)",
        "while True: sys.stderr.write('x' * 100_000)",
        "for n in range(100): open(str(n), 'w').write('x' * 500_000)\ntime.sleep(100)",
        "subprocess.run(['cat', '/dev/zero'], stdout=open('zeros', 'w')); time.sleep(100)",
        "signal.signal(signal.SIGXFSZ, signal.SIG_DFL); os.write(1, b'x' * (1 << 24))",
    ],
    ids=["prints", "complains", "many files", "a child", "at once"],
)
def test_one_that_writes_without_end_is_ended(job: ProcessorJob, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr("appliance_command.program._ROOM", 1 << 20)
    with pytest.raises(Permanent, match=r"wrote more than 1 MB and was ended"):
        script(f"import os, signal, subprocess, sys, time\n{code}", timeout=Seconds(60.0)).process(job)


def test_nothing_runs_on_for_a_clip_that_is_gone(job: ProcessorJob, tmp_path: Path) -> None:
    job.path.unlink()
    ran = tmp_path / "ran"
    with pytest.raises(NotFound, match=r"clip\.wav cannot be read: No such file"):
        script("import sys, time; open(sys.argv[1], 'w'); time.sleep(5)", str(ran)).process(job)
    time.sleep(0.5)
    assert not ran.exists()


def test_it_is_ended_where_somebody_wants_to_record(job: ProcessorJob) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        script("import time; time.sleep(100)").process(evolve(job, cancelled=cancelled.is_set))


def test_it_goes_before_the_recorder_where_memory_is_short(job: ProcessorJob) -> None:
    code = "while (score := open('/proc/self/oom_score_adj').read().strip()) != '500': pass\nprint(score)"
    assert script(code, timeout=Seconds(20.0)).process(job) == "500"


def test_it_stays_out_of_the_way_and_gets_no_secrets(job: ProcessorJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_TOKEN", "secret")
    assert script("import os; print(os.nice(0), 'UPLOAD_TOKEN' in os.environ)").process(job) == "19 False"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"run": ()}, "no program"),
        ({"run": ("x", "{flie}")}, "the words are"),
        ({"run": ("x",), "output": "../x"}, "without a path"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CommandOptions(**options)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z" and os.getpgid(pid) >= 0
    except OSError:
        return False
