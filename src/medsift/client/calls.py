"""The requests of the service, one function each."""

from __future__ import annotations

from collections.abc import Iterable

from medsift.client.options import parameters
from medsift.client.protocol import Call, FileLike, uploads
from medsift.core.errors import UsageError

MODEL = Call("GET", "/v1/model")
READY = Call("GET", "/readyz")


def classify(file: FileLike, accept: str | Iterable[str] | None, threshold: float | None) -> Call:
    """One picture."""
    files = uploads("file", [file])
    return Call("POST", "/v1/classify", files, parameters=parameters(accept, threshold))


def classify_batch(
    files: Iterable[FileLike], accept: str | Iterable[str] | None, threshold: float | None
) -> Call:
    """Many pictures."""
    found = uploads("files", files)
    if not found:
        raise UsageError("there is no file to send")
    return Call("POST", "/v1/classify/batch", found, parameters=parameters(accept, threshold))


def scan(
    files: Iterable[FileLike],
    urls: Iterable[str],
    accept: str | Iterable[str] | None,
    threshold: float | None,
    stream: bool = False,
) -> Call:
    """Files, or addresses."""
    found, addresses = uploads("files", files), list(urls)
    if bool(found) == bool(addresses):
        raise UsageError("send files, or addresses, and not both")
    wishes = parameters(accept, threshold, stream)
    body = {"urls": addresses} if addresses else None
    return Call("POST", "/v1/scan", found, body, wishes)
