"""``medsift serve``: the REST service."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import UsageError
from medsift.pipeline.arguments import add_verdict_arguments, add_workers_argument

if TYPE_CHECKING:
    from medsift.server.settings import Settings

TOKEN_VARIABLE = "MEDSIFT_TOKEN"  # noqa: S105  the name of it
_SHORTEST_TOKEN = 16
_MIB = 1024 * 1024
_LAST_PORT = 65535
_NEEDED = ("fastapi", "fastapi_offline", "uvicorn", "python_multipart", "prometheus_client")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = (
        "Serve records over HTTP: /v1/scan, /v1/classify, /v1/model, /healthz, /readyz, /metrics,"
        f" and documentation at /docs. Requests must show the bearer token that {TOKEN_VARIABLE}"
        " or --token-file holds, if there is one. Needs medsift[serve]."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at; default: %(default)s"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        metavar="N",
        help="0 takes one that is free; default: %(default)s",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer only requests to this name (header Host), *.example.org for all below it;"
        " repeatable; default: any name",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this origin, https://example.org, ask from within browsers (CORS);"
        " repeatable; default: none",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="holds the bearer token of clients"
    )
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info"
    )
    _add_work_arguments(parser.add_argument_group("verdict and work"))
    _add_limit_arguments(parser.add_argument_group("limits"))
    _add_web_arguments(parser.add_argument_group("web"))


def _add_work_arguments(group: argparse._ArgumentGroup) -> None:
    add_verdict_arguments(group)
    group.add_argument(
        "--panels",
        action="store_true",
        help="answers to scans have a record for each panel of a figure, beneath that of the whole",
    )
    add_workers_argument(group)
    group.add_argument(
        "--batch",
        type=int,
        default=16,
        metavar="N",
        help="most small pictures, of any requests, for a worker at once; default: %(default)s",
    )

    group.add_argument(
        "--threshold-range",
        type=_range,
        default=(0.5, 0.99),
        metavar="LOW:HIGH",
        help="within which requests may choose a threshold; default: 0.5:0.99",
    )
    group.add_argument(
        "--remember",
        type=int,
        default=0,
        metavar="N",
        help="remember the records of the last N files by the digest of their bytes, and judge"
        " the same bytes once; default: %(default)s, nothing of a request outlives it",
    )


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    return float(low), float(high)


def _add_limit_arguments(group: argparse._ArgumentGroup) -> None:
    from medsift.server.settings import Settings

    usual = Settings()

    def number(name: str, default: float, unit: str, text: str) -> None:
        kind = type(default)
        group.add_argument(
            name, type=kind, default=default, metavar=unit, help=f"{text}; default: %(default)s"
        )

    number(
        "--max-requests", usual.requests, "N", "requests at the same time; more are answered 429"
    )
    number("--max-body", usual.body_bytes // _MIB, "MIB", "longest body")
    number("--max-files", usual.files, "N", "most files, or addresses, of one request")
    number(
        "--max-pictures", usual.pictures, "N", "most pictures of one request to /v1/classify/batch"
    )
    number("--max-pixels", usual.pixels, "N", "width times height of the largest picture")
    number(
        "--max-spool",
        usual.spool_bytes // _MIB,
        "MIB",
        "uploads in the temporary folder at the same time",
    )
    number("--idle-timeout", usual.idle_seconds, "S", "time between two pieces of a body")
    number("--body-timeout", usual.body_seconds, "S", "time for a whole body")
    number("--input-timeout", usual.input_seconds, "S", "time for one input in a worker")
    number(
        "--request-timeout",
        usual.request_seconds,
        "S",
        "time for a request, from the end of its body",
    )
    number(
        "--shutdown-timeout",
        usual.shutdown_seconds,
        "S",
        "time to finish what was accepted when stopping",
    )


def _add_web_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--allow-urls", action="store_true", help="fetch addresses that clients name"
    )
    group.add_argument(
        "--allow-private", action="store_true", help="also fetch from private addresses"
    )
    group.add_argument(
        "--url-port",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="also speak to this port, besides 80 and 443; repeatable",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError("the service needs more packages: pip install 'medsift[serve]'")
    if not 0 <= arguments.port <= _LAST_PORT:
        raise UsageError(f"a port lies between 0 and {_LAST_PORT}, not {arguments.port}")
    settings = settings_of(arguments, token_of(arguments.token_file))
    # Workers inherit the environment, and what they read is hostile.
    os.environ.pop(TOKEN_VARIABLE, None)
    from medsift.server.run import serve

    return 0 if serve(settings, arguments.host, arguments.port, arguments.log_level) else 1


def settings_of(arguments: argparse.Namespace, token: str = "") -> Settings:
    """The settings that the arguments ask for."""
    from medsift.server.settings import Settings

    return Settings(
        model=arguments.model,
        threshold=arguments.threshold,
        tta=arguments.tta,
        panels=arguments.panels,
        min_size=arguments.min_size,
        workers=arguments.workers,
        batch=arguments.batch,
        token=token,
        hosts=tuple(arguments.allow_host),
        origins=tuple(arguments.allow_origin),
        thresholds=arguments.threshold_range,
        remember=arguments.remember,
        allow_urls=arguments.allow_urls,
        allow_private=arguments.allow_private,
        ports=tuple(arguments.url_port),
        requests=arguments.max_requests,
        body_bytes=arguments.max_body * _MIB,
        files=arguments.max_files,
        pictures=arguments.max_pictures,
        pixels=arguments.max_pixels,
        spool_bytes=arguments.max_spool * _MIB,
        idle_seconds=arguments.idle_timeout,
        body_seconds=arguments.body_timeout,
        input_seconds=arguments.input_timeout,
        request_seconds=arguments.request_timeout,
        shutdown_seconds=arguments.shutdown_timeout,
    )


def token_of(path: Path | None) -> str:
    """The bearer token: of the file, else of the environment; empty where there is none.

    Raises
    ------
    UsageError
        The file cannot be read, or the token is too short to be one.
    """
    if path is None and TOKEN_VARIABLE not in os.environ:
        return ""
    try:
        text = os.environ[TOKEN_VARIABLE] if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the token from {path}") from error
    token = text.strip()
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        # Meant as a lock: an empty one must not leave the door open.
        raise UsageError(f"a token has at least {_SHORTEST_TOKEN} printable ASCII characters")
    return token
