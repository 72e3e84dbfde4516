"""Guests on their own phones: the page that they record on, and the one on which the host lets them in."""

from typing import Any

import bottle
from bottle import HTTPResponse, request

from appliance.page import answers, words
from appliance.page.door import GUEST_PAGE, Door
from appliance.page.guard import host_name, is_loopback
from appliance.page.languages import _
from appliance.page.recorder import Recorder
from appliance.values import frozen


@frozen
class GuestPages:
    """What both of them answer with."""

    recorder: Recorder
    door: Door

    def shown(self) -> str:
        """The page that guests see: a button to record with, once they have shown their code."""
        visitor = request.environ["visitor"]
        rules = self.recorder.call("guests.rules") if visitor else None
        return answers.view("guest", visitor=visitor, rules=rules, message="")

    def admitted(self) -> HTTPResponse | str:
        """Let a guest in who knows the code."""
        if wait := self.door.must_wait(self.door.guests):
            return self._refused(_("Too many wrong codes from here. Try again in {seconds} s.").format(seconds=wait))
        answer = HTTPResponse(status=303, headers={"Location": GUEST_PAGE})
        if self.door.admit(request.forms.getunicode("code") or "", answer):
            return answer
        bottle.response.status = 403
        return self._refused(_("That is not the code. Ask whoever invited you."))

    @staticmethod
    def _refused(message: str) -> str:
        return answers.view("guest", visitor=None, rules=None, message=message)

    def hosts(self) -> str:
        """The page on which the host lets guests in, and ends that."""
        visitor, code = request.environ["visitor"], self.door.keys.guest_code()
        scheme, host = self.door.scheme, request.get_header("Host") or ""
        address = f"{scheme}://{host}{GUEST_PAGE}"
        return answers.view(
            "guests",
            words=words,
            visitor=visitor,
            rules=self.recorder.call("guests.rules"),
            locked=self.door.keys.locked,
            code=f"{code[:4]} {code[4:]}" if code else "",
            address=address,
            drawing=drawing(f"{address}#{code}") if code else "",
            here=is_loopback(host_name(host)),
            records=scheme == "https",
        )

    def opened(self) -> HTTPResponse:
        """Make a new code, which takes the place of the one before."""
        self.door.keys.let_guests_in()
        return HTTPResponse(status=303, headers={"Location": "/guests"})

    def closed(self) -> HTTPResponse:
        """Let no guest in any more, also none who is in."""
        self.door.keys.end_guests()
        return HTTPResponse(status=303, headers={"Location": "/guests"})


def drawing(text: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG; empty where nothing is installed that draws it."""
    try:
        import segno
    except ModuleNotFoundError:
        return ""
    drawn: Any = segno.make(text, error="m", micro=False)
    return str(drawn.svg_inline(scale=6, border=4, dark="#000", light="#fff"))
