"""Finds the checksum in a server's answer and compares it with that of the file."""

import base64
from collections.abc import Mapping

from appliance.plugin import Permanent
from appliance_upload_http.answer import pointed
from appliance_upload_http.options import Algorithm, Proof


class NoProof(Exception):
    """The answer holds no checksum; the message says where it should be."""


def check_proof(proof: Proof, headers: Mapping[str, str], body: bytes, checksum: str) -> None:
    """Raise Permanent where the answer names another checksum than `checksum` (lower-case hex), NoProof where none.

    Hex and base64 are taken, quoted or not (as in ETag), also as a member of a digest field (`sha-256=:...:`, RFC
    9530). A wrong one is for a person: sending again would make another wrong copy.
    """
    place = f"the header {proof.header}" if proof.header else f"{proof.json_pointer!r} in the body"
    found = headers.get(proof.header, "") if proof.header else pointed(body, proof.json_pointer or "")
    if not isinstance(found, str) or not found.strip():
        raise NoProof(place)
    if not _matches(found, proof.algorithm, checksum):
        raise Permanent(
            f"the server stored other bytes than were sent: {place} is {found.strip()[:100]!r}, the file's "
            f"{proof.algorithm} is {checksum}. Look at what it stored, and whether it converts files"
        )


def _matches(found: str, algorithm: Algorithm, checksum: str) -> bool:
    encoded = base64.b64encode(bytes.fromhex(checksum)).decode()
    field = {Algorithm.SHA256: "sha-256", Algorithm.MD5: "md5"}[algorithm]
    for member in found.split(","):
        plain = member.strip().removeprefix("W/").strip('"')
        name, _, value = plain.partition("=")
        if plain.lower() == checksum or plain == encoded or (name.lower() == field and value.strip(":") == encoded):
            return True
    return False
