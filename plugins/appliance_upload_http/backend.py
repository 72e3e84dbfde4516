"""Sends a clip as a form, or as it is, and keeps what the server said."""

import base64
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from appliance_http.body import BLOCK, FileBody, FormBody, Held, content_md5

from appliance.plugin import CannotVerify, Permanent, Receipt, Rendition, Transient, UploadJob, shown_url, sidecars_of
from appliance_upload_http.answer import ANSWERS, check_answer, is_page
from appliance_upload_http.deletion import delete_at, is_gone, place_of
from appliance_upload_http.note import note_of, taken
from appliance_upload_http.options import SEE_OTHER, Algorithm, Digest, HttpOptions
from appliance_upload_http.proof import NoProof, check_proof
from appliance_upload_http.templates import TELLING_APART, beside, fill, words_in

if TYPE_CHECKING:
    from appliance_http.transport import Answer, Client

_MOST_JSON = 1 << 20
_MOST_DETAIL = 2000

_LEARNED = "patience"
_KEEPS = {409, 412}
"""Statuses of a server that overwrites nothing."""

_REDIRECTS = {301, 302, 303}
_PROBE_TELLS_NOTHING = {400, 405, 411, 415, 422, 501}


class HttpBackend:
    """Delivers to one place. What is verified is what the server proves by a checksum in its answer."""

    def __init__(
        self, options: HttpOptions, clock_trusted: Callable[[], bool] = lambda: True, block: int = BLOCK
    ) -> None:
        """`block` is how many bytes are handed over at once."""
        self._options = options
        self._url = _place_of_its_own(options.url) if options.method == "PUT" else options.url
        self._block = block
        self._clock_trusted = clock_trusted
        self._host = urlsplit(options.url).hostname or options.url
        self._patience = 0.0
        """Seconds to wait for an answer, where the server has needed more than `timeouts.read` before."""

    @property
    def proves(self) -> bool:
        return self._options.proof.wanted

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        url = fill(self._url, job, partial(quote, safe=""))
        if not (self._options.sidecar and job.sidecar):
            return self._send(job, url)
        if receipt := taken(job.resume, url, job.rendition.sha256):
            job.held(job.rendition.size)
            job.progress(job.rendition.size)
        else:
            receipt = self._send(job, url)
            job.save_resume(note_of(receipt, url, job.rendition.sha256))
        self._put_sidecar(job, url)
        return receipt

    def _send(self, job: UploadJob, url: str) -> Receipt:
        from appliance_http.errors import is_silence
        from appliance_http.transport import Request

        body = self._body(job)
        headers = {"Idempotency-Key": job.idempotency_key, **body.headers}
        request = Request(self._options.method, url, headers=headers, private=self._private_headers(), body=body)
        self._patience = max(self._patience, _learned(job.resume))
        client = self._client(self._patience or None)
        try:
            with client.exchange(request, job.check_cancelled) as answer:
                job.answered(answer.status, answer.headers)
                said = answer.head(_MOST_JSON)
        except Transient as error:
            if body.complete and is_silence(error.__cause__):
                raise self._more_patient(client, job) from error
            raise
        expected = self._options.expect
        if body.complete and self._leads_to_answer(answer):
            answer, said = self._follow(client, answer, job)
            expected = ()
        self._check_status(answer, said, expected)
        if not body.complete:
            raise Transient(f"{self._host} answered {answer.status} before it had the whole file")
        return self._receipt(job, url, body, answer, said)

    def _put_sidecar(self, job: UploadJob, place: str) -> None:
        """Put what is known of the clip beside it; what was known before may be there."""
        from appliance_http.transport import Request

        url = beside(place, job.rendition.recipe.suffix)
        headers = {"Content-Type": "application/json"}
        request = Request("PUT", url, headers=headers, private=self._private_headers(), body=Held(job.sidecar))
        with self._client().exchange(request, job.check_cancelled) as answer:
            if answer.status not in _KEEPS:
                self._check_status(answer, answer.head(_MOST_JSON), self._options.expect)

    def _more_patient(self, client: "Client", job: UploadJob) -> Transient:
        """The server has the whole file and works on it for longer than was waited: next time wait longer."""
        waited = client.answer or self._options.timeouts.read
        self._patience = min(2 * waited, self._options.timeouts.total)
        job.save_resume({_LEARNED: self._patience})
        return Transient(
            f"{self._host} went silent: it took the whole file and did not answer within {waited:g} s. It may have it; "
            "a server that knows a repeated Idempotency-Key keeps one copy. The next attempt waits "
            f"{self._patience:g} s: make it faster, or set a longer timeouts.read",
            tell=True,
        )

    def _leads_to_answer(self, answer: "Answer") -> bool:
        """Whether the answer is somewhere else (Post/Redirect/Get)."""
        options = self._options
        is_judged = options.success.wanted or options.proof.wanted or answer.status not in options.expect
        return is_judged and answer.status in SEE_OTHER and bool(answer.headers.get("Location"))

    def _follow(self, client: "Client", answer: "Answer", job: UploadJob) -> "tuple[Answer, bytes]":
        """Get the answer that the server has in another place. The file was taken; it is not sent again."""
        from appliance_http.transport import Request, same_origin

        url = client.follows(answer.url, answer.headers["Location"])
        private = self._private_headers() if same_origin(url, answer.url) else {}
        with client.exchange(Request("GET", url, private=private), job.check_cancelled) as found:
            return found, found.head(_MOST_JSON)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        raise CannotVerify(
            f"a form cannot be asked what became of {rendition.file_name}: look for {receipt.remote_name} on the server"
        )

    def delete(self, receipt: Receipt) -> None:
        """Ask for that (RFC 9110, 9.3.5), and look whether it is gone."""
        from appliance_http.transport import same_origin

        place = place_of(receipt.remote_name, self._url)
        if place is None or not same_origin(place, self._url):
            raise Permanent(f"{self._host} has not told where it keeps {receipt.remote_name}: delete it there by hand")
        self._delete(place)
        for other in sidecars_of(place.partition("?")[0]) if self._options.sidecar else ():
            there = place_of(other, self._url) or other
            if not is_gone(self._client(), there, self._private_headers()) and self._delete(there):
                break

    def _delete(self, place: str) -> bool:
        return delete_at(self._client(), place, self._private_headers(), self._host)

    def probe(self) -> str:
        """Ask by OPTIONS what the place allows: it goes the whole way, credentials included, and makes no clip."""
        from appliance_http.transport import Request

        place = self._url
        if words_in(place):
            place = place.partition("{")[0].rpartition("/")[0] + "/"
        request = Request("OPTIONS", place, private=self._private_headers())
        with self._client().exchange(request, lambda: None) as answer:
            said = answer.head(_MOST_JSON)
        if not 200 <= answer.status <= 299 and answer.status not in _PROBE_TELLS_NOTHING:
            raise self._status_error(answer, said)
        allowed = answer.headers.get("Allow", "")
        if answer.status == 200 and not allowed and is_page(answer.headers, said):
            raise Transient(f"{self._host} answers with a web page: has this network a login page? Else check url")
        return (
            f"{self._host} answers ({answer.status} {answer.reason}{', allows ' if allowed else ''}{allowed}); "
            "whether it takes a clip shows only with one"
        )

    def close(self) -> None:
        pass

    def _body(self, job: UploadJob) -> FileBody:
        options = self._options
        watched: dict[str, Any] = {"progress": job.progress, "check": job.check_cancelled, "block": self._block}
        hash_md5 = options.proof.wanted and options.proof.algorithm is Algorithm.MD5
        if options.method == "PUT":
            return FileBody(job.rendition, self._digest(job), hash_md5=hash_md5, **watched)
        return FormBody(
            job.rendition,
            options.field,
            fill(options.file_name, job),
            fields={name: fill(text, job) for name, text in options.fields.items()},
            part_headers=self._digest(job),
            hash_md5=hash_md5,
            **watched,
        )

    def _digest(self, job: UploadJob) -> dict[str, str]:
        """The header that tells the file's checksum."""
        match self._options.digest:
            case Digest.REPR_DIGEST:
                return {"Repr-Digest": f"sha-256=:{_base64(bytes.fromhex(job.rendition.sha256))}:"}
            case Digest.CONTENT_MD5:
                return {"Content-MD5": _base64(content_md5(job.rendition, job.check_cancelled))}
            case Digest.NONE:
                return {}

    def _client(self, answer: float | None = None) -> "Client":
        from appliance_http.transport import KEEP_METHOD, Client

        options = self._options
        return Client(options.timeouts, options.tls, options.allow_http, KEEP_METHOD, self._clock_trusted, answer)

    def _private_headers(self) -> dict[str, str]:
        headers = {name: value.reveal() for name, value in self._options.headers.items()}
        auth = self._options.auth
        if auth.bearer is not None:
            headers["Authorization"] = f"Bearer {auth.bearer.reveal()}"
        elif auth.user:
            password = auth.password.reveal() if auth.password is not None else ""
            headers["Authorization"] = f"Basic {_base64(f'{auth.user}:{password}'.encode())}"
        return headers

    def _check_status(self, answer: "Answer", said: bytes, expected: Collection[int]) -> None:
        wanted = expected or range(200, 300)
        if answer.status in wanted:
            return
        if 200 <= answer.status <= 299:
            raise Permanent(f"{self._host} answers {answer.status} {answer.reason}, which is not in the option expect")
        raise self._status_error(answer, said)

    def _status_error(self, answer: "Answer", said: bytes) -> Permanent | Transient:
        from appliance_http.statuses import status_error

        if answer.status in _REDIRECTS:
            target = shown_url(_told_place(answer) or answer.url)
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

    def _receipt(self, job: UploadJob, url: str, body: FileBody, answer: "Answer", said: bytes) -> Receipt:
        proof, success = self._options.proof, self._options.success
        if success.wanted or (answer.status not in SEE_OTHER and not proof.wanted):
            check_answer(success, answer.headers, said, self._host, answer.status)
        checksum = body.md5 if proof.algorithm is Algorithm.MD5 else job.rendition.sha256
        if proof.wanted:
            self._check_proof(answer, said, checksum)
        location = _place(_told_place(answer)) if 0 < len(answer.headers.get("Location", "")) <= _MOST_DETAIL else ""
        detail = f"{answer.status} {answer.reason}".strip()
        if location:
            detail += f", Location: {location}"
        return Receipt(
            remote_name=location or (shown_url(url) if words_in(self._url) else fill(self._options.file_name, job)),
            size=job.rendition.size,
            verified=proof.wanted,
            algorithm=proof.algorithm.value if proof.wanted else "",
            checksum=checksum if proof.wanted else "",
            received_at=time.time_ns(),
            detail=f"{detail}\n{said.decode('utf-8', errors='replace')}"[:_MOST_DETAIL].rstrip(),
        )


def _learned(note: Mapping[str, object] | None) -> float:
    """Seconds that an attempt before a restart found the server to need; 0 where there is none."""
    seconds = (note or {}).get(_LEARNED)
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < inf else 0.0


def _place_of_its_own(url: str) -> str:
    """What is PUT replaces what is at its URL: one that tells no two clips apart is a folder, which gets the name."""
    if words_in(url) & TELLING_APART:
        return url
    place, mark, query = url.partition("?")
    return f"{place.rstrip('/')}/{{file_name}}{mark}{query}"


def _told_place(answer: "Answer") -> str:
    """Where the server says that it is; empty where that makes no sense."""
    try:
        return urljoin(answer.url, answer.headers.get("Location", ""))
    except ValueError:
        return ""


def _place(url: str) -> str:
    """The URL of what was stored, without the query, which may hold keys to it."""
    return url.partition("#")[0].partition("?")[0]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
