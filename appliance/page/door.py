"""The door of the page: who is let in, by which key, and how one comes and goes."""

from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import TypeVar
from urllib.parse import quote

import bottle
from attrs import field
from bottle import HTTPResponse, request

from appliance.errors import Refused, StorageError
from appliance.page import answers, languages
from appliance.page.answers import API
from appliance.page.chosen import CHOSEN
from appliance.page.guard import Names, Proxies, Throttle, same_origin
from appliance.page.keys import SESSION_SECONDS, Keys, Role, Visitor
from appliance.page.languages import _
from appliance.page.turns import Turns
from appliance.values import frozen

T = TypeVar("T")

SESSION = "appliance"
"""The name of the cookie."""

GUEST = "guest"
"""The name of the cookie of guests."""

GUEST_PAGE = "/guest"
"""Where guests record."""

_GUEST_SECONDS = 86_400
_OPEN = ("/login", "/language", "/static/")
_FOR_HELPERS = ("said", "clips.title", "clips.label", "clips.star", "clips.note", "clips.mark", "clips.unmark")
"""The ends of the paths by which helpers may change something: what is said of clips."""
_CHOSEN_FOR_HELPERS = (f"{CHOSEN}/download", f"{CHOSEN}/label")
_FOR_GUESTS = (GUEST_PAGE, *(f"{API}/guests.{word}" for word in ("rules", "send", "piece", "sent")))
_FOR_HOSTS = "/guests"
"""What shows the code for guests."""

_HOST = Visitor(Role.HOST)


@frozen
class _Offered:
    """What somebody shows to be let in, and whether he came by way of a proxy."""

    token: str | None
    session: str
    guest: str
    is_from_afar: bool


@frozen
class Door:
    """Asked before everything else. `secure` says whether the page is served by HTTPS."""

    keys: Keys
    names: Names
    throttle: Throttle
    guests: Throttle
    turns: Turns
    secure: bool = False
    proxies: Proxies = field(factory=lambda: Proxies(()))

    def check(self) -> None:
        """Only what names this box, comes from its page, and from somebody who may. Raises the response to others."""
        languages.choose(request.get_cookie(languages.COOKIE), request.get_header("Accept-Language"))
        host = request.get_header("Host") or ""
        if not self.names.allow(host):
            raise answers.problem(421, "the box does not go by this name. Add it to `web.names` in its configuration")
        length = request.get_header("Content-Length") or "0"
        if request.chunked or not (length.isascii() and length.isdecimal()):
            raise answers.problem(411, "say how many bytes there are, in figures")
        if request.content_type.startswith("multipart/"):  # of which bottle reads parts that it cannot understand
            raise answers.problem(415, "send the fields of a form as application/x-www-form-urlencoded")
        program = request.get_header("Authorization") is not None
        visitor = self.visitor()
        request.environ["visitor"] = visitor
        if visitor is not None and visitor.role is not Role.GUEST and self.keys.locked:
            self.turns.know(self._address)
        path = request.path
        if visitor is None and not path.startswith(_OPEN) and path != GUEST_PAGE:
            if path.startswith(API) or program:
                raise answers.problem(
                    401, "log in, or send a token: `appliance web token`", **{"WWW-Authenticate": "Bearer"}
                )
            raise HTTPResponse(status=303, headers={"Location": f"/login?back={quote(path)}"})
        if visitor is not None and visitor.role is Role.GUEST:
            self._check_guest(path)
        if request.method in ("GET", "HEAD"):
            if visitor is not None and visitor.role is not Role.HOST and path == _FOR_HOSTS:
                raise answers.problem(403, "whoever owns the box lets guests in")
            return
        site = request.get_header("Sec-Fetch-Site")
        if not program and not same_origin(request.get_header("Origin"), site, host):
            raise answers.problem(403, "this did not come from the page of the box itself")
        if path in ("/login", "/logout", "/language") or visitor is None:
            return
        may = path in _CHOSEN_FOR_HELPERS or path.rpartition("/")[2] in _FOR_HELPERS
        if visitor.role is Role.HELPER and not may:
            raise answers.problem(
                403, "helpers listen, download and label, and change nothing else. Ask whoever owns the box"
            )
        if visitor.csrf and visitor.csrf not in (request.get_header("X-CSRF-Token"), request.forms.get("csrf")):
            raise answers.problem(403, "this page is too old. Load it again")

    @staticmethod
    def _check_guest(path: str) -> None:
        if path in _FOR_GUESTS or path.startswith(_OPEN):
            return
        if path.startswith(API) or request.method not in ("GET", "HEAD"):
            raise answers.problem(403, "guests leave recordings, and do nothing else here")
        raise HTTPResponse(status=303, headers={"Location": GUEST_PAGE})

    def visitor(self) -> Visitor | None:
        """Whoever asks, by a token, by a session, or as the only one where there is no password."""
        return self._known(self._offered())

    def watched(self) -> Callable[[], bool]:
        """What tells, as often as it is asked, whether this visitor would still be let in as he was."""
        shown, visitor = self._offered(), request.environ["visitor"]

        def may() -> bool:
            with suppress(StorageError):
                return bool(self._known(shown) == visitor)
            return False

        return may

    def _offered(self) -> "_Offered":
        through = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
        scheme, _, token = (request.get_header("Authorization") or "").partition(" ")
        return _Offered(
            token.strip() if scheme.lower() == "bearer" else None,
            request.get_cookie(SESSION) or "",
            request.get_cookie(GUEST) or "",
            self.proxies.trust(self._nearest) or any(request.get_header(name) for name in through),
        )

    def _known(self, shown: "_Offered") -> Visitor | None:
        if shown.token is not None:
            return self.keys.program(shown.token)
        if not self.keys.locked:
            # without a password only this machine is listened to; what came by way of a proxy is from anywhere
            return None if shown.is_from_afar else _HOST
        return self.keys.visitor(shown.session) or self.keys.guest(shown.guest)

    def log_in(self) -> HTTPResponse | str:
        """Open a session for whoever knows the password."""
        try:
            session = self._looked_at(lambda: self.keys.log_in(request.forms.getunicode("password") or ""))
        except Refused as error:
            return answers.view("login", message=str(error), back=answers.back())
        if session is None:
            bottle.response.status = 403
            return answers.view("login", message=_("That is not the password."), back=answers.back())
        answer = HTTPResponse(status=303, headers={"Location": answers.back()})
        self._give(answer, SESSION, session, SESSION_SECONDS)
        return answer

    def is_hosts(self, password: str) -> bool:
        """Whether this is the password of the host, which may be tried as often as at the door. Raises Refused."""
        return self._looked_at(lambda: self.keys.role_of(password) is Role.HOST or None) is not None

    def _looked_at(self, look: Callable[[], T | None]) -> T | None:
        """What a password opens, once its turn has come. Raises Refused where too many were tried."""
        address = self._address
        self._check_patience()
        with self.turns.turn(address) as came:
            if not came:
                _say_later(1)
                raise Refused(_("Too many are trying passwords at once. Try again in a moment."))
            self._check_patience()  # others from there may have been wrong meanwhile
            found = look()
            if found is None:
                self.throttle.wrong(address)
            else:
                self.throttle.right(address)
                self.turns.know(address)
        return found

    def _check_patience(self) -> None:
        if wait := self.must_wait(self.throttle):
            raise Refused(_("Too many wrong passwords from here. Try again in {seconds} s.").format(seconds=wait))

    def must_wait(self, throttle: Throttle) -> int:
        """Seconds for which nothing that is tried from there is looked at, which the answer tells; 0 for none."""
        if wait := ceil(throttle.left(self._address)):
            _say_later(wait)
        return wait

    def admit(self, code: str, answer: HTTPResponse) -> bool:
        """Whether this is the code for guests; `answer` lets who gave it in."""
        shown = self.keys.admit(code)
        if shown is None:
            self.guests.wrong(self._address)
            return False
        self.guests.right(self._address)
        self._give(answer, GUEST, shown, _GUEST_SECONDS)
        return True

    def _give(self, answer: HTTPResponse, cookie: str, value: str, seconds: int) -> None:
        """Let a browser keep what opens the door, and show it to nobody else."""
        secure = self._is_secure
        answer.set_cookie(cookie, value, path="/", httponly=True, samesite="strict", secure=secure, maxage=seconds)

    @property
    def scheme(self) -> str:
        """How the browser asks."""
        return "https" if self._is_secure else "http"

    @property
    def _address(self) -> str:
        """Who asks, as far as that is known."""
        return self.proxies.client(self._nearest, request.get_header("X-Forwarded-For"))

    @property
    def _nearest(self) -> str:
        """Where the connection comes from."""
        return str(request.environ.get("REMOTE_ADDR", ""))

    @property
    def _is_secure(self) -> bool:
        """Whether the browser asks by HTTPS, as far as that is known."""
        told = self.proxies.trust(self._nearest) and request.get_header("X-Forwarded-Proto") == "https"
        return self.secure or bool(told)

    def speak(self) -> HTTPResponse:
        """Let the page speak another language in this browser."""
        answer = HTTPResponse(status=303, headers={"Location": answers.back()})
        if (code := request.forms.get("language")) in languages.LANGUAGES:
            age = 10 * 365 * 86_400
            answer.set_cookie(languages.COOKIE, code, path="/", httponly=True, samesite="strict", maxage=age)
        return answer

    def log_out(self) -> HTTPResponse:
        """End the session of this browser, or where the host wants it, of all."""
        visitor = request.environ["visitor"]
        everywhere = request.forms.get("everywhere") and visitor is not None and visitor.role is Role.HOST
        self.keys.log_out(None if everywhere else request.get_cookie(SESSION) or "")
        answer = HTTPResponse(status=303, headers={"Location": "/login"})
        answer.delete_cookie(SESSION, path="/")
        return answer


def _say_later(seconds: int) -> None:
    """The answer says that too much was asked, and when to ask again (RFC 6585, 4)."""
    bottle.response.status = 429
    bottle.response.set_header("Retry-After", str(seconds))
