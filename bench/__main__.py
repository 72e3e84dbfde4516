"""`python -m bench [NAME ...] [--quick]`: measure, print the table, and write it into docs/performance.md."""

import argparse
import sys
from collections.abc import Callable, Sequence

from bench import (
    answer,
    crowd,
    cuts,
    face,
    hour,
    inbox,
    live,
    outbox,
    page,
    phone,
    play,
    record,
    renditions,
    sooner,
    start,
    stop,
    together,
    upload,
    watched,
)
from bench.results import Result, table, write_page

Bench = Callable[[int, float], Sequence[Result]]

BENCHES: dict[str, Bench] = {
    "record": record.cost,
    "listening": record.listening,
    "armed": record.armed,
    "care": record.care,
    "stress": record.stress,
    "cuts": cuts.cuts,
    "splits": cuts.splits,
    "wide": cuts.wide,
    "flac": renditions.flac,
    "loudness": renditions.loudness,
    "play": play.play,
    "hour": hour.hour,
    "url": sooner.url,
    "lift": sooner.lift,
    "inbox": inbox.inbox,
    "pull": inbox.pull,
    "ready": start.ready,
    "events": answer.events,
    "press": answer.press,
    "face": face.face,
    "stop": stop.stop,
    "http": upload.http,
    "s3": upload.s3,
    "live": live.live,
    "outbox": outbox.outbox,
    "page": page.page,
    "paint": page.paint,
    "archive": phone.archive,
    "phone": phone.upload,
    "crowd": crowd.crowd,
    "together": together.together,
    "watched": watched.watched,
}
"""Each takes how often to measure, and by which factor to shorten what takes long."""


def main() -> int:
    """Run the benches; the exit code says whether every limit holds."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], help="which; all where none is named")
    parser.add_argument("--quick", action="store_true", help="once and shorter, and leave the page alone")
    arguments = parser.parse_args()
    rounds, scale = (1, 0.1) if arguments.quick else (3, 1.0)
    results: list[Result] = []
    for name in arguments.names or BENCHES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results += BENCHES[name](rounds, scale)
        print(table(results[-1:]).splitlines()[-1], file=sys.stderr)
    print(table(results))
    if not arguments.quick:
        write_page(results, "make bench")
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
