"""Answers that say what went wrong: problem+json (RFC 9457) with the codes of records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from medsift.core.errors import (
    CrashedError,
    DecodeError,
    EncryptedError,
    FetchError,
    InputError,
    LimitError,
    MedsiftError,
    NotFoundError,
    TimedOutError,
    UnreadableError,
    UnsupportedError,
)
from medsift.core.record import Record

MEDIA_TYPE = "application/problem+json"

# What the fault of a single input means for a request that is about nothing else.
_STATUS_OF_FAULT: dict[str, int] = {
    CrashedError.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    DecodeError.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    EncryptedError.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    FetchError.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    LimitError.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotFoundError.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    TimedOutError.code: HTTPStatus.REQUEST_TIMEOUT,
    UnreadableError.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnsupportedError.code: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "storage_full": HTTPStatus.INSUFFICIENT_STORAGE,
}


class StorageFullError(InputError):
    """There is no room left in the temporary folder."""

    code = "storage_full"


class ProblemError(MedsiftError):
    """A request cannot be answered as asked.

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        Stable, machine-readable name; that of the ``error`` field of records where it is about
        an input.
    detail : str
        A sentence for people. Nothing of the content of the request.
    headers : mapping of str to str
        Sent with the answer.
    """

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    def body(self, request_id: str = "") -> bytes:
        """The answer, as JSON."""
        row = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if request_id:
            row["request_id"] = request_id
        return json.dumps(row, ensure_ascii=False).encode()


def malformed(detail: str) -> ProblemError:
    """The body is not what its headers say: 400."""
    return ProblemError(HTTPStatus.BAD_REQUEST, "malformed_request", detail)


def invalid(detail: str) -> ProblemError:
    """The request is well-formed, but asks for something that does not exist: 422."""
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail)


def too_large(detail: str) -> ProblemError:
    """More than a limit allows: 413."""
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, LimitError.code, detail)


def unsupported(detail: str) -> ProblemError:
    """A media type that is not read here: 415."""
    return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, UnsupportedError.code, detail)


def timed_out(detail: str) -> ProblemError:
    """The body, or the work on it, took too long: 408."""
    return ProblemError(HTTPStatus.REQUEST_TIMEOUT, TimedOutError.code, detail)


def busy(detail: str) -> ProblemError:
    """No more can be taken on at the moment: 429."""
    return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, {"Retry-After": "1"})


def storage_full() -> ProblemError:
    """There is no room for the upload: 507."""
    detail = "there is no room left in the temporary folder of the service"
    return ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, StorageFullError.code, detail)


def problem_of(record: Record) -> ProblemError | None:
    """The problem of a request about one input only; None where the record is an answer.

    A picture that was left out for what it shows (``too_small``, ``blank``) is an answer.
    """
    known = record.reason in _STATUS_OF_FAULT
    if record.status == "ok" or (record.status == "skipped" and not known):
        return None
    status = _STATUS_OF_FAULT.get(record.reason, HTTPStatus.UNPROCESSABLE_ENTITY)
    _, _, sentence = record.error.partition(": ")
    return ProblemError(status, record.reason or "undecodable", sentence or record.error)
