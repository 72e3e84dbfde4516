"""Words of the table that are asked over HTTP, by programs and by forms: the table comes with the first of them."""

import json
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from bottle import HTTPError, HTTPResponse, request

from appliance.errors import ApplianceError, NotFound
from appliance.page import answers
from appliance.page.given import arguments_of, field_of, undo_of
from appliance.page.openapi import WORDS
from appliance.page.recorder import Recorder
from appliance.page.sentences import sentence

Items = Iterator[dict[str, Any]]

_TOLD = ("words", "next_step", "prompt", "message")
"""What of a stream is for people."""


def answer(recorder: Recorder, word: str, to_the_end: Callable[[Items], Items]) -> object:
    """What a program asks. `to_the_end` ends what streams once whoever asked may have it no more.

    Raises HTTPError for what nobody can ask, or not so, and ApplianceError.
    """
    verb = WORDS.get(word)
    if verb is None:
        raise HTTPError(404)
    if request.method not in (("POST",) if verb.acts else ("GET", "HEAD")):
        raise HTTPError(405, Allow="POST" if verb.acts else "GET")
    given = verb.check(arguments_of(verb))
    if verb.streams:
        items = to_the_end(recorder.stream(verb.word, **given))
        first = [_line(item) for item in islice(items, 1)]  # what is refused at once is told by the status code
        headers = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
        return HTTPResponse(chain(first, _lines(items)), 200, headers)
    return answers.as_json(recorder.call(verb.word, **given))


def done(recorder: Recorder, word: str) -> HTTPResponse:
    """What a form asks for; then back to the page that it stands on. Raises ApplianceError."""
    verb = WORDS.get(word)
    if verb is None or not verb.acts or verb.streams:
        raise NotFound(f"there is no word {word}")
    recorder.call(word, **verb.check({each.name: field_of(each) for each in verb.arguments}))
    return HTTPResponse(status=303, headers={"Location": answers.back() + undo_of(word)})


def _lines(items: Items) -> Iterator[bytes]:
    """What streams, one JSON object a line; what goes wrong on the way is told as the last."""
    try:
        yield from map(_line, items)
    except ApplianceError as error:
        yield _line({"problem": sentence(str(error))})


def _line(item: dict[str, Any]) -> bytes:
    told = {name: sentence(text) for name in _TOLD if isinstance(text := item.get(name), str)}
    return json.dumps({**item, **told}).encode() + b"\n"
