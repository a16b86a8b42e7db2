"""What a client may be told once, and what it may ask for with each request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from medsift.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Options:
    """How a client speaks to the service.

    Attributes
    ----------
    token : str
        Bearer token; empty for none.
    timeout : float
        Seconds that the service may be silent. A scan without streaming is silent until it is
        done.
    retries : int
        How often a request is sent again that the service had no room for (429, 503), or that
        could not be sent at all.
    longest_wait : float
        Seconds to wait at most before sending again, whatever ``Retry-After`` says.
    """

    token: str = field(default="", repr=False)
    timeout: float = 330.0
    retries: int = 5
    longest_wait: float = 30.0

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.retries < 0 or self.longest_wait < 0:
            raise UsageError("times and retries of a client cannot be negative")


def parameters(
    accept: str | Iterable[str] | None, threshold: float | None, stream: bool = False
) -> dict[str, str]:
    """The parameters of an address."""
    found: dict[str, str] = {}
    if accept is not None:
        found["accept"] = accept if isinstance(accept, str) else ",".join(accept)
    if threshold is not None:
        found["threshold"] = str(threshold)
    if stream:
        found["stream"] = "1"
    return found
