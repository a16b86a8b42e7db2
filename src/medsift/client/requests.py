"""What can be asked of the service: requests as values, each with the reader of its answer.

Nothing here sends anything. Both clients are made of these functions, see :func:`as_method`: their
methods have the parameters and the words that stand here, and hand the value to their transport.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from medsift.client import wire
from medsift.client.options import parameters
from medsift.client.wire import Call, FileLike
from medsift.core.errors import UsageError
from medsift.core.record import Record

Answer = TypeVar("Answer")
Function = TypeVar("Function", bound=Callable[..., Any])

Wanted: TypeAlias = "str | Iterable[str] | None"
"""Kinds or groups; a text holds them separated by commas."""

READY = Call("GET", "/readyz")


@dataclass(frozen=True, slots=True)
class Request(Generic[Answer]):
    """What is asked, and how the answer is read.

    Attributes
    ----------
    call : Call
    read : callable
        From the body of the answer; of a stream from each of its lines.
    """

    call: Call
    read: Callable[[bytes], Answer]


def classify(
    file: FileLike, *, accept: Wanted = None, threshold: float | None = None
) -> Request[Record]:
    """The record of one picture: a path, bytes, or a name with bytes."""
    files = wire.uploads("file", [file])
    call = Call("POST", "/v1/classify", files, parameters=parameters(accept, threshold))
    return Request(call, _record)


def classify_batch(
    files: Iterable[FileLike], *, accept: Wanted = None, threshold: float | None = None
) -> Request[list[Record]]:
    """One record for each of many small pictures, in their order."""
    found = wire.uploads("files", files)
    if not found:
        raise UsageError("there is no file to send")
    call = Call("POST", "/v1/classify/batch", found, parameters=parameters(accept, threshold))
    return Request(call, wire.records)


def scan(
    files: Iterable[FileLike] = (),
    *,
    urls: Iterable[str] = (),
    accept: Wanted = None,
    threshold: float | None = None,
) -> Request[list[Record]]:
    """All records of files, or of what lies at addresses, in their order."""
    return Request(_scan(files, urls, parameters(accept, threshold)), wire.records)


def stream(
    files: Iterable[FileLike] = (),
    *,
    urls: Iterable[str] = (),
    accept: Wanted = None,
    threshold: float | None = None,
) -> Request[Record]:
    """Records of a scan, each as soon as the service knows it.

    An iteration that comes to its end is complete; one that breaks off raises
    :class:`TransportError`, and is not begun anew.
    """
    return Request(_scan(files, urls, parameters(accept, threshold, stream=True)), _line)


def model() -> Request[dict[str, Any]]:
    """The model, its kinds, and the limits of the service."""
    return Request(Call("GET", "/v1/model"), wire.parsed)


def as_method(method: Function, build: Callable[..., Request[Any]], answer: str = "{}") -> Function:
    """Give a method of a client the name, words and parameters of the request that it sends.

    Parameters
    ----------
    method : callable
        Takes the client, and what the request is made of.
    build : callable
        Makes the request.
    answer : str
        What the method gives, around what is read from the answer.
    """
    signature = inspect.signature(build)
    read = str(signature.return_annotation).removeprefix("Request[").removesuffix("]")
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    functools.update_wrapper(method, build)
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[own, *signature.parameters.values()], return_annotation=answer.format(read)
    )
    return method


def _scan(files: Iterable[FileLike], urls: Iterable[str], wishes: dict[str, str]) -> Call:
    found, addresses = wire.uploads("files", files), list(urls)
    if bool(found) == bool(addresses):
        raise UsageError("send files, or addresses, and not both")
    body = {"urls": addresses} if addresses else None
    return Call("POST", "/v1/scan", found, body, wishes)


def _record(content: bytes) -> Record:
    return wire.record(wire.parsed(content))


def _line(content: bytes) -> Record:
    # A line that was cut is no JSON, which tells the transport that the stream broke off.
    return wire.record(json.loads(content))
