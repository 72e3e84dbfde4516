"""Keys: templates, their checks, and which keys are a box's own."""

import re
from pathlib import Path

import pytest
from appliance_upload_s3.keys import WORDS, check_template, own_keys, probe_key, render
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from appliance.plugin import BackendContext, UploadJob
from appliance.testing.backends import make_upload_job

CLOUD = BackendContext("cloud", "box", Path("/nonexistent"))
TEMPLATES = st.lists(
    st.sampled_from([f"{{{word}}}" for word in WORDS] + ["/", "a", "-", "{{", "}}", ".", "+", "("]), max_size=8
).map(lambda parts: "k" + "".join(parts) + "/{file_name}")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> UploadJob:
    name = "box-1_2027-01-15_09-00-00+0100_abcdefghij"
    made = make_upload_job(tmp_path_factory.mktemp("keys"), b"", name)
    assert made.clip
    return evolve(made, clip=evolve(made.clip, device="box-1"))


def test_default_carries_device_and_file_name(job: UploadJob) -> None:
    assert render("{device}/{file_name}", job.rendition, job.clip, CLOUD) == f"box-1/{job.rendition.file_name}"


def test_date_is_that_of_the_recording_where_it_was_made(job: UploadJob) -> None:
    assert job.clip
    eve = evolve(job.clip, started=evolve(job.clip.started, wall_ns=1_798_758_000_000_000_000, utc_offset=3600))
    assert render("{year}-{month}-{day}/{name}", job.rendition, eve, CLOUD).startswith("2027-01-01/")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{device}/clip.wav", "one key"),
        ("{hostname}/{file_name}", "hostname"),
        ("{file_name!r}", "file_name"),
        ("{file_name:>9}", "file_name"),
        ("{file_name.__class__}", "__class__"),
        ("{}/{file_name}", "is not one of"),
        ("{file_name", "template"),
        ("/{file_name}", "leave it out"),
    ],
)
def test_bad_templates_are_refused_in_words(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        check_template(template)


@given(template=TEMPLATES)
def test_every_rendered_key_is_recognised_as_own(job: UploadJob, template: str) -> None:
    check_template(template)
    key = render(template, job.rendition, job.clip, CLOUD)
    own = own_keys(template, "box-1")
    start, pattern = own
    assert key.startswith(start)
    assert pattern and pattern.fullmatch(key)


@pytest.mark.slow
@given(template=TEMPLATES)
def test_keys_of_a_box_with_a_longer_name_are_not_own(job: UploadJob, template: str) -> None:
    own = own_keys(template, "box")
    assert own[1] and not own[1].fullmatch(render(template, job.rendition, job.clip, CLOUD))


def test_probe_goes_beside_the_clips() -> None:
    assert probe_key("a/{device}/{file_name}", "box", "cloud", "123") == "a/box/.appliance-probe-123"
    assert probe_key("{file_name}", "box", "cloud", "123") == ".appliance-probe-123"
