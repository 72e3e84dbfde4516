"""What an IMAP server answers to FETCH (RFC 3501, 7.4.2), as lists of words."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

_LITERAL = re.compile(rb"\{\d{1,10}\}\Z")
_WORDS = re.compile(rb'\s+|(\()|(\))|"((?:[^"\\]|\\.)*)"|((?:[^\s()"\[]|\[[^\]]*\])+)')
_MOST_DEPTH = 100

Answer = list[Any]
"""Words as bytes, NIL as None, and lists of these."""


def fetched(lines: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """What each line of the answer tells, by upper-case name. `lines` are as imaplib gives them.

    Raises ValueError where it makes no sense.
    """
    words = [word for line in lines if line is not None for word in _words(line)]
    for answer in _nested(words):
        if isinstance(answer, list) and len(answer) % 2 == 0:
            yield {
                name.decode("latin-1").upper(): value
                for name, value in zip(answer[::2], answer[1::2], strict=True)
                if isinstance(name, bytes)
            }


def _words(line: bytes | tuple[bytes, bytes]) -> Iterator[Any]:
    before, literal = line if isinstance(line, tuple) else (line, None)
    text = _LITERAL.sub(b"", before)
    end = 0
    while end < len(text):
        match = _WORDS.match(text, end)
        if match is None:
            raise ValueError(f"no words of IMAP: {text[end : end + 50]!r}")
        end = match.end()
        opened, closed, quoted, atom = match.groups()
        if opened or closed:
            yield "(" if opened else ")"
        elif quoted is not None:
            yield re.sub(rb"\\(.)", rb"\1", quoted)
        elif atom is not None:
            yield None if atom.upper() == b"NIL" else atom
    if literal is not None:
        yield literal


def _nested(words: Sequence[Any]) -> Answer:
    stack: list[Answer] = [[]]
    for word in words:
        if word == "(":
            stack.append([])
        elif word == ")":
            if len(stack) == 1:
                raise ValueError("a list of IMAP ends that never began")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word)
        if len(stack) > _MOST_DEPTH:
            raise ValueError("lists of IMAP are nested too deep")
    if len(stack) > 1:
        raise ValueError("a list of IMAP never ends")
    return stack[0]
