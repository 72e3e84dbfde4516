"""Sound over HTTP: of clips and messages, drawn as waveforms, and many clips as one archive."""

import os
from pathlib import Path
from urllib.parse import quote

from bottle import HTTPResponse, request

from appliance.errors import NotFound, Refused
from appliance.page import answers, listing
from appliance.page.downloads import Downloads
from appliance.page.encoder import ALBUM
from appliance.page.languages import _
from appliance.page.peaks import FULL_SCALE, Peaks
from appliance.page.pieces import of_file
from appliance.page.recorder import Recorder
from appliance.recipes import ENCRYPTED, ORIGINAL
from appliance.values import frozen


@frozen
class Media:
    """What is asked for by bytes rather than by words."""

    recorder: Recorder
    peaks: Peaks
    downloads: Downloads

    def sound(self, clip: str) -> HTTPResponse:
        """The file of a clip."""
        entry = self.recorder.call("clips.show", clip=clip)
        path = Path(entry["path"])
        name = quote(path.name) if request.query.get("download") else ""
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"} if name else {}
        tag = f"{clip}-{entry['clip']['size']}"
        if path.suffix != ENCRYPTED:
            return sound_file(path, tag, "audio/wav", headers)
        if not name:
            raise Refused(_("This is kept encrypted: whoever has the private key can hear it elsewhere."))
        return sound_file(path, f"{tag}{ENCRYPTED}", "application/octet-stream", headers)

    def track(self, track: int) -> HTTPResponse:
        """The file of a message."""
        last = self.recorder.call("feeds.list", limit=1, before=track + 1)
        found = [each for each in last if each["id"] == track]
        if not found:
            raise NotFound(f"there is no track {track}")
        return sound_file(Path(found[0]["path"]), str(found[0]["sha256"]), "application/octet-stream", {})

    def waveform(self, clip: str) -> HTTPResponse:
        """How loud a clip is from its beginning to its end."""
        entry = self.recorder.call("clips.show", clip=clip)
        path = Path(entry["path"])
        if path.suffix == ENCRYPTED:
            raise Refused(
                _(
                    "This is kept encrypted: whoever has the private key can hear it elsewhere. "
                    "There is no waveform of it here."
                )
            )
        answer = answers.as_json({"full": FULL_SCALE, "peaks": list(self.peaks.of(path))})
        answer.set_header("Cache-Control", "private, max-age=86400")
        return answer

    def archive(self) -> HTTPResponse:
        """Clips as one ZIP: those that are named, else those that are looked for, else all."""
        query = answers.query()
        named = request.query.getall("clip")
        found = [self.recorder.call("clips.show", clip=each) for each in named]
        found = found or list(self.recorder.clips(**listing.wanted(query)))
        if not found:
            raise NotFound("there are no such clips")
        if query.get("format", ORIGINAL.name) != ORIGINAL.name and any(
            each["path"].endswith(ENCRYPTED) for each in found
        ):
            raise Refused(
                _("Some of these are kept encrypted, and nothing can be made of them here. Take them as recorded.")
            )
        headers = {"Content-Type": "application/zip", "Cache-Control": "private, no-cache"}
        headers["Content-Disposition"] = 'attachment; filename="clips.zip"'
        if (format := query.get("format") or ORIGINAL.name) == ALBUM:
            status = self.recorder.call("status")
            album = self.downloads.album(found, status["device"], status["storage"]["free"])
            headers |= {"Content-Type": "audio/mpeg", "Content-Disposition": 'attachment; filename="album.mp3"'}
            return HTTPResponse(album, 200, headers)
        if format != ORIGINAL.name:
            return HTTPResponse(self.downloads.encoded(found, format), 200, headers)
        try:
            archive = self.downloads.as_recorded(found)
        except OSError as error:
            raise NotFound(f"the sound of a clip cannot be read: {error.filename}: {error.strerror}") from error
        code, first, count, told = answers.part(archive.size, archive.tag, *answers.ranges())
        return answers.sent(archive.read(first, count), code, headers | told)


def sound_file(path: Path, tag: str, type: str, headers: dict[str, str]) -> HTTPResponse:
    """Bytes of a file, as far as they are asked for. Raises NotFound."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(f"the sound of {path.stem} cannot be read: {error.strerror}") from error
    found = os.fstat(file.fileno())
    code, first, count, told = answers.part(found.st_size, f"{tag}-{found.st_mtime_ns:x}", *answers.ranges())
    told |= {"Content-Type": type, "Cache-Control": "private, no-cache", **headers}
    return answers.sent(of_file(file, first, count), code, told)
