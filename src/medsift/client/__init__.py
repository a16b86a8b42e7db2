"""A client of the REST service, in few lines for the caller.

>>> from medsift.client import Client
>>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
...     record = client.classify("upload.jpg", accept="skin")
...     print(record.decision, record.decision_reason)

It needs nothing but httpx, which medsift brings. :class:`AsyncClient` is the same with ``await``;
both are made of :mod:`medsift.client.requests`.
"""

from medsift.client.asynchronous import AsyncClient
from medsift.client.errors import ClientError, ServiceError, TransportError
from medsift.client.options import Options
from medsift.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "ClientError", "Options", "ServiceError", "TransportError"]
