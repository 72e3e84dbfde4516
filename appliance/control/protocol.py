"""The lines on the control socket: JSON-RPC 2.0, one object a line, errors carried over as what they are.

A call is answered by one response with its id. A method that streams (`events`, `doctor`) is answered by notifications
of the method `event` until one side hangs up, or a response says that nothing more comes. An ApplianceError travels as
code -32000, or -32602 where an argument does not fit, with its class name in `data`. An error with the id null is about
the connection as a whole, which ends with it.
"""

import json
from collections.abc import Callable
from typing import Any

from appliance import errors
from appliance.redact import redact

VERSION = "2.0"
MAX_LINE = 1 << 18
"""Longest line in bytes that the daemon reads. Its answers may be longer: a list of many thousand clips is one line."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
APPLIANCE_ERROR = -32000


def encode(message: dict[str, Any], plain: Callable[[Any], object] | None = None) -> bytes:
    """One line. What is no UTF-8 in the name of a file travels as the escape that JSON has for it.

    `plain` makes something that JSON has of what it has not, such as a value object.
    """
    text = json.dumps({"jsonrpc": VERSION, **message}, ensure_ascii=False, default=plain)
    return text.encode(errors="backslashreplace") + b"\n"


def response(id: object, result: object, plain: Callable[[Any], object] | None = None) -> bytes:
    """The answer to the call `id`; `plain` as `encode` wants it."""
    return encode({"id": id, "result": result}, plain)


def failure(id: object, code: int, message: str, data: object = None) -> bytes:
    """The answer to a call that went wrong."""
    return encode({"id": id, "error": {"code": code, "message": message, "data": data}})


def error_response(id: object, error: errors.ApplianceError) -> bytes:
    """The answer to a call that ended with one of our errors."""
    return failure(id, APPLIANCE_ERROR, redact(str(error)), {"type": type(error).__name__})


def notification(params: object, plain: Callable[[Any], object] | None = None) -> bytes:
    """One item of a stream; `plain` as `encode` wants it."""
    return encode({"method": "event", "params": params}, plain)


def message(line: bytes) -> dict[str, Any] | None:
    """The response or notification in a line; None where it is neither."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("jsonrpc") != VERSION:
        return None
    if found.get("method") == "event":
        fits = isinstance(found.get("params"), dict)
    else:
        fits = isinstance(found["error"], dict) if "error" in found else "result" in found
    return found if fits else None


def to_error(error: dict[str, Any]) -> errors.ApplianceError:
    """The error that a response speaks of, as the class it was on the other side."""
    data = error.get("data")
    name = data.get("type") if isinstance(data, dict) else ""
    return errors.named(str(name), str(error.get("message", "unknown error")))
