"""From a request to its answer: body, inputs, records."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from medsift.core.limits import MIB
from medsift.core.record import Record
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.server.answers import (
    NDJSON,
    RecordStream,
    Stream,
    counts_of,
    encoded,
    scan_body,
    unless_gone,
)
from medsift.server.dispatch import Dispatcher
from medsift.server.gate import VISIT, Visit
from medsift.server.metrics import Metrics
from medsift.server.problems import (
    ProblemError,
    StorageFullError,
    invalid,
    malformed,
    problem_of,
    storage_full,
    too_large,
    unsupported,
)
from medsift.server.scanning import examine
from medsift.server.settings import Settings
from medsift.server.uploads import Body, RequestFolder, Spool, Upload, read_multipart, read_raw
from medsift.sources.inputs import Input

_JSON_BYTES = 1 * MIB
_LONGEST_URL = 8192
_URL = re.compile(r"https?://[^/\s]\S*", re.IGNORECASE)
_SINGLE = frozenset({"image", "svg", "dicom", "nifti", "metafile"})
"""Types of files that are pictures themselves."""


class Desk:
    """Answers requests while it is open.

    Parameters
    ----------
    settings : Settings
    metrics : Metrics
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._dispatcher: Dispatcher | None = None
        self._spool: Spool | None = None

    def open(self, dispatcher: Dispatcher, spool: Spool) -> None:
        """Begin to take on work."""
        self._dispatcher, self._spool = dispatcher, spool

    def close(self) -> None:
        """Take on no more work."""
        self._dispatcher, self._spool = None, None

    @property
    def ready(self) -> bool:
        """Whether there are workers to do it."""
        return self._dispatcher is not None and self._dispatcher.ready

    async def scan(self, request: Request, stream: bool) -> Response:
        """Answer with the records of all files or addresses.

        Raises
        ------
        ProblemError
        ClientGoneError
        """
        _check_query(request, frozenset({"stream"}))
        if _media_type(request) == "application/json":
            items = await self._addresses(request)
        else:
            uploads = await self._form(request, self._settings.files)
            if not uploads:
                raise invalid("the form holds no file")
            items = [Input(upload.name, path=upload.path) for upload in uploads]
        records = self._examine(items)
        if stream or NDJSON in request.headers.get("accept", ""):
            return RecordStream(records, self._metrics)
        found = await unless_gone(records, request.receive)
        self._check_room(found)
        counts = counts_of(found)
        self._take_note(request, found)
        return Response(scan_body(found, counts), media_type="application/json")

    async def classify(self, request: Request) -> Response:
        """Answer with the record of one picture.

        Raises
        ------
        ProblemError
        ClientGoneError
        """
        _check_query(request, frozenset())
        upload = await self._picture(request)
        with upload.path.open("rb") as file:
            file_type = sniff(file.read(HEAD_BYTES), upload.name)
        if file_type not in _SINGLE:
            what = "an empty file" if file_type == "empty" else f"a file of the type {file_type}"
            raise unsupported(f"{what} is no picture; /v1/scan looks inside of documents")
        records = self._examine([Input(upload.name, path=upload.path)])
        found = await unless_gone(records, request.receive)
        self._check_room(found)
        self._take_note(request, found)
        problem = problem_of(found[0])
        if problem is not None:
            raise problem
        return Response(encoded(found[0]), media_type="application/json")

    def _examine(self, items: Sequence[Input]) -> Stream:
        if self._dispatcher is None:
            raise _not_open()
        settings = self._settings
        return examine(self._dispatcher, items, settings.request_seconds, settings.batch)

    async def _picture(self, request: Request) -> Upload:
        media_type = _media_type(request)
        if media_type.startswith("multipart/"):
            uploads = await self._form(request, most=1)
            if len(uploads) != 1:
                raise invalid("the form holds no file")
            return uploads[0]
        if media_type.startswith("image/") or media_type in _RAW:
            body = self._body(request, self._settings.body_bytes)
            upload = await read_raw(body, self._folder(request))
            self._received(request, body, 1)
            return upload
        raise unsupported("send a form with a file, or a picture with its own media type")

    async def _form(self, request: Request, most: int) -> list[Upload]:
        if _media_type(request) != "multipart/form-data":
            raise unsupported("send a form with files (multipart/form-data)")
        body = self._body(request, self._settings.body_bytes)
        content_type = request.headers.get("content-type", "")
        uploads = await read_multipart(body, self._folder(request), content_type, most)
        self._received(request, body, len(uploads))
        return uploads

    async def _addresses(self, request: Request) -> list[Input]:
        if not self._settings.allow_urls:
            detail = "this service fetches no addresses; its operator may allow it"
            raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)
        body = self._body(request, min(_JSON_BYTES, self._settings.body_bytes))
        urls = _urls_in(await body.whole())
        if len(urls) > self._settings.files:
            raise too_large(f"more than {self._settings.files} addresses in one request")
        self._received(request, body, len(urls))
        return [Input(url) for url in urls]

    def _body(self, request: Request, longest: int) -> Body:
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise unsupported("compressed bodies are not read")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > longest:
            raise too_large(f"the body is longer than {longest} bytes")
        return Body(request.receive, self._settings, longest)

    def _folder(self, request: Request) -> RequestFolder:
        if self._spool is None:
            raise _not_open()
        folder = self._spool.new()
        visit: Visit = request.scope[VISIT]
        visit.clean_up.callback(folder.remove)
        return folder

    def _received(self, request: Request, body: Body, inputs: int) -> None:
        self._metrics.body_bytes.inc(body.size)
        visit: Visit = request.scope[VISIT]
        visit.notes |= {"body_bytes": body.size, "inputs": inputs}

    def _check_room(self, records: Sequence[Record]) -> None:
        """A disk that is full is a matter of the whole request, not of a picture."""
        if any(record.reason == StorageFullError.code for record in records):
            raise storage_full()

    def _take_note(self, request: Request, records: Sequence[Record]) -> None:
        self._metrics.count(records)
        visit: Visit = request.scope[VISIT]
        visit.notes["records"] = {k: n for k, n in counts_of(records).items() if n}


_RAW = frozenset({"application/dicom", "application/octet-stream"})


def _check_query(request: Request, known: frozenset[str]) -> None:
    """Refuse what would otherwise be passed over in silence, as a parameter with a slip."""
    if not known.issuperset(request.query_params):
        names = " and ".join(sorted(known)) or "none"
        raise invalid(f"the address has parameters that do not exist; there is {names}")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _urls_in(content: bytes) -> list[str]:
    try:
        row = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise malformed("the body is not JSON") from error
    urls = row.get("urls") if isinstance(row, dict) else None
    if not isinstance(urls, list) or not urls or set(row) != {"urls"}:
        raise invalid('the body must be {"urls": [...]} with at least one address')
    for url in urls:
        if not isinstance(url, str) or len(url) > _LONGEST_URL or not _URL.fullmatch(url):
            raise invalid("an address does not begin with http:// or https://, or is too long")
    return urls


def _not_open() -> ProblemError:
    detail = "the service is starting or stopping"
    headers = {"Retry-After": "1"}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers)
