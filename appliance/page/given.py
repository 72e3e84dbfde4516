"""What forms and programs give to a word, and what lets a page take it back."""

import json
from urllib.parse import urlencode

import bottle
from bottle import request

from appliance.arguments import Argument, Kind
from appliance.errors import UsageError
from appliance.page import answers
from appliance.verb import Verb


def arguments_of(verb: Verb) -> dict[str, object]:
    """What a request gives to a word: a query where it reads, an object where it acts. Raises UsageError."""
    if not verb.acts:
        kinds = {each.name: each for each in verb.arguments}
        texts = {name: request.query.getunicode(name) for name in request.query}
        if None in texts.values():
            raise UsageError("found a query that is no UTF-8")
        return {name: kinds[name].read(text) if name in kinds else "" for name, text in texts.items()}
    if request.content_length > bottle.BaseRequest.MEMFILE_MAX:
        raise answers.problem(413, "that is too much at once")
    try:
        given = json.loads(request.body.read() or b"{}")
        request.body.truncate(0)  # bottle ties request and environment to each other: both wait for the collector
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise UsageError("found something else, expected the arguments as one JSON object")
    return given


def field_of(argument: Argument) -> object:
    """What a form gives to a word. Raises UsageError."""
    found = request.forms.getall(argument.name)
    texts = [each.encode("latin-1").decode(errors="replace") for each in found if each]  # as WSGI hands them over
    if argument.kind is Kind.TEXTS:
        return texts or None
    if argument.kind is Kind.FIELDS:
        prefix, form = f"{argument.name}.", request.forms
        given = {name.removeprefix(prefix): form.getunicode(name) for name in form if name.startswith(prefix)}
        return {name: text for name, text in given.items() if text} or None
    return argument.read(texts[0]) if texts else None


def undo_of(word: str) -> str:
    """What lets the page offer to take back what a form has asked for; empty where nothing can be."""
    if word == "clips.delete" and not request.forms.get("now"):
        return f"?{urlencode({'trashed': request.forms.getunicode('clip')})}"
    return f"?{urlencode({'thrown': request.forms.getunicode('sound')})}" if word == "sounds.remove" else ""
