"""Build the test card: `build(DIRECTORY)`, or `python3 build.py DIRECTORY` which prints the path of the asound.conf.

With ALSA_CONFIG_PATH set to that path, `testcard:FOLDER` is a sound card whose files live in FOLDER (`testcard` alone:
in DIRECTORY) and `testcard:FOLDER,PPM` one whose crystal runs PPM parts per million too fast. See `testcard.c`, and
`testmixer.c` for its mixer.
"""

import subprocess
import sys
from pathlib import Path

_SOURCES = {kind: Path(__file__).with_name(f"{name}.c") for kind, name in (("pcm", "testcard"), ("ctl", "testmixer"))}
_ASOUND_CONF = """\
pcm_type.testcard.lib "{pcm}"
ctl_type.testcard.lib "{ctl}"
pcm.testcard {{
    @args [ FOLDER PPM ]
    @args.FOLDER {{ type string default "{directory}" }}
    @args.PPM {{ type integer default 0 }}
    type testcard
    directory $FOLDER
    ppm $PPM
}}
ctl.testcard {{
    @args [ FOLDER PPM ]
    @args.FOLDER {{ type string default "{directory}" }}
    @args.PPM {{ type integer default 0 }}
    type testcard
    directory $FOLDER
}}
"""


def build(directory: Path) -> Path:
    """Compile the test card into `directory` and write the asound.conf that names it. RuntimeError says what lacks."""
    libraries = {kind: directory.resolve() / f"libasound_module_{kind}_testcard.so" for kind in _SOURCES}
    for kind, source in _SOURCES.items():
        _compile(source, libraries[kind])
    configuration = directory.resolve() / "asound.conf"
    configuration.write_text(_ASOUND_CONF.format(**libraries, directory=directory.resolve()))
    return configuration


def _compile(source: Path, library: Path) -> None:
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-DPIC"]
    try:
        subprocess.run(
            [*command, "-o", library, source, "-lasound"], check=True, capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError as error:
        raise RuntimeError("the test card needs a compiler: apt install gcc libasound2-dev") from error
    except subprocess.CalledProcessError as error:
        hint = "apt install libasound2-dev" if "alsa/asoundlib.h" in error.stderr else error.stderr
        raise RuntimeError(f"the test card does not compile: {hint}") from error


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(build(target))
