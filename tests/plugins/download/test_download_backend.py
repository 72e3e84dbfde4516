"""The feed backend `urls` against a real server."""

from appliance_download.backend import UrlsBackend
from appliance_download.options import UrlsOptions

from tests.plugins.download.conftest import Inbox
from tests.plugins.receiver import Receiver, Reply

SOUND = bytes(range(256)) * 1000


def test_a_file_arrives_whole_and_once(receiver: Receiver, inbox: Inbox) -> None:
    receiver.replies += [
        Reply(200, {"ETag": '"one"', "Content-Type": "audio/mpeg"}, SOUND),
        Reply(304),
    ]
    backend = UrlsBackend(UrlsOptions((receiver.url("/Morning%20news.mp3?key=1"),)))
    backend.pull(inbox)
    backend.pull(inbox)
    (track,) = inbox.tracks
    assert (track.title, track.suffix, track.content) == ("Morning news", ".mp3", SOUND)
    assert receiver.seen[1].headers["if-none-match"] == '"one"'
