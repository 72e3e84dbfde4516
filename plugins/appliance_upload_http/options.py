"""The options of the backend `http`, each checked as far as it can be without the server."""

from enum import StrEnum
from typing import Any

from appliance_http.options import Timeouts, Tls, headers_validator
from attrs import frozen
from attrs.validators import in_

from appliance.plugin import Secret, check_headers, check_url, option
from appliance_upload_http.templates import WORDS, check_template

SEE_OTHER = frozenset({302, 303})
"""Redirects by which a program says where its answer to a form is (RFC 9110, 15.4.3 and 15.4.4)."""


class Algorithm(StrEnum):
    """A checksum that servers compute."""

    SHA256 = "sha256"
    MD5 = "md5"


class Digest(StrEnum):
    """The checksum that goes along with the file, as a header of its part of the form.

    There it is about the file; as a header of the request it would be about the whole form. Receivers ignore headers of
    parts that they do not know (RFC 7578, 4.8).
    """

    REPR_DIGEST = "repr-digest"
    CONTENT_MD5 = "content-md5"
    NONE = "none"


def _auth(options: Any, _: Any, auth: "Auth") -> None:
    if auth.bearer is not None and (auth.user or auth.password is not None):
        raise ValueError("auth holds both a bearer token and a user: keep one")
    if auth.password is not None and not auth.user:
        raise ValueError("auth holds a password but no user")
    if auth.bearer is not None:
        try:
            check_headers({"Authorization": auth.bearer})
        except ValueError as error:
            raise ValueError(
                "the token auth.bearer holds characters that a header cannot carry, as dashes and quotation marks have "
                "that were copied from a web page: copy it anew"
            ) from error
    if (auth.bearer is not None or auth.user) and "authorization" in {name.lower() for name in options.headers}:
        raise ValueError("both auth and the header Authorization are set: keep one")


def _one_place(_: Any, attribute: Any, place: "Proof | Success") -> None:
    if place.header and place.json_pointer is not None:
        raise ValueError(f"{attribute.name} names both a header and a JSON pointer: keep one")
    if place.json_pointer and not place.json_pointer.startswith("/"):
        raise ValueError(f"{place.json_pointer!r} is not a JSON pointer (RFC 6901): it begins with /")


def _beside(options: Any, _: Any, sidecar: bool) -> None:
    if sidecar and options.method != "PUT":
        raise ValueError(
            'a form is one request and has nothing beside it: set fields: {metadata: "{metadata}"} instead, '
            "or method: PUT"
        )


def _url(options: Any, _: Any, url: str) -> None:
    check_template(url)
    check_url(url, allow_http=options.allow_http)


def _template(_: Any, __: Any, text: str) -> None:
    check_template(text)


def _fields(_: Any, __: Any, fields: dict[str, str]) -> None:
    for text in fields.values():
        check_template(text)


def _expect(_: Any, __: Any, statuses: tuple[int, ...]) -> None:
    for status in statuses:
        if not 200 <= status <= 599 or (300 <= status <= 399 and status not in SEE_OTHER):
            raise ValueError(f"{status} is no status that can mean that the file arrived: 200..299, 302, 303, 400..599")


@frozen
class Auth:
    """How the box says who it is. A key in a header of its own goes into `headers`."""

    bearer: Secret | None = option(None, "Token for `Authorization: Bearer`.", example="!secret upload_token")
    user: str = option("", "User for HTTP basic authentication.")
    password: Secret | None = option(None, "Password of that user.", example="!secret upload_password")


@frozen
class Proof:
    """Where the server's answer holds the checksum of what it stored. Without it a delivery is accepted, not proved."""

    header: str = option("", "Header of the answer that holds it.", example="X-Content-SHA256")
    json_pointer: str | None = option(None, "JSON pointer (RFC 6901) into the answer's body.", example="/file/sha256")
    algorithm: Algorithm = option(Algorithm.SHA256, "Which checksum it is: `sha256` or `md5`; hex or base64.")

    @property
    def wanted(self) -> bool:
        """Whether the server is to prove anything."""
        return bool(self.header) or self.json_pointer is not None


@frozen
class Success:
    """What the answer holds where the server stored the file. By default: no web page, and no JSON that says it failed.

    With `text`, that text in the header, at the pointer or anywhere in the body; without, the header or the value is
    there, and not empty or false.
    """

    header: str = option("", "Header of the answer to look at.", example="X-Stored")
    json_pointer: str | None = option(None, "JSON pointer (RFC 6901) into the answer's body.", example="/success")
    text: str = option("", "What must stand there, or anywhere in the body.", example="Thank you")

    @property
    def wanted(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.header or self.text) or self.json_pointer is not None

    def __str__(self) -> str:
        where = f"the header {self.header}" if self.header else f"a value at {self.json_pointer!r}"
        if not self.text:
            return where
        return repr(self.text) if not self.header and self.json_pointer is None else f"{self.text!r} in {where}"


@frozen
class HttpOptions:
    """A place on a web server that takes a file."""

    url: str = option(
        help="Where the clip is sent; words in braces as in `file_name`.",
        check=_url,
        example="https://example.org/upload",
    )
    method: str = option(
        "POST",
        "`POST` or `PATCH` send a form, `PUT` the file itself (WebDAV): `url` is then its folder, unless words in it "
        "tell clips apart.",
        check=in_(("POST", "PUT", "PATCH")),
    )
    sidecar: bool = option(
        False,
        "With `PUT`: put a JSON file beside each clip, with everything that is known of it, at the same place with "
        "`.json` for an ending. It comes after the sound. A form has a field with `{metadata}` instead.",
        check=_beside,
    )
    field: str = option("file", "Name of the form field that holds the file.")
    file_name: str = option(
        "{file_name}", f"Name of the file. Words: {', '.join(WORDS)}, fields.NAME.", check=_template
    )
    fields: dict[str, str] = option(
        dict,
        "Other form fields, sent before the file; same words.",
        check=_fields,
        example='{box: "{device}", sha256: "{sha256}"}',
    )
    headers: dict[str, Secret] = option(
        dict, "Headers of the request.", check=headers_validator, example="{X-Api-Key: !secret upload_key}"
    )
    auth: Auth = option(Auth, "Credentials.", check=_auth)
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")
    tls: Tls = option(Tls, "Certificates.")
    timeouts: Timeouts = option(Timeouts, "Patience.")
    expect: tuple[int, ...] = option(
        (),
        "Statuses that mean success. Default: any 2xx, and 302 or 303 where they lead to an answer that is one.",
        check=_expect,
    )
    success: Success = option(Success, "What the answer must hold.", check=_one_place)
    proof: Proof = option(Proof, "How the server proves what it stored.", check=_one_place)
    digest: Digest = option(
        Digest.REPR_DIGEST,
        "Checksum sent as a header of the file's part: `repr-digest` (RFC 9530, SHA-256), `content-md5` (RFC 1864; "
        "reads the file once more) or `none`. Servers that cannot see such headers take the field `{sha256}`.",
    )
