"""The page and its HTTP interface: what may be asked, and what comes back."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import bottle
from bottle import HTTPResponse, request

from appliance.errors import ApplianceError
from appliance.page import answers, listing, words
from appliance.page.answers import API
from appliance.page.begin import FirstSteps, is_new
from appliance.page.chosen import CHOSEN, Chosen
from appliance.page.door import Door
from appliance.page.downloads import FORMATS
from appliance.page.guests import GuestPages
from appliance.page.health import Health, outlook
from appliance.page.keys import Role
from appliance.page.languages import _
from appliance.page.machine import Machine
from appliance.page.media import Media
from appliance.page.news import Item, News
from appliance.page.recorder import Recorder
from appliance.page.sentences import sentence
from appliance.page.settings import Settings
from appliance.page.sounds import SoundPages
from appliance.values import frozen

T = TypeVar("T")

CLIPS_SHOWN = 50
"""Clips on one page."""

MESSAGES_SHOWN = 100
"""Messages on one page."""


@frozen
class Site:
    """Everything that the page answers with."""

    recorder: Recorder
    door: Door
    news: News
    media: Media
    settings: Settings

    def app(self, more: Mapping[str, str]) -> answers.Application:
        """The page as a WSGI application, whose every answer has the headers `more`."""
        app = bottle.Bottle()
        app.add_hook("before_request", self.door.check)
        statics = {path.name: answers.Static.read(path) for path in (answers.FOLDER / "static").iterdir()}
        app.route("/static/<name>", callback=lambda name: _static(statics, name))
        app.route("/", callback=_told(self.now))
        app.route("/clips", callback=_told(self.clips))
        app.route("/clips/<clip>", callback=_told(self.clip))
        app.route("/clips/<clip>/verify", "POST", _told(self.verify))
        app.route("/clips/<clip>/said", "POST", _told(self.say))
        app.route(f"{CHOSEN}/<what>", "POST", _told(Chosen(self.recorder).done))
        app.route("/trash", callback=_told(self.trash))
        app.route("/messages", callback=_told(self.messages))
        sounds = SoundPages(self.recorder)
        app.route("/sounds", callback=_told(sounds.shown))
        app.route(f"{API}/sounds/<use>/<name:path>", callback=_plain(sounds.sound))
        app.route("/health", callback=_told(self.health))
        app.route("/health", "POST", _told(self.examined))
        app.route("/health/support.zip", callback=_told(Health(self.recorder).bundle))
        begin = FirstSteps(self.recorder, self.settings, self.door)
        app.route("/begin", callback=_told(begin.shown))
        app.route("/begin/password", "POST", _told(begin.lock))
        app.route("/begin/preset", "POST", _told(begin.preset))
        machine = Machine(self.recorder)
        app.route("/machine/zone", "POST", _told(machine.set_zone))
        app.route("/machine/clock", "POST", _told(machine.set_clock))
        app.route("/machine/restart", "POST", _told(machine.restart))
        app.route("/machine/off", "POST", _told(machine.switch_off))
        app.route("/settings", callback=_told(self.settings.shown))
        app.route("/settings/use", "POST", _told(self.settings.used))
        app.route("/settings/restore", "POST", _told(self.settings.restored))
        app.route("/settings/<place:path>", callback=_told(self.settings.shown))
        app.route("/settings/<place:path>", "POST", _told(self.settings.reviewed))
        guests = GuestPages(self.recorder, self.door)
        app.route("/guest", callback=_told(guests.shown))
        app.route("/guest", "POST", _told(guests.admitted))
        app.route("/guests", callback=_told(guests.hosts))
        app.route("/guests/code", "POST", _told(guests.opened))
        app.route("/guests/end", "POST", _told(guests.closed))
        app.route("/login", callback=lambda: answers.view("login", message="", back=answers.back()))
        app.route("/login", "POST", _told(self.door.log_in))
        app.route("/language", "POST", self.door.speak)
        app.route("/logout", "POST", self.door.log_out)
        app.route("/do/<word>", "POST", _told(self.do))
        app.route(f"{API}/openapi.json", callback=self.described)
        app.route(f"{API}/events", callback=_plain(self.events))
        app.route(f"{API}/tracks/<track:int>/sound", callback=_plain(self.media.track))
        app.route(f"{API}/clips.zip", callback=_plain(self.media.archive))
        app.route(f"{API}/clips/<clip>/peaks", callback=_plain(self.media.waveform))
        app.route(f"{API}/clips/<clip>/sound", callback=_plain(self.media.sound))
        app.route(f"{API}/<word>", ["GET", "POST", "ANY"], _plain(self.asked))
        for code in (400, 404, 405, 413, 500):
            app.error(code, _wrong)
        return answers.safe(app, more)

    # -- the pages

    def now(self) -> str:
        """What the box does, in one glance."""
        status = self.recorder.call("status")
        begins = request.environ["visitor"].role is Role.HOST and status["recorder"] == "idle"
        choices = self.recorder.call("record.choices") if begins else None
        return self._page("now", status=status, is_new=is_new(self.door.keys, status), choices=choices)

    def clips(self) -> str:
        """Clips, newest first, by day: all, or those that are looked for."""
        query = answers.query()
        wanted, after = listing.wanted(query), query.get("after")
        found = self.recorder.call("clips.list", limit=CLIPS_SHOWN + 1, after=after, **wanted)
        more = len(found) > CLIPS_SHOWN
        found = listing.to_the_end(
            found[:CLIPS_SHOWN],
            lambda last: self.recorder.call("clips.list", limit=1, after=last, **wanted),
            CLIPS_SHOWN,
        )
        days = listing.by_day(listing.recordings([words.entry(each) for each in found]))
        asked = {name: value for name, value in query.items() if value and name in listing.SEARCH}
        older = urlencode({**asked, "after": found[-1]["clip"]["id"]}) if more else ""
        labels = self.recorder.call("clips.labels")
        is_host = request.environ["visitor"].role is Role.HOST
        places = self.recorder.call("status")["destinations"] if is_host else ()
        return self._page(
            "clips", days=days, older=older, first=after is None, asked=asked, wanted=wanted, labels=labels,
            trashed=request.query.getall("trashed"), listing=listing, formats=FORMATS, places=[*places], after=after,
        )  # fmt: skip

    def clip(self, clip: str, copies: Sequence[str] = ()) -> str:
        """Everything about one clip; `copies` is what was just found at its destinations."""
        entry = words.entry(self.recorder.call("clips.show", clip=clip))
        has = {one["destination"] for one in entry["deliveries"]}
        lacking = [name for name in self.recorder.call("status")["destinations"] if name not in has]
        return self._page("clip", entry=entry, lacking=lacking, copies=copies, here=f"/clips/{quote(entry['id'])}")

    def verify(self, clip: str) -> str:
        """Look again at what destinations have of a clip."""
        return self.clip(clip, [words.copy(each) for each in self.recorder.stream("clips.verify", clips=[clip])])

    def say(self, clip: str) -> HTTPResponse:
        """Change what is said of a clip: title, labels and note of a form."""
        given = request.forms
        self.recorder.call("clips.title", clip=clip, title=given.getunicode("title") or "")
        self.recorder.call("clips.label", clip=clip, labels=(given.getunicode("labels") or "").split(","))
        self.recorder.call("clips.note", clip=clip, note=given.getunicode("note") or "")
        return HTTPResponse(status=303, headers={"Location": answers.back()})

    def trash(self) -> str:
        """What was deleted and can be brought back."""
        found = self.recorder.call("clips.trash")
        return self._page("trash", found=[words.entry({**each, "deliveries": []}) for each in reversed(found)])

    def messages(self) -> str:
        """What was pulled, and whether somebody heard it."""
        before = answers.number(answers.query().get("before", ""))
        later = {"before": before} if before else {}
        found = self.recorder.call("feeds.list", limit=MESSAGES_SHOWN + 1, **later)
        older = found[-MESSAGES_SHOWN]["id"] if len(found) > MESSAGES_SHOWN else None
        tracks = [words.track(each) for each in found[-MESSAGES_SHOWN:]]
        return self._page("messages", tracks=tracks, older=older)

    def health(self) -> str:
        """How the box is inside, and what happened."""
        return self._page("health", outlook=outlook, **Health(self.recorder).seen())

    def examined(self) -> str:
        """The same, after an examination."""
        return self._page("health", outlook=outlook, **Health(self.recorder).examined())

    def do(self, word: str) -> HTTPResponse:
        """What a form asks for; then back to the page that it stands on."""
        from appliance.page import asked

        return asked.done(self.recorder, word)

    def _page(self, name: str, **values: Any) -> str:
        visitor = request.environ["visitor"]
        return answers.view(
            name, visitor=visitor, may_change=visitor.role is Role.HOST, words=words, path=request.path, **values
        )

    # -- the interface for programs

    def described(self) -> HTTPResponse:
        """All that a program may ask."""
        from appliance.page import openapi

        return answers.as_json(openapi.description())

    def asked(self, word: str) -> object:
        """What a program asks."""
        from appliance.page import asked  # the table of all words, which comes with the first of them

        return asked.answer(self.recorder, word, self._to_the_end)

    def events(self) -> HTTPResponse:
        """Everything that happens, as server-sent events."""
        run, _, number = (request.get_header("Last-Event-ID") or request.query.get("since") or "").partition("-")
        since = answers.number(number) if run == self.news.run else None
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return HTTPResponse(status=200, headers=headers)
        items = self._to_the_end(self.news.listen(since))
        return HTTPResponse(_event_stream(self.news.run, items), 200, headers)

    def _to_the_end(self, items: Iterator[T]) -> Iterator[T]:
        """What streams, for as long as whoever asked for it may have it."""
        may = self.door.watched()
        return takewhile(lambda item: may(), items)


def _told(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page; where something goes wrong, a page that says so."""

    def shown(**values: str) -> Any:
        try:
            return view(**values)
        except ApplianceError as error:
            bottle.response.status = answers.status_of(error)
            visitor = request.environ.get("visitor")
            seen = visitor if visitor and visitor.role is not Role.GUEST else None
            away = bottle.response.status_code == 503
            return answers.view("wrong", message=str(error), away=away, visitor=seen, again=answers.again())

    return shown


def _plain(answer: Callable[..., Any]) -> Callable[..., Any]:
    """An answer for programs; where something goes wrong, a problem."""

    def given(**values: str) -> Any:
        try:
            return answer(**values)
        except ApplianceError as error:
            raise answers.problem(answers.status_of(error), sentence(str(error))) from None

    return given


def _wrong(error: bottle.HTTPError) -> str:
    """What bottle itself refuses; never a stack trace."""
    known = {
        404: _("There is no such page."),
        405: _("That cannot be asked so."),
        413: _("That is too much at once."),
    }
    defect = _("The page has a defect here. Its log says more: {command}").format(command="journalctl -u appliance-web")
    message = known.get(error.status_code, defect)
    if request.path.startswith(API):
        bottle.response.content_type = "application/problem+json"
        return json.dumps({"status": error.status_code, "detail": message})
    return answers.view("wrong", message=message, away=False, visitor=None, again="/")


def _static(statics: dict[str, answers.Static], name: str) -> HTTPResponse:
    if name not in statics:
        raise bottle.HTTPError(404)
    return statics[name].answer(request.headers)


def _event_stream(run: str, items: Iterator[Item | None]) -> Iterator[bytes]:
    for item in items:
        yield f"id: {run}-{item.number}\ndata: {json.dumps(item.event)}\n\n".encode() if item else b": quiet\n\n"
