"""`appliance support`: one file for whoever helps from afar."""

import time
from pathlib import Path

import click

from appliance.cli.remote import PATH, Remote, pass_remote
from appliance.cli.terminal import say
from appliance.durable import write_file
from appliance.errors import StorageError, UsageError


@click.command()
@click.argument("file", type=PATH, default=Path("appliance-support.zip"))
@pass_remote
def support(remote: Remote, file: Path) -> None:
    """Put everything that somebody who helps from afar has to know into one FILE, a ZIP.

    That is how the box is, its configuration without secrets, what happened lately, versions, what the doctor finds,
    and the journal, as far as whoever asks may read it. Look into it before you send it: names of clips and
    destinations are in there.
    """
    from zipfile import is_zipfile

    from appliance.support import findings_in_words, journal, zipped

    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is no file: choose another name")
    if file.exists() and not is_zipfile(file):
        raise UsageError(f"{file} is there already, and is no ZIP: choose another file")
    parts = remote.call("support")
    parts["doctor.txt"] = findings_in_words(remote.stream("doctor"))
    parts["journal.txt"] = journal()
    try:
        write_file(file, zipped(parts, time.time()), mode=0o600)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error
    say(f"{file}: {', '.join(sorted(parts))}")
