"""From a request to its answer: body, inputs, records."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from medsift.classify.accept_spec import Bounds
from medsift.core.errors import UnsupportedError
from medsift.core.limits import MIB
from medsift.core.record import Record
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.server.answers import (
    NDJSON,
    RecordStream,
    Stream,
    counts_of,
    encoded,
    first_of_each,
    scan_body,
    unless_gone,
    wished,
)
from medsift.server.dispatch import Dispatcher
from medsift.server.metrics import Metrics
from medsift.server.middleware import VISIT, Visit
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
from medsift.server.remembered import Remembered
from medsift.server.scanning import examine, recalling
from medsift.server.settings import Settings
from medsift.server.uploads import (
    ReceivedFile,
    RequestBody,
    RequestFolder,
    UploadQuota,
    read_multipart,
    read_raw,
)
from medsift.server.wishes import PARAMETERS, Asked, Wishes
from medsift.sources.inputs import Input

_JSON_BYTES = 1 * MIB
_FORM_BYTES = 64 * 1024
"""What a form may need around its files."""
_DIGITS = 19
"""A length with more is beyond any limit, and Python may refuse to read it."""
_LONGEST_URL = 8192
_URL = re.compile(r"https?://[^/\s]\S*", re.IGNORECASE)
_SINGLE = frozenset({"image", "svg", "dicom", "nifti", "metafile"})
"""Types of files that are pictures themselves."""


class RequestHandler:
    """Answers requests while it is open.

    Parameters
    ----------
    settings : Settings
    metrics : Metrics
    bounds : mapping of str to Bounds
        From which probability on the model's card takes what is wanted.
    """

    def __init__(self, settings: Settings, metrics: Metrics, bounds: Mapping[str, Bounds]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._bounds = bounds
        self._remembered = Remembered(settings.remember)
        self._dispatcher: Dispatcher | None = None
        self._quota: UploadQuota | None = None

    def open(self, dispatcher: Dispatcher, quota: UploadQuota) -> None:
        """Begin to take on work."""
        self._dispatcher, self._quota = dispatcher, quota

    def close(self) -> None:
        """Take on no more work."""
        self._dispatcher, self._quota = None, None

    @property
    def ready(self) -> bool:
        """Whether there are workers to do it."""
        return self._dispatcher is not None and self._dispatcher.ready

    async def scan(self, request: Request, asked: Asked, stream: bool) -> Response:
        """Answer with the records of all files or addresses.

        Raises
        ------
        ProblemError
        ClientGoneError
        """
        wishes = self._wishes(request, asked, "stream")
        if _media_type(request) == "application/json":
            items = await self._addresses(request)
        else:
            items = await self._files(request, self._settings.files, pages=True)
        records = self._examine(items, wishes, self._settings.batch)
        return await self._records(request, records, stream)

    async def classify_batch(self, request: Request, asked: Asked, stream: bool) -> Response:
        """Answer with one record for each picture of a form.

        Raises
        ------
        ProblemError
        ClientGoneError
        """
        wishes = self._wishes(request, asked, "stream")
        files = await self._files(request, self._settings.pictures, pages=False)
        items = [_only_a_picture(item) for item in files]
        # One request may keep all workers busy: its pictures are small, and others get between.
        ahead = 2 * self._settings.batch * self._settings.scan_options.worker_count
        records = first_of_each(self._examine(items, wishes, ahead))
        return await self._records(request, records, stream)

    async def classify(self, request: Request, asked: Asked) -> Response:
        """Answer with the record of one picture.

        Raises
        ------
        ProblemError
        ClientGoneError
        """
        wishes = self._wishes(request, asked)
        upload = await self._picture(request)
        item = _only_a_picture(Input(upload.name, path=upload.path))
        if item.error is not None:
            raise unsupported(str(item.error))
        records = self._examine([item], wishes, self._settings.batch)
        found = await unless_gone(records, request.receive)
        self._check_room(found)
        self._take_note(request, found)
        problem = problem_of(found[0])
        if problem is not None:
            raise problem
        return Response(encoded(found[0]), media_type="application/json")

    def _wishes(self, request: Request, asked: Asked, *more: str) -> Wishes:
        _check_query(request, PARAMETERS | set(more))
        return Wishes.of(asked, self._settings, self._bounds)

    def _examine(self, items: Sequence[Input], wishes: Wishes, ahead: int) -> Stream:
        if self._dispatcher is None:
            raise _not_open()
        dispatcher, seconds = self._dispatcher, self._settings.request_seconds

        def fresh(items: Sequence[Input]) -> Stream:
            return examine(dispatcher, items, seconds, ahead)

        if self._remembered.is_on:
            return wished(recalling(items, fresh, self._remembered, self._metrics), wishes)
        return wished(fresh(items), wishes)

    async def _records(self, request: Request, records: Stream, stream: bool) -> Response:
        if stream or NDJSON in request.headers.get("accept", ""):
            return RecordStream(records, self._metrics)
        found = await unless_gone(records, request.receive)
        self._check_room(found)
        self._take_note(request, found)
        return Response(scan_body(found, counts_of(found)), media_type="application/json")

    async def _files(self, request: Request, most: int, pages: bool) -> list[Input]:
        uploads = await self._form(request, most, pages)
        if not uploads:
            raise invalid("the form holds no file")
        return [Input(upload.name, path=upload.path) for upload in uploads]

    async def _picture(self, request: Request) -> ReceivedFile:
        media_type = _media_type(request)
        if media_type.startswith("multipart/"):
            uploads = await self._form(request, most=1, pages=False)
            if len(uploads) != 1:
                raise invalid("the form holds no file")
            return uploads[0]
        if media_type.startswith("image/") or media_type in _RAW:
            body = self._body(request, self._settings.body_bytes)
            upload = await read_raw(body, self._folder(request, pages=False))
            self._received(request, body, 1)
            return upload
        raise unsupported("send a form with a file, or a picture with its own media type")

    async def _form(self, request: Request, most: int, pages: bool) -> list[ReceivedFile]:
        if _media_type(request) != "multipart/form-data":
            raise unsupported("send a form with files (multipart/form-data)")
        body = self._body(request, self._settings.body_bytes)
        content_type = request.headers.get("content-type", "")
        folder = self._folder(request, pages)
        uploads = await read_multipart(body, folder, content_type, most)
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

    def _body(self, request: Request, longest: int) -> RequestBody:
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise unsupported("compressed bodies are not read")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:_DIGITS]) > longest:
            raise too_large(f"the body is longer than {longest} bytes")
        if announced.isdecimal() and self._quota is not None:
            self._quota.check(int(announced[:_DIGITS]) - _FORM_BYTES)
        return RequestBody(request.receive, self._settings, longest)

    def _folder(self, request: Request, pages: bool) -> RequestFolder:
        if self._quota is None:
            raise _not_open()
        folder = self._quota.new(pages)
        visit: Visit = request.scope[VISIT]
        visit.clean_up.callback(folder.remove)
        return folder

    def _received(self, request: Request, body: RequestBody, inputs: int) -> None:
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


def _only_a_picture(item: Input) -> Input:
    """The same input, or with its error where it is no picture itself."""
    if item.path is None:
        return item
    with item.path.open("rb") as file:
        file_type = sniff(file.read(HEAD_BYTES), item.source)
    if file_type in _SINGLE:
        return item
    what = "an empty file" if file_type == "empty" else f"a file of the type {file_type}"
    text = f"{what} is no picture; /v1/scan looks inside of documents"
    return replace(item, path=None, error=UnsupportedError(text))


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
