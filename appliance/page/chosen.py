"""What is done with all clips that somebody has chosen in the list, and how it is taken back."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode

from bottle import HTTPResponse, request

from appliance.errors import ApplianceError, NotFound, Refused, UsageError
from appliance.page.answers import API
from appliance.page.languages import _
from appliance.page.listing import SEARCH
from appliance.page.recorder import Recorder
from appliance.page.sentences import sentence
from appliance.values import frozen

LIST = "/clips"
CHOSEN = f"{LIST}/chosen"
"""What the paths begin with."""


@frozen
class Chosen:
    """Asks the recorder for one clip after the other: what one of them cannot, the others can."""

    recorder: Recorder

    def done(self, what: str) -> HTTPResponse:
        """What a button of the form says; then back to the list as it was looked for. Raises ApplianceError."""
        ways: Mapping[str, Callable[[list[str]], list[tuple[str, str]]]] = {
            "label": self._label,
            "deliver": self._deliver,
            "approve": self._approve,
            "delete": self._delete,
            "restore": self._restore,
        }
        clips = request.forms.getall("clip")
        if what == "download":
            return _to(f"{API}/clips.zip", [*_asked("format", *SEARCH), *(("clip", clip) for clip in clips)])
        if what not in ways:
            raise NotFound(_("There is no such page."))
        if not clips:
            raise UsageError(_("No clip is chosen. Tick the boxes before those that you mean."))
        return _to(LIST, [*_asked("after", *SEARCH), *ways[what](clips)])

    def _label(self, clips: list[str]) -> list[tuple[str, str]]:
        more = [text for each in _text("labels").split(",") if (text := each.strip())]
        if not more:
            raise UsageError(_("No label was given. Write one, or several with commas between."))

        def label(clip: str) -> None:
            has = self.recorder.call("clips.show", clip=clip)["clip"]["labels"]
            self.recorder.call("clips.label", clip=clip, labels=[*has, *(each for each in more if each not in has)])

        return _each(clips, label)

    def _deliver(self, clips: list[str]) -> list[tuple[str, str]]:
        self.recorder.call("clips.deliver", clips=clips, to=_text("to"))
        return []

    def _approve(self, clips: list[str]) -> list[tuple[str, str]]:
        return _each(clips, lambda clip: self.recorder.call("clips.approve", clip=clip, approved=True))

    def _delete(self, clips: list[str]) -> list[tuple[str, str]]:
        _each(clips, lambda clip: self.recorder.call("clips.delete", clip=clip))
        return [("trashed", clip) for clip in clips]

    def _restore(self, clips: list[str]) -> list[tuple[str, str]]:
        return _each(clips, lambda clip: self.recorder.call("clips.restore", clip=clip))


def _each(clips: list[str], do: Callable[[str], object]) -> list[tuple[str, str]]:
    """Do it with every clip. Raises Refused, which says with how many it went wrong, and why with the first."""
    wrong: list[ApplianceError] = []
    for clip in clips:
        try:
            do(clip)
        except ApplianceError as error:
            wrong.append(error)
    if len(clips) == 1 and wrong:
        raise wrong[0]
    if wrong:
        said = _("{done} of {count} clips are done. The others: {error}")
        count = len(clips)
        raise Refused(said.format(done=count - len(wrong), count=count, error=sentence(str(wrong[0]))))
    return []


def _text(name: str) -> str:
    return request.forms.getunicode(name) or ""


def _asked(*names: str) -> list[tuple[str, str]]:
    return [(name, text) for name in names if (text := _text(name))]


def _to(path: str, query: Iterable[tuple[str, str]]) -> HTTPResponse:
    told = urlencode([*query])
    return HTTPResponse(status=303, headers={"Location": f"{path}?{told}" if told else path})
