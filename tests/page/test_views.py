"""What pages are made with: templates that are read once, and keep nothing of what they have shown."""

import gc
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest

from appliance.page.views import rendered

FRAME = "<h1>{{title}}</h1>{{!base}}"
LIST = """% rebase("frame.tpl", title="All")
% def shown(each):
%   include("part.tpl", each=each)
% end
% for each in found:
% shown(each)
% end
"""


class Value(list[str]):
    """What a page shows, known to be gone."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "views"
    folder.mkdir()
    (folder / "frame.tpl").write_text(FRAME)
    (folder / "list.tpl").write_text(LIST)
    (folder / "part.tpl").write_text("<p>{{each}}</p>\n")
    (folder / "plain.tpl").write_text('% for each in found:\n% include("part.tpl", each=each)\n% end\n')
    return folder


@pytest.mark.parametrize(
    ("name", "wanted"), [("list", "<h1>All</h1><p>&lt;a&gt;</p>\n"), ("plain", "<p>&lt;a&gt;</p>\n")]
)
def test_what_a_page_showed_waits_for_no_collector(name: str, wanted: str, folder: Path) -> None:
    def show() -> tuple[str, "weakref.ref[Any]"]:
        value = Value(["<a>"])
        return rendered(str(folder), name, {"found": value}), weakref.ref(value)

    gc.disable()
    try:
        said, left = show()
        assert said == wanted
        assert left() is None
    finally:
        gc.enable()


def test_a_view_is_read_once(folder: Path) -> None:
    first = rendered(str(folder), "list", {"found": ["b"]})
    shutil.rmtree(folder)
    assert rendered(str(folder), "list", {"found": ["b"]}) == first
