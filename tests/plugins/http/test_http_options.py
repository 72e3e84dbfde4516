"""What `config check` says about a destination with backend http."""

import pytest
from appliance_upload_http import appliance_upload_backends
from appliance_upload_http.options import HttpOptions

from appliance.config.loader import parse
from appliance.config.settings import DestinationSettings
from appliance.errors import ConfigError
from appliance.plugin import BackendContext, Seconds

(TYPE,) = appliance_upload_backends()


def load(options: str, **environment: str) -> HttpOptions:
    text = "destinations:\n  web:\n    backend: http\n" + "".join(f"    {line}\n" for line in options.splitlines())
    settings = parse(text, "config.yaml", {DestinationSettings: {"http": HttpOptions}}, environment)
    found = settings.destinations["web"].options
    assert isinstance(found, HttpOptions)
    return found


def test_a_url_is_enough(tmp_path_factory: pytest.TempPathFactory) -> None:
    options = load("url: https://example.org/upload")
    assert options == HttpOptions("https://example.org/upload")
    backend = TYPE.create(options, BackendContext("web", "box", tmp_path_factory.getbasetemp()))
    assert not backend.proves
    backend.close()


def test_everything() -> None:
    options = load(
        """url: http://example.org/upload
allow_http: true
method: PATCH
field: audio
file_name: '{device}_{id}.wav'
fields: {box: '{device}', sha256: '{sha256}'}
headers: {X-Api-Key: !env KEY}
auth: {user: me, password: !env PASSWORD}
tls: {ca: /etc/ca.pem, certificate: /etc/box.pem}
timeouts: {connect: 5s, read: 2m, total: 3h}
expect: [200, 409]
proof: {json_pointer: /sha256}
digest: content-md5""",
        KEY="key",
        PASSWORD="word",
    )
    assert options.headers["X-Api-Key"].reveal() == "key"
    assert options.expect == (200, 409)
    assert options.timeouts.total == Seconds(3 * 3600)
    assert options.proof.wanted


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("url: http://example.org/upload", r"add the line `allow_http: true`"),
        ("url: example.org/upload", r"expected https://HOST/PATH"),
        ("url: https://", r"not a valid URL"),
        ("url: https://host:port/", r"not a valid URL"),
        ("url: https://me:word@example.org/", r"must not hold a password"),
        ("method: GET", r"PATCH"),
        ("headers: {Referer: https-my-box}", r"a box refers from nowhere"),
        ("headers: {Content-Type: x}", r"follows from"),
        ("headers: {idempotency-key: x}", r"follows from"),
        ("headers: {'X Y': x}", r"not a header name"),
        ('headers: {X: "a\\r\\nb"}', r"characters that a header cannot carry"),
        ("auth: {password: x}", r"no user"),
        ("auth: {bearer: x, user: y}", r"keep one"),
        ("auth: {bearer: x}\nheaders: {authorization: y}", r"keep one"),
        ("fields: {a: '{devise}'}", r"did you mean \{device\}"),
        ("file_name: '{'", r"braces"),
        ('auth: {bearer: "abc\\u2013def"}', r"auth.bearer.*copy it anew"),
        ("url: 'https://example.org/{devise}'", r"did you mean \{device\}"),
        ("success: {json_pointer: /sha, header: X}", r"keep one"),
        ("success: {json_pointer: sha}", r"begins with /"),
        ("expect: [301]", r"301"),
        ("proof: {json_pointer: sha}", r"begins with /"),
        ("proof: {json_pointer: /sha, header: X}", r"keep one"),
        ("timeouts: {read: 0s}", r"read"),
    ],
)
def test_what_cannot_work_is_said_in_words(options: str, words: str) -> None:
    if "url:" not in options:
        options = f"url: https://example.org/\n{options}"
    with pytest.raises(ConfigError, match=words) as caught:
        load(options)
    (problem,) = caught.value.problems
    assert problem.startswith("config.yaml:")


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "http://[::1]:8080/x", "http://localhost/x"])
def test_this_machine_needs_no_encryption(url: str) -> None:
    assert load(f'url: "{url}"').url == url


@pytest.mark.parametrize("token", ["abc\r", " abc\u00a0\n", "\ufeffabc"])
def test_what_a_copy_brings_along_is_no_part_of_a_secret(token: str) -> None:
    options = load("url: https://example.org/\nauth: {bearer: !env TOKEN}", TOKEN=token)
    assert options.auth.bearer is not None
    assert options.auth.bearer.reveal() == "abc"
