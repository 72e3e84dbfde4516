"""Asks the Bot API (https://core.telegram.org/bots/api). The token stands in every address, so none is ever shown."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import quote, urlsplit

from appliance_http.body import FileBody
from appliance_http.statuses import status_error
from appliance_http.transport import Answer, Client, Request

from appliance.plugin import Permanent, Transient, keep_secret
from appliance_telegram.options import BotOptions

_MOST_JSON = 16_000_000
_LONGEST_WAIT = 1e9
_REDIRECTS = range(300, 400)

_WORDS = {
    401: "it does not know the bot. Check token",
    403: "the bot may not do that. Has it been blocked, or taken out of the chat?",
    404: "it does not know the bot, or is no Bot API server. Check token and url",
    413: "the file is too large for it",
    429: "it wants to be asked less often",
}


class Bot:
    """One bot. What it raises is Permanent or Transient, or Cancelled as `stop` does."""

    def __init__(self, options: BotOptions, clock_trusted: Callable[[], bool]) -> None:
        keep_secret(options.token.reveal())
        token = quote(options.token.reveal(), safe=":")
        self._base = f"{options.url.rstrip('/')}/bot{token}"
        self._files = f"{options.url.rstrip('/')}/file/bot{token}"
        self._host = urlsplit(options.url).hostname or "the Bot API"
        self._client = Client(options.timeouts, options.tls, options.allow_http, frozenset(), clock_trusted)

    def told(self, method: str, stop: Callable[[], None], **arguments: object) -> Mapping[str, Any]:
        """The result of a method that tells of one thing."""
        found = self.ask(method, stop, **arguments)
        if not isinstance(found, dict):
            raise self._no_sense()
        return cast(Mapping[str, Any], found)

    def ask(self, method: str, stop: Callable[[], None], **arguments: object) -> Any:
        """The result of a method."""
        body = json.dumps(arguments).encode()
        headers = {"Content-Type": "application/json"}
        return self._result(Request("POST", f"{self._base}/{method}", headers, body=body), stop)

    def send(self, method: str, headers: Mapping[str, str], body: FileBody | bytes, stop: Callable[[], None]) -> Any:
        """The result of a method that takes a file, in a form."""
        return self._result(Request("POST", f"{self._base}/{method}", headers, body=body), stop)

    @contextmanager
    def file(self, path: str, stop: Callable[[], None]) -> Iterator[Answer]:
        """A file that `getFile` told the path of."""
        with self._client.exchange(Request("GET", f"{self._files}/{quote(path)}"), stop) as answer:
            if answer.status != 200:
                raise self._refusal(answer, answer.head(_MOST_JSON))
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                raise Transient(f"{self._host} hands out a web page in the place of a file: check url")
            yield answer

    def _result(self, request: Request, stop: Callable[[], None]) -> Any:
        with self._client.exchange(request, stop) as answer:
            said = answer.head(_MOST_JSON)
            if answer.status != 200:
                raise self._refusal(answer, said)
        found = _read(said)
        if found.get("ok") is not True or "result" not in found:
            raise self._no_sense()
        return found["result"]

    def _no_sense(self) -> Transient:
        return Transient(f"{self._host} answers in words that are none of the Bot API: check url")

    def _refusal(self, answer: Answer, said: bytes) -> Permanent | Transient:
        if answer.status in _REDIRECTS:
            return Permanent(f"{self._host} leads elsewhere, where no token is sent. Check url")
        found = _read(said)
        words = found.get("description")
        told = f" ({words})" if isinstance(words, str) else ""
        parameters = found.get("parameters")
        wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
        wait = float(wait) if isinstance(wait, int | float) and 0 <= wait < _LONGEST_WAIT else None
        error = status_error(answer.status, answer.reason, answer.headers, b"", _WORDS, self._host)
        if isinstance(error, Transient):
            return Transient(f"{error}{told}", retry_after=error.retry_after if wait is None else wait)
        if answer.status == 409:
            return _in_use(self._host, told)
        return Permanent(f"{error}{told}")


def _in_use(host: str, told: str) -> Permanent | Transient:
    """Somebody else gets what is said to the bot: for good, or just now."""
    if "webhook" in told:
        return Permanent(
            f"{host} hands the bot's messages to a web server{told}. Use another bot, or take its webhook away"
        )
    return Transient(
        f"{host}: another box or program reads the messages of this bot. Each needs a bot of its own{told}"
    )


def _read(said: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else {}
