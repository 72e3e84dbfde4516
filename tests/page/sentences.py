"""Reads sentences out of the source: every text that is said, with a field in braces for each value in it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import appliance

ROOT = Path(appliance.__file__).parent

_Pieces = tuple[tuple[str, bool], ...]

_ERRORS = re.compile(
    r"(UsageError|NotFound|Refused|Device[A-Z]\w+|NoSpeaker|FormatUnsupported|Unplayable|DecoderMissing|StorageError|Transient|Permanent"
    r"|CopyMissing|CopyDiffers|KeptAlone|CannotVerify|PanelError|PluginError|TooSlow|NotRunning|Cancelled|Finding|Prompt|ValueError"
    r"|ConfigError|Obstacle|raised|fault|sentences|_absent)$"
)
_NOT_SAID = re.compile(r"(told|option|debug|info|warning|error|exception|Argument|Verb|compile|glob|join|rglob)$")
_FIELD_ALONE = re.compile(r"\{\w+\}")
_MOST = 16

_HERE: tuple[str, ...] = (
    *(
        "phrases.py",
        "describe.py",
        "report.py",
        "table.py",
        "states.py",
        "status.py",
        "effects.py",
        "watchdog.py",
        "vitals.py",
    ),
    *(
        "watchdog.py",
        "vitals.py",
        "turn.py",
        "stops.py",
        "front.py",
        "choosing.py",
        "audio/watch.py",
        "audio/studio.py",
        "audio/tuner.py",
    ),
    *("audio/foresight.py", "audio/shared.py", "audio/levels.py", "schedules/watch.py", "triggers/watch.py"),
    *("store/left.py", "plugin_host/record.py", "plugin_host/services.py", "plugin_host/listeners.py"),
    *("delivery/trouble.py", "processors/worker.py", "doctor/*.py", "housekeeping/*.py"),
)
"""Where everything that has words is for people: the text of faults is put together there from several."""

_ERRORS_OF = (
    *("audio", "store", "delivery", "control", "sounds", "guests", "schedules", "plugin_host", "renditions"),
    *("panel", "feeds", "editing", "processors", "triggers", "flow", "page"),
)
"""Whose errors a person may meet on the page, as what was refused or as the cause of a fault."""

_NEVER_SHOWN = (
    *(
        "audio/wav.py",
        "audio/takefile.py",
        "audio/ways.py",
        "audio/adts.py",
        "control/contract.py",
    ),
    *("plugin_host/backends.py", "store/adoption.py", "store/orphans.py", "store/recovery.py", "store/clips.py"),
    *("store/trash.py", "renditions/encode.py", "feeds/safefile.py", "delivery/receipts.py"),
    *("renditions/proof.py", "page/__main__.py", "page/answers.py", "page/selfmade.py", "page/server.py"),
)
"""What is for programs, for the terminal, for notes in quarantine, or caught before anybody reads it."""


@cache
def every_sentence() -> dict[str, str]:
    """All sentences that the page must be able to say, each once, and the file where it stands."""
    found: dict[str, str] = {}
    for name in (str(path.relative_to(ROOT)) for pattern in _HERE for path in sorted(ROOT.glob(pattern))):
        found |= dict.fromkeys(sentences_of(ROOT / name, every_text=True), name)
    others = [path for folder in _ERRORS_OF for path in sorted((ROOT / folder).glob("*.py"))]
    for path in (*others, ROOT / "arguments.py", ROOT / "receiving.py", ROOT / "limits.py", ROOT / "controller.py"):
        name = str(path.relative_to(ROOT))
        if name not in _NEVER_SHOWN:
            found |= {text: name for text in sentences_of(path) if text not in found}
    return {text: found[text] for text in {re.sub(r"\{\w+\}", "{}", text): text for text in reversed(found)}.values()}


def sentences_of(path: Path, every_text: bool = False) -> Iterator[str]:
    """Those of a file: of errors, faults and findings, or of all texts in it that are longer than a word."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reader = _Reader(tree)
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "counted":
            yield from _counts(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        elif id(node) in silent:
            silent |= {id(each) for each in ast.iter_child_nodes(node)}
        elif isinstance(node, ast.Call) and _NOT_SAID.match(_called(node)) and not _is_sentence_of(node):
            silent |= {id(each) for each in ast.walk(node)}
        elif isinstance(node, (ast.JoinedStr, ast.Constant, ast.BinOp, ast.IfExp)) and every_text:
            if any(texts := [*reader.templates(node)]) and not all(map(_FIELD_ALONE.fullmatch, texts)):
                silent |= {id(each) for each in ast.walk(node)}
                yield from filter(_is_sentence, texts)
        elif isinstance(node, ast.Call) and _ERRORS.match(_called(node)):
            for argument in (*node.args, *(each.value for each in node.keywords)):
                yield from filter(_is_sentence, reader.templates(argument))


def _is_sentence_of(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and bool(_ERRORS.match(node.func.id))


class _Reader:
    """Knows what constants of a module stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self._known: dict[str, list[ast.expr]] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    self._known[node.targets[0].id] = [node.value]
                elif isinstance(node.value, ast.Dict) and all(map(_is_text, node.value.values)):
                    self._known[node.targets[0].id] = node.value.values

    def templates(self, node: ast.expr) -> Iterator[str]:
        """Every sentence that an expression may become."""
        for pieces in self._pieces(node):
            used: dict[str, int] = {}
            text = ""
            for name, is_field in pieces:
                if is_field:
                    used[name] = used.get(name, 0) + 1
                    text += f"{{{name}{used[name] if used[name] > 1 else ''}}}"
                else:
                    text += name
            yield " ".join(text.split())

    def _pieces(self, node: ast.expr) -> list[_Pieces]:
        match node:
            case ast.Constant(value=str(text)):
                return [((text, False),)]
            case ast.JoinedStr(values=values):
                return _joined([self._pieces(each) for each in values])
            case ast.FormattedValue(value=value):
                return self._pieces(value)
            case ast.IfExp(body=body, orelse=orelse):
                return [*self._pieces(body), *self._pieces(orelse)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([self._pieces(left), self._pieces(right)])
            case ast.BoolOp(values=values):
                return [found for each in values for found in self._pieces(each)]
            case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) if name in self._known:
                return [found for each in self._known[name] for found in self._pieces(each)]
        return [((_name(node), True),)]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _joined(parts: list[list[_Pieces]]) -> list[_Pieces]:
    found = [tuple(piece for part in each for piece in part) for each in product(*parts)]
    return found if len(found) <= _MOST else found[:_MOST]


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=function, args=[first, *_]) if not isinstance(function, ast.Attribute):
            return _name(first) if not isinstance(first, ast.GeneratorExp) else _name(function)
        case ast.Call(func=ast.Attribute(attr="join"), args=[first, *_]):
            return _name(first)
        case ast.Call(func=ast.Attribute(value=value)):
            return _name(value)
        case ast.Subscript(value=value):
            return _name(value)
        case ast.BinOp(left=left):
            return _name(left)
    return "value"


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _counts(node: ast.Call) -> Iterator[str]:
    words = [str(each.value) for each in node.args[1:] if isinstance(each, ast.Constant)]
    if words:
        yield f"{{count}} {words[0]}"
        yield f"{{count}} {words[1] if len(words) > 1 else f'{words[0]}s'}"


def _is_sentence(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2,} [A-Za-z{]|\{\w+\} [a-z]{2}", text))
