"""Build the test card: `build(DIRECTORY)`, or `python3 build.py DIRECTORY` which prints the path of the asound.conf.

With ALSA_CONFIG_PATH set to that path, `testcard:FOLDER` is a sound card whose files live in FOLDER (`testcard` alone:
in DIRECTORY) and `testcard:FOLDER,PPM` one whose crystal runs PPM parts per million too fast. See `testcard.c`.
"""

import subprocess
import sys
from pathlib import Path

_SOURCE = Path(__file__).with_name("testcard.c")
_ASOUND_CONF = """\
pcm_type.testcard.lib "{library}"
pcm.testcard {{
    @args [ FOLDER PPM ]
    @args.FOLDER {{ type string default "{directory}" }}
    @args.PPM {{ type integer default 0 }}
    type testcard
    directory $FOLDER
    ppm $PPM
}}
"""


def build(directory: Path) -> Path:
    """Compile the test card into `directory` and write the asound.conf that names it. RuntimeError says what lacks."""
    library = directory.resolve() / "libasound_module_pcm_testcard.so"
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-DPIC"]
    try:
        subprocess.run(
            [*command, "-o", library, _SOURCE, "-lasound"], check=True, capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError as error:
        raise RuntimeError("the test card needs a compiler: apt install gcc libasound2-dev") from error
    except subprocess.CalledProcessError as error:
        hint = "apt install libasound2-dev" if "alsa/asoundlib.h" in error.stderr else error.stderr
        raise RuntimeError(f"the test card does not compile: {hint}") from error
    configuration = directory.resolve() / "asound.conf"
    configuration.write_text(_ASOUND_CONF.format(library=library, directory=directory.resolve()))
    return configuration


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(build(target))
