"""The service within the test: its application, with workers that need no process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from medsift.core.record import Record
from medsift.server.app import create_app
from medsift.server.dispatch import Dispatcher, InputJob
from medsift.server.metrics import Metrics
from medsift.server.settings import Settings
from medsift.sources.inputs import Input

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR and so on"

Look = Callable[[Input], list[Record]]


def one_record(item: Input) -> list[Record]:
    assert item.path is not None
    size = item.path.stat().st_size
    return [Record(source=item.source, label="medical", p_medical=0.9, width=size, kind="ct")]


class Instant(Dispatcher):
    """Answers at once, without workers; keeps what it was asked."""

    def __init__(self, settings: Settings, folder: Path, metrics: Metrics, look: Look) -> None:
        super().__init__(settings.scan_options, settings.batch, folder, metrics)
        self.folder = folder
        self.look = look
        self.jobs: list[InputJob] = []
        self.silent = False

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    @property
    def ready(self) -> bool:
        return True

    async def submit(self, job: InputJob) -> None:
        self.jobs.append(job)
        if self.silent:
            return
        for record in self.look(job.item):
            job.tell(record)
        job.end()


class Service:
    """An application that runs within the test."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app = app
        self.client = client
        self.dispatcher: Instant

    def leftovers(self) -> list[Path]:
        """What lies in the temporary folder, besides its lock and the place of pictures."""
        own = self.dispatcher.folder
        found = [path for path in own.iterdir() if path.name not in ("lock", "pictures")]
        return [*found, *own.glob("pictures/*")]


@asynccontextmanager
async def serving(look: Look = one_record, **settings: Any) -> AsyncIterator[Service]:
    made: list[Instant] = []

    def make(settings: Settings, folder: Path, metrics: Metrics) -> Dispatcher:
        made.append(Instant(settings, folder, metrics, look))
        return made[-1]

    app = create_app(Settings(**settings), make)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        service = Service(app, client)
        service.dispatcher = made[0]
        yield service
