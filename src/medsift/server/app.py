"""The application: routes, and what they need for as long as the service runs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response

from medsift._version import __version__
from medsift.classify import store
from medsift.classify.card import ModelCard, read_card
from medsift.pipeline.workspace import workspace
from medsift.server import schema
from medsift.server.dispatch import Dispatcher
from medsift.server.logs import event
from medsift.server.metrics import CONTENT_TYPE, Metrics
from medsift.server.middleware import Middleware
from medsift.server.problems import ProblemError, invalid
from medsift.server.requests import RequestHandler
from medsift.server.settings import Settings
from medsift.server.uploads import UploadQuota
from medsift.server.wishes import AskedFor

MakeDispatcher = Callable[[Settings, Path, Metrics], Dispatcher]

_ABOUT = """\
Finds the medical images in files, and says of each whether it is medical, with a calibrated
probability and the kind. **It is no diagnostic device.** Nothing that is sent is kept.
"""


def make_dispatcher(settings: Settings, folder: Path, metrics: Metrics) -> Dispatcher:
    """The dispatcher with real workers."""
    return Dispatcher(settings.scan_options, settings.batch, folder, metrics)


def create_app(settings: Settings, dispatcher: MakeDispatcher = make_dispatcher) -> FastAPI:
    """Make the ASGI application of the service.

    Parameters
    ----------
    settings : Settings
    dispatcher : callable
        Makes what hands inputs to workers.

    Raises
    ------
    ModelError
        There is no such model.
    """
    card = read_card(store.find(settings.model))
    metrics = Metrics()
    handler = RequestHandler(settings, metrics, card.accept)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with workspace() as folder:
            dispatch = dispatcher(settings, folder, metrics)
            metrics.watch_queue(lambda: dispatch.waiting)
            await dispatch.start()
            handler.open(dispatch, UploadQuota(folder, settings.spool_bytes, metrics))
            event(
                "ready", version=__version__, workers=len(dispatch.workers), python=sys.version[:7]
            )
            try:
                yield
            finally:
                handler.close()
                await dispatch.stop()
                event("stopped")

    app = FastAPIOffline(
        title="medsift",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url="/docs/oauth2-redirect",
        static_url="/docs/static",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        responses=schema.problems(*([401] if settings.token else []), 500),
    )
    _add_handlers(app)
    _add_work(app, handler, settings)
    _add_knowledge(app, handler, metrics, settings, card)
    _document(app, settings)
    app.add_middleware(Middleware, settings=settings, metrics=metrics)
    if settings.origins:
        # Around the gate: browsers ask beforehand, and without a token.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=("Retry-After", "X-Request-ID"),
        )
    return app


def _add_work(app: FastAPI, handler: RequestHandler, settings: Settings) -> None:
    refusals = (400, 403, 408, 413, 415, 422, 429, 507)

    @app.post(
        "/v1/scan",
        summary="Find and classify all pictures in files or at addresses",
        responses={**schema.SCAN_ANSWER, **schema.problems(*refusals)},
        openapi_extra=schema.scan_body(settings.files),
    )
    async def scan(request: Request, asked: AskedFor, stream: bool = False) -> Response:
        """All pictures in the files of a form, or at addresses where the operator allows it.

        Files may be images, PDF, DICOM, office, mail, archives and more. What cannot be read
        becomes a record that says why. Ask for `application/x-ndjson`, or `?stream=1`, to get
        each record as soon as it is known.
        """
        return await handler.scan(request, asked, stream)

    @app.post(
        "/v1/classify",
        summary="Classify one picture",
        responses={**schema.CLASSIFY_ANSWER, **schema.problems(*refusals)},
        openapi_extra=schema.classify_body(),
    )
    async def classify(request: Request, asked: AskedFor) -> Response:
        """One picture, in a form or as the body itself.

        Of an animated or multi-frame image the first frame counts.
        """
        return await handler.classify(request, asked)

    @app.post(
        "/v1/classify/batch",
        summary="Classify many small pictures in one request",
        responses={**schema.SCAN_ANSWER, **schema.problems(*refusals)},
        openapi_extra=schema.batch_body(settings.pictures),
    )
    async def classify_batch(request: Request, asked: AskedFor, stream: bool = False) -> Response:
        """One record for each file of the form, in their order.

        A file that is no picture has a record that says so, and the others are answered.
        """
        return await handler.classify_batch(request, asked, stream)


def _add_knowledge(
    app: FastAPI, handler: RequestHandler, metrics: Metrics, settings: Settings, card: ModelCard
) -> None:
    answer = _model_answer(settings, card)

    @app.get("/v1/model", summary="The model and the limits", response_model=schema.ModelAnswer)
    async def model() -> Response:
        """Which model answers, which kinds it tells, and what a request may cost."""
        return JSONResponse(answer)

    @app.get("/healthz", summary="Whether the service runs", response_model=schema.HealthAnswer)
    async def healthz() -> Response:
        """For supervisors: restart it where this does not answer."""
        return JSONResponse({"status": "ok"})

    @app.get(
        "/readyz",
        summary="Whether the service can work",
        response_model=schema.HealthAnswer,
        responses={503: {"model": schema.HealthAnswer, "description": "Not yet, or not now."}},
    )
    async def readyz() -> Response:
        """For load balancers: send no requests where this is not 200."""
        status = 200 if handler.ready else 503
        return JSONResponse({"status": "ok" if handler.ready else "starting"}, status)

    @app.get(
        "/metrics",
        summary="Counters for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def counters() -> Response:
        """In Prometheus' text format."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE)


def _model_answer(settings: Settings, card: ModelCard) -> dict[str, Any]:
    threshold = card.threshold if settings.threshold is None else settings.threshold
    limits = asdict(settings)
    names = ("body_bytes", "files", "pictures", "pixels", "input_seconds", "request_seconds")
    return {
        "name": card.name,
        "version": card.version,
        "medsift": __version__,
        "threshold": threshold,
        "networks": [member.file for member in card.members],
        "kinds": [
            {"name": c.name, "label": c.label, "dicom_modality": c.dicom_modality}
            for c in card.classes
        ],
        "limits": {name: limits[name] for name in names}
        | {"urls": settings.allow_urls, "thresholds": list(settings.thresholds)},
        "accept": {
            name: {"take": bounds.take, "leave": bounds.leave}
            for name, bounds in card.accept.items()
        },
    }


def _add_handlers(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: Exception) -> Response:
        raise invalid("a parameter has a value that it cannot have") from error

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(getattr(error, "headers", None) or {})
        code = {404: "not_found", 405: "method_not_allowed"}.get(status, "invalid_request")
        raise ProblemError(status, code, HTTPStatus(status).phrase, headers) from error


def _document(app: FastAPI, settings: Settings) -> None:
    """Complete the OpenAPI document by what the framework cannot know."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            schemas["Problem"] = schema.ProblemModel.model_json_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            if settings.token:
                _document_token(document)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _document_token(document: dict[str, Any]) -> None:
    bearer = {"type": "http", "scheme": "bearer"}
    document["components"]["securitySchemes"] = {"bearer": bearer}
    for path, operations in document["paths"].items():
        if path.startswith("/v1/") or path == "/metrics":
            for operation in operations.values():
                operation["security"] = [{"bearer": []}]
