"""A network that exists only in the tests: names, and a connector that notes its targets."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore

from medsift.sources.web.fetching.fetch import Fetcher
from medsift.sources.web.fetching.guard import Guard
from medsift.sources.web.fetching.transport import GuardedBackend, GuardedTransport
from medsift.sources.web.options import WebOptions

ALONE = WebOptions(ignore_robots=True, retries=0)
"""One request for one fetch."""


def http(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """An answer as it crosses the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Wire(httpcore.MockStream):
    """A connection that answers with given bytes and notes what was sent."""

    def __init__(self, answer: bytes, sent: list[bytes]) -> None:
        super().__init__([answer[i : i + 4096] for i in range(0, len(answer), 4096)])
        self._sent = sent

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._sent.append(buffer)


@dataclass
class Network(httpcore.NetworkBackend):
    """Opens no connection: notes where it was asked to, and answers from a list.

    Attributes
    ----------
    names : dict
        Host to the addresses that it resolves to, one list for each time that it is asked;
        the last one stays.
    answers : dict
        IP address to the answers that it gives, in order; the last one stays.
    """

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    connected: list[tuple[str, int]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def resolve(self, host: str, _port: int) -> list[str]:
        self.looked_up.append(host)
        if host not in self.names:
            raise socket.gaierror(-2, "Name or service not known")
        answers = self.names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        self.connected.append((host, port))
        if host not in self.answers:
            raise httpcore.ConnectError("refused")
        answers = self.answers[host]
        return Wire(answers.pop(0) if len(answers) > 1 else answers[0], self.sent)

    def fetcher(self, options: WebOptions = ALONE) -> Fetcher:
        guard = Guard(options.allow_private, options.ports, self.resolve)
        transport = GuardedTransport(options, GuardedBackend(guard, self))
        return Fetcher(options, transport, pause=lambda _seconds: None)
