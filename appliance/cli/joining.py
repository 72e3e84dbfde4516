"""`appliance clips join`: the parts of a recording as one file."""

from pathlib import Path

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import Progress, json_option, say, say_json
from appliance.phrases import counted, duration, size


@click.command("join")
@click.argument("clip")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="The WAV file.")
@json_option
@pass_remote
def join_(remote: Remote, clip: str, target: Path, as_json: bool) -> None:
    """Join all parts of the recording that CLIP belongs to, every frame in order, to one WAV file."""
    from appliance.cli.join import join

    parts = remote.call("clips.parts", clip=clip)
    with Progress() as progress:
        frames = join(parts, target, lambda done, whole: progress.tell(f"{size(done)} of {size(whole)}"))
    if as_json:
        say_json({"parts": len(parts), "frames": frames, "file": str(target)})
    else:
        length = duration(frames / parts[0]["clip"]["format"]["rate"])
        say(f"{counted(len(parts), 'part')} joined to {target}, {length}")
