"""Titles and extensions for what comes from the web."""

import pytest
from appliance_fetch.naming import title_and_suffix
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("path", "headers", "title", "suffix"),
    [
        ("/a/Morning%20news.mp3?x=1", {}, "Morning news", ".mp3"),
        ("/a/Morning%20news.MP3", {"Content-Type": "audio/ogg"}, "Morning news", ".mp3"),
        ("/stream", {"Content-Type": "audio/x-wav; rate=8000"}, "stream", ".wav"),
        ("/v1.2", {"Content-Type": "audio/flac"}, "v1.2", ".flac"),
        ("/get.php", {"Content-Type": "audio/mpeg"}, "get.php", ".mp3"),
        ("/", {"Content-Type": "audio/mpeg"}, "example.org", ".mp3"),
        ("/x", {"Content-Disposition": 'attachment; filename="Grandma.ogg"'}, "Grandma", ".ogg"),
        ("/x", {"Content-Disposition": "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.opus"}, "Grüße", ".opus"),
        ("/x", {"Content-Disposition": 'attachment; filename="GrÃ¼Ã\x9fe.opus"'}, "Grüße", ".opus"),
        ("/x", {"Content-Disposition": 'attachment; filename="../../etc/cron.d/evil.mp3"'}, "evil", ".mp3"),
        ("/x", {"Content-Disposition": 'attachment; filename="C:\\\\temp\\\\evil.mp3"'}, "evil", ".mp3"),
        ("/x.mp3", {"Content-Disposition": "inline"}, "x", ".mp3"),
        ("/%2e%2e%2fx.exe", {}, "x.exe", ""),
    ],
)
def test_names(path: str, headers: dict[str, str], title: str, suffix: str) -> None:
    assert title_and_suffix(f"https://example.org{path}", headers) == (title, suffix)


@given(
    path=st.text(st.characters(exclude_characters="/?#[]", codec="utf-8")),
    disposition=st.one_of(st.text(), st.text().map(lambda name: f"attachment; filename*=UTF-8''{name}")),
    kind=st.text(),
)
def test_any_answer_gives_a_harmless_name(path: str, disposition: str, kind: str) -> None:
    headers = {"Content-Disposition": disposition, "Content-Type": kind}
    title, suffix = title_and_suffix(f"https://example.org/{path}", headers)
    assert title and title.isprintable() and "/" not in title and len(title) <= 120
    assert suffix == "" or suffix.startswith(".")
