"""What lies behind an error of an HTTP library: the network and the server, which may be well again by themselves."""

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator

SILENT = "went silent: no answer, and no byte accepted, for as long as its timeout allows"
CUT = "broke off in the middle of its answer"

_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"}


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it wraps, outermost first. urllib3 hides causes in `args` and `reason`."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def passing(cause: BaseException) -> str:
    """Words for a failure of the network or the server that may pass, to follow its name; empty for any other."""
    if isinstance(cause, socket.gaierror):
        return "is not known to the name server: is the network up, and the name right?"
    if isinstance(cause, ConnectionRefusedError):
        return "refuses the connection: nothing listens there now. Is the server up, and the port right?"
    if isinstance(cause, OSError) and cause.errno in _NO_WAY:
        return "cannot be reached: there is no way there now. Is the network up?"
    if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
        return "speaks no TLS there: is the port right, or does it want http?"
    if isinstance(cause, http.client.RemoteDisconnected):
        return "closed the connection without an answer"
    if isinstance(cause, http.client.BadStatusLine) and not "HTTP/".startswith(str(cause)[:5]):
        return "answers in something else than HTTP: is the port right? Else maybe this network has a login page"
    if isinstance(cause, http.client.IncompleteRead):
        return CUT
    if isinstance(cause, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return "broke the connection"
    if isinstance(cause, TimeoutError):
        return SILENT
    return ""
