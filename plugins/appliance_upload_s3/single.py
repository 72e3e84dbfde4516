"""A small file goes in one request."""

from functools import partial

from appliance.plugin import Receipt
from appliance_upload_s3.attempt import Attempt, describe
from appliance_upload_s3.bucket import Answer
from appliance_upload_s3.crew import Crew
from appliance_upload_s3.errors import Damaged, Exists
from appliance_upload_s3.proof import Proven, found_in, md5_of
from appliance_upload_s3.source import Source, Stretch, whole


def send_at_once(attempt: Attempt) -> Receipt:
    """One PUT that creates the object, with its SHA-256 for the server to check. On a thread, so that it can end."""
    answers: list[Answer] = []
    metadata = describe(attempt.job, attempt.part_size)
    media_type = attempt.job.rendition.recipe.media_type

    def send(stretch: Stretch) -> None:
        try:
            progress = partial(attempt.progress, 1)
            answer = attempt.bucket.put(attempt.key, stretch, media_type, metadata, progress)
        except Damaged:
            stretch.check_unchanged()
            raise
        answers.append(answer)

    crew = Crew(1, send, attempt.job.check_cancelled)
    source = Source(attempt.job.rendition, crew.check)
    try:
        if not attempt.bucket.abilities.conditional and (receipt := attempt.existing()) is not None:
            return receipt
        return _send(attempt, crew, whole(source), answers)
    finally:
        attempt.end()
        if crew.close():
            source.close()


def _send(attempt: Attempt, crew: Crew, stretch: Stretch, answers: list[Answer]) -> Receipt:
    try:
        crew.submit(stretch)
        crew.finish()
    except Exists as error:
        return attempt.taken(error)
    answer = answers[0]
    sha256 = stretch.sha256.hex()
    if found_in(answer, "sha256") == sha256:
        return attempt.receipt(Proven("sha256", sha256), answer)
    attempt.bucket.check_whole(answer, "ETag")
    attempt.bucket.learn(sha256=False)
    etag = md5_of(answer)
    if etag and etag != stretch.md5.hex():
        raise attempt.other_bytes()
    if etag:
        return attempt.receipt(Proven("md5", etag), answer)
    return attempt.existing(just_made=True) or attempt.receipt(None, answer)
