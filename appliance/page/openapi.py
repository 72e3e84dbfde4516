"""The description of the HTTP interface (OpenAPI 3.1), read off the table of verbs."""

from typing import Any

from appliance import __version__
from appliance.arguments import Argument
from appliance.page.answers import API
from appliance.page.downloads import FORMATS
from appliance.verbs import VERBS, Verb

HIDDEN = ("events", "subscribe", "hello", "clips.read")
"""Words of the control socket that HTTP has something better for."""


WORDS: dict[str, Verb] = {word: verb for word, verb in VERBS.items() if word not in HIDDEN}
"""What can be asked over HTTP."""


def description() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, Any] = {f"{API}/{word}": _operation(verb) for word, verb in WORDS.items()}
    clip = {"name": "clip", "in": "path", "required": True, "schema": {"type": "string"}}
    paths[f"{API}/clips/{{clip}}/sound"] = {
        "get": {
            "operationId": "sound",
            "summary": "The sound of a clip, in ranges where that is asked for.",
            "parameters": [clip],
            "responses": {
                "200": _body("The file.", "audio/wav"),
                "206": _body("A part of it.", "audio/wav"),
                **_ERRORS,
            },
        }
    }
    paths[f"{API}/tracks/{{track}}/sound"] = {
        "get": {
            "operationId": "track",
            "summary": "The sound of a message, in ranges where that is asked for.",
            "parameters": [{"name": "track", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": {"200": _body("The file.", "application/octet-stream"), **_ERRORS},
        }
    }
    named = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("use", "name")]
    paths[f"{API}/sounds/{{use}}/{{name}}"] = {
        "get": {
            "operationId": "sound",
            "summary": "What the box says for a use: a sound that it was given, by its name, or `configured`.",
            "parameters": named,
            "responses": {"200": _body("The file.", "audio/wav"), **_ERRORS},
        }
    }
    paths[f"{API}/clips/{{clip}}/peaks"] = {
        "get": {
            "operationId": "peaks",
            "summary": "How loud a clip is: `peaks`, from its beginning to its end, where `full` is full scale.",
            "parameters": [clip],
            "responses": {"200": _body("The peaks.", "application/json"), **_ERRORS},
        }
    }
    paths[f"{API}/clips.zip"] = {
        "get": {
            "operationId": "archive",
            "summary": "Clips as one ZIP, with a table and a page that plays them: those named, else those that the "
            "other words look for, else all. As recorded it comes in ranges where that is asked for.",
            "parameters": [
                {
                    "name": "clip",
                    "in": "query",
                    "schema": {"type": "array", "items": {"type": "string"}},
                    "explode": True,
                },
                {"name": "format", "in": "query", "schema": {"enum": list(FORMATS)}},
                *(
                    {"name": name, "in": "query", "schema": {"type": "string"}}
                    for name in ("text", "label", "verdict", "state", "starred", "since", "until")
                ),
            ],
            "responses": {"200": _body("The archive.", "application/zip"), **_ERRORS},
        }
    }
    paths[f"{API}/events"] = {
        "get": {
            "operationId": "events",
            "summary": "What happens from now on, as server-sent events. `Last-Event-ID` goes on where that was.",
            "responses": {"200": _body("One event after the other.", "text/event-stream"), **_ERRORS},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Audio Appliance", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["status", "detail"],
                    "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(verb: Verb) -> dict[str, Any]:
    what: dict[str, Any] = {"operationId": verb.word, "summary": verb.help}
    type = "application/x-ndjson" if verb.streams else "application/json"
    what["responses"] = {"200": _body(_answer(verb), type), **_ERRORS}
    if not verb.acts:
        what["parameters"] = [_parameter(each) for each in verb.arguments]
        return {"get": what}
    properties = {each.name: {**each.schema, "description": each.help} for each in verb.arguments}
    required = [each.name for each in verb.arguments if each.required]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    what["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": schema}}}
    return {"post": what}


def _parameter(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "in": "query",
        "description": argument.help,
        "required": argument.required,
        "schema": argument.schema,
    }


def _answer(verb: Verb) -> str:
    told = " or ".join(event.__name__ for event in verb.done)
    return f"The event {told}." if told else (verb.answer or "null")


def _body(description: str, type: str) -> dict[str, Any]:
    return {"description": description, "content": {type: {}}}


_ERRORS = {
    "default": {
        "description": "What went wrong, and what to do.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
