"""Whether an answer that says 2xx comes from a server that stored the file, and what any other means."""

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any

from appliance_http.statuses import excerpt

from appliance.plugin import Permanent
from appliance_upload_http.options import Success

ANSWERS = {
    400: "it does not understand the form. Check field, fields and file_name",
    401: "it does not accept the credentials. Check auth and headers",
    403: "it forbids the upload. Check auth and headers, and the rights of that user",
    404: "nothing takes uploads there. Check url",
    405: "it takes no such request there. Check url and method",
    407: "the proxy wants credentials. Put them into HTTPS_PROXY",
    409: "it has something else in that place. Look at it, and at file_name and fields",
    410: "the place is gone for good. Set url to where it is now",
    413: "the file is too large for it. Raise its limit (nginx: client_max_body_size), or set deliver_as: flac or opus",
    415: "it does not take this kind of file. Set deliver_as to one that it takes",
    422: "it does not accept the form. Check field, fields and file_name",
    429: "it wants to be asked less often",
    503: "it is busy or down",
    507: "it is full",
}
"""What a person should do where a server answers so, by its status."""

_CLAIMS = ("success", "successful", "ok")
_NO = ("false", "no", "0", "none", "null", "")
_STATES = ("status", "state", "result")
_BAD = ("error", "fail", "failed", "failure", "denied", "refused", "rejected", "invalid")
"""What programs write into a JSON object to say that they failed, in spite of their 200."""

_COMPLAINT = re.compile(
    rb"\s*(<br ?/?>\s*)?(<b>)?(PHP )?(error|fail(ed|ure)?|warning|fatal error|parse error|exception|traceback)\b", re.I
)
"""How text begins that a program prints in place of its answer."""

_MULTI_STATUS = 207
_REFUSED = re.compile(rb"HTTP/\d\S* [45]\d\d")
"""A part of what a WebDAV server did not do (RFC 4918, section 13)."""


def check_answer(wanted: Success, headers: Mapping[str, str], body: bytes, host: str, status: int) -> None:
    """Raise Permanent unless the answer holds what `wanted` names.

    Where it names nothing, a web page and JSON that speaks of failure are no success: login pages of public networks,
    and programs that print their errors, come with the status 200.
    """
    if wanted.wanted:
        if not _holds(wanted, headers, body):
            raise Permanent(f"{host} answers without {wanted}, which the option success asks for{_said(headers, body)}")
    elif is_page(headers, body):
        raise Permanent(
            f"{host} answers with a web page: that may be the login page of this network, or an error. If its page "
            "means that the file arrived, set success: {text: ...} to words that only this page holds"
        )
    elif _speaks_of_failure(status, body):
        raise Permanent(f"{host} answers {status} and that it failed{_said(headers, body)}. Look at the server")


def pointed(body: bytes, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points at; None where the body is no JSON or holds nothing there."""
    try:
        value = json.loads(body)
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return value


def _holds(wanted: Success, headers: Mapping[str, str], body: bytes) -> bool:
    found: Any = body.decode("utf-8", errors="replace")
    if wanted.header:
        found = headers.get(wanted.header)
    elif wanted.json_pointer is not None:
        found = pointed(body, wanted.json_pointer)
    if wanted.text:
        return found is not None and wanted.text in (found if isinstance(found, str) else json.dumps(found))
    return bool(found)


def is_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether it is a web page, made for people."""
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    start = body.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    return start == b"<" and (kind in ("text/html", "application/xhtml+xml", "") or b"<html" in body[:1000].lower())


def _speaks_of_failure(status: int, body: bytes) -> bool:
    said = pointed(body, "")
    if not isinstance(said, dict):
        return bool(_COMPLAINT.match(body) or (status == _MULTI_STATUS and _REFUSED.search(body)))
    claims = (said[word] for word in _CLAIMS if word in said)
    states = (said[word] for word in _STATES if word in said)
    return (
        any(str(value).lower() in _NO for value in claims)
        or any(_is_bad(value) for value in states)
        or bool(said.get("error") or said.get("errors"))
    )


def _is_bad(state: Any) -> bool:
    """Whether it is a word of failure, or a status of HTTP that is one."""
    return str(state).lower() in _BAD or (type(state) is int and 400 <= state < 600)


def _said(headers: Mapping[str, str], body: bytes) -> str:
    said = excerpt(headers, body)
    return f' (it says "{said}")' if said else ""
