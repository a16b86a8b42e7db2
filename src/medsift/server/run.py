"""The service as a process: uvicorn around the application."""

from __future__ import annotations

import signal

import uvicorn

from medsift.server.app import create_app
from medsift.server.logs import set_up_logs
from medsift.server.protocol import BoundedProtocol
from medsift.server.settings import Settings

_KEEP_ALIVE_SECONDS = 30
_BACKLOG = 2048


def serve(settings: Settings, host: str, port: int, log_level: str = "info") -> bool:
    """Serve until told to stop (SIGTERM, SIGINT), then finish what was accepted.

    Returns
    -------
    bool
        Whether it came to serve at all.

    Raises
    ------
    MedsiftError
        The model cannot be loaded.
    """
    set_up_logs(log_level)
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        http=BoundedProtocol,
        backlog=_BACKLOG,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        # Seconds, whole ones.
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal once more when it has stopped; that the stop was asked for is
    # no reason to end with an error.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run()
    return server.started
