"""`appliance clips withdraw`: delete by its code what somebody has told."""

import click

from appliance.cli.remote import Remote, pass_remote
from appliance.cli.terminal import json_option, say, say_json
from appliance.errors import DeliveryError


@click.command()
@click.argument("code")
@json_option
@pass_remote
def withdraw(remote: Remote, code: str, as_json: bool) -> None:
    """Delete what was told in a booth, by its CODE: here, and at each destination that can delete.

    A proof is kept on the box. Fails where a copy may be left; say it again once that destination answers.
    """
    proof = remote.call("clips.withdraw", code=code)
    if as_json:
        say_json(proof)
    else:
        say(f"clip {proof['name']} is deleted here")
        for copy in proof["copies"]:
            words = "deleted" if copy["outcome"] == "deleted" else copy["message"]
            say(f"{copy['destination']}: {copy['remote_name']}: {words}")
    if any(copy["outcome"] != "deleted" for copy in proof["copies"]):
        raise DeliveryError("not every copy is deleted")
