"""Sends a clip as a form and keeps what the server said."""

import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from appliance.plugin import CannotVerify, Permanent, Receipt, Rendition, Transient, UploadJob, shown_url
from appliance_upload_http.multipart import BLOCK, FormBody, content_md5
from appliance_upload_http.options import Algorithm, Digest, HttpOptions
from appliance_upload_http.proof import NoProof, check_proof
from appliance_upload_http.templates import fill

if TYPE_CHECKING:
    from appliance_http.transport import Answer, Client

_MOST_JSON = 1 << 20
_MOST_DETAIL = 2000

ANSWERS = {
    400: "it does not understand the form. Check field, fields and file_name",
    401: "it does not accept the credentials. Check auth and headers",
    403: "it forbids the upload. Check auth and headers, and the rights of that user",
    404: "nothing takes uploads there. Check url",
    405: "it takes no such request there. Check url and method",
    407: "the proxy wants credentials. Put them into HTTPS_PROXY",
    409: "it has something else in that place. Look at it, and at file_name and fields",
    410: "the place is gone for good. Set url to where it is now",
    413: "the file is too large for it. Raise its limit (nginx: client_max_body_size), or set deliver_as: flac or opus",
    415: "it does not take this kind of file. Set deliver_as to one that it takes",
    422: "it does not accept the form. Check field, fields and file_name",
    429: "it wants to be asked less often",
    503: "it is busy or down",
    507: "it is full",
}
_REDIRECTS = {301, 302, 303}
_PROBE_TELLS_NOTHING = {400, 405, 411, 415, 422, 501}


class HttpBackend:
    """Delivers to one form. What is verified is what the server proves by a checksum in its answer."""

    def __init__(
        self, options: HttpOptions, clock_trusted: Callable[[], bool] = lambda: True, block: int = BLOCK
    ) -> None:
        """`block` is how many bytes are handed over at once."""
        self._options = options
        self._block = block
        self._clock_trusted = clock_trusted
        self._host = urlsplit(options.url).hostname or options.url

    @property
    def proves(self) -> bool:
        return self._options.proof.wanted

    def deliver(self, job: UploadJob) -> Receipt:
        from appliance_http.transport import Request

        job.check_cancelled()
        body = self._body(job)
        request = Request(
            self._options.method,
            self._options.url,
            headers={"Content-Type": body.content_type, "Idempotency-Key": job.idempotency_key},
            private=self._private_headers(),
            body=body,
        )
        with self._client().exchange(request, job.check_cancelled) as answer:
            said = answer.head(_MOST_JSON)
        self._check_status(answer, said)
        if not body.complete:
            raise Transient(f"{self._host} answered {answer.status} before it had the whole file")
        return self._receipt(job, body, answer, said)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        raise CannotVerify(
            f"a form cannot be asked what became of {rendition.file_name}: look for {receipt.remote_name} on the server"
        )

    def probe(self) -> str:
        """Ask by OPTIONS what the place allows: it goes the whole way, credentials included, and makes no clip."""
        from appliance_http.transport import Request

        request = Request("OPTIONS", self._options.url, private=self._private_headers())
        with self._client().exchange(request, lambda: None) as answer:
            said = answer.head(_MOST_JSON)
        if not 200 <= answer.status <= 299 and answer.status not in _PROBE_TELLS_NOTHING:
            raise self._status_error(answer, said)
        allowed = answer.headers.get("Allow", "")
        return (
            f"{self._host} answers ({answer.status} {answer.reason}{', allows ' if allowed else ''}{allowed}); "
            "whether it takes a clip shows only with one"
        )

    def close(self) -> None:
        pass

    def _body(self, job: UploadJob) -> FormBody:
        options, rendition = self._options, job.rendition
        part_headers: dict[str, str] = {}
        if options.digest is Digest.REPR_DIGEST:
            part_headers["Repr-Digest"] = f"sha-256=:{_base64(bytes.fromhex(rendition.sha256))}:"
        elif options.digest is Digest.CONTENT_MD5:
            part_headers["Content-MD5"] = _base64(content_md5(rendition, job.check_cancelled))
        return FormBody(
            rendition,
            options.field,
            fill(options.file_name, job),
            fields={name: fill(text, job) for name, text in options.fields.items()},
            part_headers=part_headers,
            hash_md5=options.proof.wanted and options.proof.algorithm is Algorithm.MD5,
            progress=job.progress,
            check=job.check_cancelled,
            block=self._block,
        )

    def _client(self) -> "Client":
        from appliance_http.transport import KEEP_METHOD, Client

        options = self._options
        return Client(options.timeouts, options.tls, options.allow_http, KEEP_METHOD, self._clock_trusted)

    def _private_headers(self) -> dict[str, str]:
        headers = {name: value.reveal() for name, value in self._options.headers.items()}
        auth = self._options.auth
        if auth.bearer is not None:
            headers["Authorization"] = f"Bearer {auth.bearer.reveal()}"
        elif auth.user:
            password = auth.password.reveal() if auth.password is not None else ""
            headers["Authorization"] = f"Basic {_base64(f'{auth.user}:{password}'.encode())}"
        return headers

    def _check_status(self, answer: "Answer", said: bytes) -> None:
        wanted = self._options.expect or range(200, 300)
        if answer.status in wanted:
            return
        if 200 <= answer.status <= 299:
            raise Permanent(f"{self._host} answers {answer.status} {answer.reason}, which is not in the option expect")
        raise self._status_error(answer, said)

    def _status_error(self, answer: "Answer", said: bytes) -> Permanent | Transient:
        from appliance_http.statuses import status_error

        if answer.status in _REDIRECTS:
            target = shown_url(urljoin(answer.url, answer.headers.get("Location", "")))
            return Permanent(
                f"{self._host} answers {answer.status} {answer.reason}: a form that is redirected so loses its file. "
                f"Set url to the address that takes it; this one leads to {target}"
            )
        return status_error(answer.status, answer.reason, answer.headers, said, ANSWERS, self._host)

    def _check_proof(self, answer: "Answer", said: bytes, checksum: str) -> None:
        try:
            check_proof(self._options.proof, answer.headers, said, checksum)
        except NoProof as place:
            if not answer.bounded:
                raise Transient(f"{self._host} broke off before {place} had told a checksum") from place
            raise Permanent(
                f"{self._host} took the file, but {place} of its answer tells no checksum: check the section proof"
            ) from place

    def _receipt(self, job: UploadJob, body: FormBody, answer: "Answer", said: bytes) -> Receipt:
        proof = self._options.proof
        checksum = body.md5 if proof.algorithm is Algorithm.MD5 else job.rendition.sha256
        if proof.wanted:
            self._check_proof(answer, said, checksum)
        location = urljoin(answer.url, answer.headers["Location"]) if "Location" in answer.headers else ""
        detail = f"{answer.status} {answer.reason}".strip()
        if location:
            detail += f", Location: {location}"
        return Receipt(
            remote_name=location or fill(self._options.file_name, job),
            size=job.rendition.size,
            verified=proof.wanted,
            algorithm=proof.algorithm.value if proof.wanted else "",
            checksum=checksum if proof.wanted else "",
            received_at=time.time_ns(),
            detail=f"{detail}\n{said.decode('utf-8', errors='replace')}"[:_MOST_DETAIL].rstrip(),
        )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
