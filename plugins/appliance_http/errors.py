"""What an error of requests, urllib3, ssl or the socket means: the one place where they are translated."""

import ssl
import time

from requests import exceptions

from appliance.plugin import Permanent, Transient
from appliance_http.causes import CUT, SILENT, causes, passing
from appliance_http.statuses import proxy_refusal

_DATES = {9: "is not valid yet", 10: "has expired"}
_SELF_SIGNED = {18, 19}
_UNKNOWN_ISSUER = {2, 20, 21}
_WRONG_NAME = {62, 64}
_STRICT = range(80, 95)

PERMANENT: dict[type[exceptions.RequestException], str] = {
    exceptions.URLRequired: "there is no URL",
    exceptions.MissingSchema: "the URL is not valid",
    exceptions.InvalidSchema: "the URL, or that of a proxy in the environment, has a scheme that cannot be used",
    exceptions.InvalidURL: "the URL is not valid",
    exceptions.InvalidProxyURL: "the URL of the proxy in the environment (HTTPS_PROXY, HTTP_PROXY) is not valid",
    exceptions.InvalidHeader: "a header is not valid: check headers and auth",
    exceptions.TooManyRedirects: "redirects in a circle",
}
"""Errors that come back until somebody changes something."""

TRANSIENT: dict[type[exceptions.RequestException], str] = {
    exceptions.ConnectTimeout: "does not answer: is the network up, and the server?",
    exceptions.ReadTimeout: SILENT,
    exceptions.Timeout: "went silent",
    exceptions.SSLError: "broke off while the encryption was set up",
    exceptions.ProxyError: "cannot be reached through the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY)",
    exceptions.ConnectionError: "broke the connection",
    exceptions.ChunkedEncodingError: CUT,
    exceptions.ContentDecodingError: "sent an answer that cannot be decoded",
    exceptions.InvalidJSONError: "sent an answer that is not JSON",
    exceptions.JSONDecodeError: "sent an answer that is not JSON",
    exceptions.StreamConsumedError: "was asked twice for one answer",
    exceptions.UnrewindableBodyError: "wants the file again from the start",
    exceptions.RetryError: "failed too often",
    exceptions.HTTPError: "failed",
    exceptions.RequestException: "failed",
}
"""Errors that may pass by themselves, unless what is behind them says more."""


def translate(error: BaseException, host: str, *, clock_trusted: bool = True) -> Permanent | Transient:
    """Say what happened between the box and `host`. What is not known to need a person is Transient."""
    if isinstance(error, exceptions.ProxyError) and (refusal := proxy_refusal(str(error))):
        return Permanent(f"{host}: {refusal}")
    if isinstance(error, exceptions.Timeout | exceptions.ProxyError):
        return _by_class(error, host)
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _bad_certificate(cause, host, clock_trusted)
        if isinstance(cause, ssl.SSLError):
            return _no_encryption(cause, host)
        if words := passing(cause):
            return Transient(f"{host} {words}")
    return _by_class(error, host)


def is_silence(error: BaseException | None) -> bool:
    """Whether the other side had everything and said nothing for too long."""
    return isinstance(error, exceptions.ReadTimeout)


def _by_class(error: BaseException, host: str) -> Permanent | Transient:
    for kind in type(error).__mro__:
        if kind in PERMANENT:
            return Permanent(f"{host}: {PERMANENT[kind]}")
        if kind in TRANSIENT:
            return Transient(f"{host} {TRANSIENT[kind]}")
    return Transient(f"{host} {TRANSIENT[exceptions.RequestException]} ({type(error).__name__})")


def _bad_certificate(error: ssl.SSLCertVerificationError, host: str, clock_trusted: bool) -> Permanent | Transient:
    """Why the certificate of `host` is not good (X509_verify_cert codes of OpenSSL), and what to do.

    Its dates need a person only where the clock is to be believed. What is wrong by the letter of RFC 5280 alone is
    refused from Python 3.13 on.
    """
    code = error.verify_code
    if code in _DATES:
        today = time.strftime("%Y-%m-%d", time.gmtime())
        said = f"the certificate of {host} {_DATES[code]}, going by this box's clock, which says {today}"
        if not clock_trusted:
            return Transient(f"{said} and was never set. This goes on once it is")
        return Permanent(f"{said}: the server needs a new one, unless the clock is wrong. Look at `timedatectl`")
    if code in _SELF_SIGNED:
        return Permanent(f"the certificate of {host} is signed by itself: set tls.ca to a file that holds it")
    if code in _UNKNOWN_ISSUER:
        return Permanent(f"the certificate of {host} comes from an authority unknown here: set tls.ca to its file")
    if code in _WRONG_NAME:
        return Permanent(f"the certificate of {host} is for another name: check the URL ({error.verify_message})")
    bad = f"the certificate of {host} is bad: {error.verify_message or error.reason}"
    if code in _STRICT:
        return Permanent(f"{bad}. Name the file of its authority in tls.ca if you vouch for that, or have it made anew")
    return Permanent(bad)


def _no_encryption(error: ssl.SSLError, host: str) -> Permanent | Transient:
    """Why there is no TLS with `host`, by OpenSSL's reason. A peer's alert about a certificate is about ours."""
    reason = error.reason or ""
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return Permanent(f"{host} does not accept this box's certificate: check tls.certificate and tls.key ({reason})")
    words = passing(error) or f"{TRANSIENT[exceptions.SSLError]} ({reason or error})"
    return Transient(f"{host} {words}")
