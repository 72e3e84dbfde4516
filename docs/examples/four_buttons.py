"""Four buttons at a prompt: record or stop, pause or go on, play back, upload, and download and play.

python docs/examples/four_buttons.py UPLOAD_URL DOWNLOAD_URL
"""

import sys

from appliance import Player, Recorder, Recording, upload_file
from appliance.errors import ApplianceError

HELP = "r record or stop, p pause or go on, b play back, u upload, d download and play, q quit: "


def press(button: str, recorder: Recorder, player: Player, last: list[Recording], urls: list[str]) -> str:
    """Do what a button says; what to show."""
    match button:
        case "r" if recorder.recording:
            last[:] = [recorder.stop()]
            return f"{last[0].path.name}: {last[0].seconds:.1f} s, {last[0].verdict}"
        case "r":
            return f"recording, {recorder.start()}"
        case "p" if recorder.paused:
            recorder.resume()
            return "recording goes on"
        case "p":
            recorder.pause()
            return "paused"
        case "b" if last:
            player.play(last[0].path)
            return f"playing {player.duration:.1f} s"
        case "u" if last:
            receipt = upload_file(last[0], urls[0], fields={"seconds": "{seconds}"}, on_progress=show)
            return f"arrived as {receipt.remote_name}"
        case "d":
            player.play(urls[1]).wait()
            return "played"
    return HELP


def show(sent: int, size: int) -> None:
    """How far the upload is."""
    print(f"{100 * sent // size} %", end="\r")


def main(urls: list[str]) -> None:
    """Press buttons until somebody quits."""
    last: list[Recording] = []
    with Recorder("recordings", max_duration=600) as recorder, Player() as player:
        for line in iter(lambda: input(HELP), "q"):
            try:
                print(press(line, recorder, player, last, urls))
            except ApplianceError as error:
                print(error)


if __name__ == "__main__":
    main(sys.argv[1:])
