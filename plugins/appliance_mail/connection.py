"""Encryption of a connection to a mail server, and what its failures mean."""

import socket
import ssl
from collections.abc import Callable

from appliance_http.errors import translate
from appliance_http.options import Tls

from appliance.plugin import Permanent, Transient


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Whom to trust, and who we are. Raises Permanent where the files cannot be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key, password="")
    except OSError as error:
        raise Permanent(f"the files in the section tls cannot be used: {error}") from error
    return context


def broken_line(error: OSError, host: str, clock_trusted: Callable[[], bool]) -> Permanent | Transient:
    """What an error of the socket or of ssl means."""
    match error:
        case socket.gaierror():
            return Transient(f"{host} is not found: is the network up, and the name right?")
        case TimeoutError():
            return Transient(f"{host} does not answer: is the network up, and the port right?")
    return translate(error, host, clock_trusted=clock_trusted())
