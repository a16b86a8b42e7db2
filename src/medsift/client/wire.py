"""What goes over the wire: calls, what the answers hold, and when to try again."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from medsift._version import __version__
from medsift.client.errors import ClientError, ServiceError, TransportError
from medsift.client.options import Options
from medsift.core.record import Record

FileLike: TypeAlias = "str | os.PathLike[str] | bytes | tuple[str, bytes]"
"""A path, the bytes of a file, or a name with bytes."""

_AGAIN = frozenset({429, 503})
_FIRST_WAIT = 0.5
_MOST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One request, so that it can be sent again."""

    method: str
    path: str
    files: tuple[tuple[str, tuple[str, bytes]], ...] = ()
    json: Mapping[str, Any] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """As ``build_request`` of httpx takes them."""
        found: dict[str, Any] = {
            "method": self.method,
            "url": self.path,
            "params": dict(self.parameters),
        }
        if self.files:
            found["files"] = list(self.files)
        if self.json is not None:
            found["json"] = self.json
        return found


def uploads(name: str, files: Iterable[FileLike]) -> tuple[tuple[str, tuple[str, bytes]], ...]:
    """Fields of a form.

    Raises
    ------
    ClientError
        A file cannot be read.
    """
    return tuple((name, _named(file, n)) for n, file in enumerate(files, 1))


def _named(file: FileLike, number: int) -> tuple[str, bytes]:
    if isinstance(file, tuple):
        return file
    if isinstance(file, bytes):
        return f"file {number}", file
    try:
        return Path(file).name, Path(file).read_bytes()
    except OSError as error:
        raise ClientError(f"cannot read {file}: {error.strerror}") from error


def settings(base_url: str, options: Options) -> dict[str, Any]:
    """What an httpx client of either sort is made with."""
    headers = {"user-agent": f"medsift-client/{__version__}"}
    if options.token:
        headers["authorization"] = f"Bearer {options.token}"
    return {
        "base_url": base_url,
        "headers": headers,
        "timeout": httpx.Timeout(options.timeout, connect=10.0),
        "follow_redirects": False,
    }


def wait_before(attempt: int, answer: httpx.Response | None, options: Options) -> float | None:
    """Seconds to wait before sending again; None where that is of no use.

    Parameters
    ----------
    attempt : int
        How often it was sent before.
    answer : httpx.Response or None
        None where the service could not be reached.
    options : Options
    """
    if attempt >= options.retries or (answer is not None and answer.status_code not in _AGAIN):
        return None
    # Twice as long each time, and never all clients at once.
    own = _FIRST_WAIT * 2.0**attempt * random.uniform(0.5, 1.0)  # noqa: S311  no secret
    asked = None if answer is None else _asked_for(answer.headers.get("retry-after", ""))
    return min(options.longest_wait, own if asked is None else max(asked, own / 2))


class Attempts:
    """What becomes of each attempt to send one call; sending and waiting are the transport's.

    Parameters
    ----------
    options : Options
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._made = 0

    def next(self, outcome: httpx.Response | httpx.HTTPError) -> httpx.Response | float:
        """The answer that stands, or the seconds to wait before the next attempt.

        Raises
        ------
        ServiceError
            The service answered with a problem, and asking again is of no use.
        TransportError
            There is no answer.
        """
        if isinstance(outcome, httpx.Response):
            if outcome.is_success:
                return outcome
            wait = wait_before(self._made, outcome, self._options)
            if wait is None:
                raise problem(outcome)
        elif isinstance(outcome, (httpx.ConnectError, httpx.ConnectTimeout)):
            wait = wait_before(self._made, None, self._options)
            if wait is None:
                raise TransportError("the service cannot be reached") from outcome
        else:
            # It may have been worked on: sending it again is for the caller to decide.
            raise TransportError("the service did not answer") from outcome
        self._made += 1
        return wait


def _asked_for(text: str) -> float | None:
    if text.isascii() and text.isdigit():
        return float(text[:6])
    try:
        at: datetime = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    then = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    seconds: float = (then - datetime.now(timezone.utc)).total_seconds()
    return max(0.0, seconds)


class Lines:
    """Cuts the pieces of a stream into lines.

    At line feeds alone: names of files may hold other characters that some take for ends of lines.
    """

    def __init__(self) -> None:
        self._rest = b""

    def fed(self, piece: bytes) -> list[bytes]:
        """The lines that are complete by now, and were not before."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines

    def end(self) -> None:
        """There are no more pieces.

        Raises
        ------
        ValueError
            The last line is not complete.
        """
        if self._rest:
            raise ValueError("the last line is not complete")


def problem(answer: httpx.Response) -> ServiceError:
    """The problem that an answer tells."""
    try:
        row = json.loads(answer.content)
        code, detail = str(row["code"]), str(row["detail"])
        return ServiceError(answer.status_code, code, detail, str(row.get("request_id", "")))
    except (ValueError, KeyError, TypeError):  # of a proxy, perhaps
        return ServiceError(answer.status_code, "http_error", answer.reason_phrase[:_MOST_DETAIL])


def record(row: Mapping[str, Any]) -> Record:
    """The record in a JSON object.

    Raises
    ------
    ClientError
        It is something else.
    """
    try:
        return Record.from_dict(row)
    except (TypeError, ValueError, AttributeError) as error:
        raise ClientError("the answer holds no record of medsift") from error


def records(content: bytes) -> list[Record]:
    """The records of a scan."""
    return [record(row) for row in parsed(content).get("records", ())]


def parsed(content: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises
    ------
    ClientError
        It is something else.
    """
    try:
        row = json.loads(content)
    except ValueError as error:
        raise ClientError("the answer is not JSON") from error
    if not isinstance(row, dict):
        raise ClientError("the answer is no JSON object")
    return row
