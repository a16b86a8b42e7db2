"""What may go wrong between a client and the service.

::

    ClientError
    ├── TransportError     there is no answer, or it broke off
    └── ServiceError       the service answered with a problem (RFC 9457)
"""

from __future__ import annotations

from medsift.core.errors import MedsiftError


class ClientError(MedsiftError):
    """A request to the service was not answered as asked."""


class TransportError(ClientError):
    """The service could not be reached, or its answer broke off."""


class ServiceError(ClientError):
    """The service answered with a problem.

    Attributes
    ----------
    status : int
        Of HTTP.
    code : str
        Stable name of the problem, see the table of the documentation.
    detail : str
        A sentence for people.
    request_id : str
        Under which the log of the service has it; empty where unknown.
    """

    def __init__(self, status: int, code: str, detail: str, request_id: str = "") -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
