"""``medsift app``: serve the Streamlit app."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from medsift.core.errors import UsageError
from medsift.pipeline.arguments import add_model_argument, add_workers_argument

_DONE = 0
_LAST_PORT = 65535

# Nothing about the use of the app leaves the machine, and nobody is asked for an address.
_ALWAYS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": "false",
    "logger.hideWelcomeMessage": "true",
    "runner.magicEnabled": "false",
    "server.enableStaticServing": "false",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    # For each: a theme that names neither would be light for everybody.
    "theme.light.primaryColor": "#0f7391",
    "theme.dark.primaryColor": "#4fb3d0",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; default: %(default)s, this machine alone. There is no login:"
        " put a proxy that asks for one in front before opening it to others",
    )
    parser.add_argument("--port", type=int, default=8501, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the page in a browser"
    )
    add_model_argument(parser)
    add_workers_argument(parser)
    parser.add_argument(
        "--max-upload-mb", type=int, default=1024, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--allow-private",
        action="store_true",
        help="let users scan addresses of private networks and of this machine",
    )
    parser.add_argument(
        "--allow-port",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="let users scan addresses with this port, besides 80 and 443; repeatable",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve the app until it is interrupted."""
    if find_spec("streamlit") is None:
        raise UsageError("the app needs Streamlit: pip install 'medsift[app]'")
    if not 1 <= arguments.port <= _LAST_PORT:
        raise UsageError(f"a port lies between 1 and {_LAST_PORT}, not {arguments.port}")
    from medsift.app.settings import AppSettings
    from medsift.classify import store

    store.find(arguments.model)
    settings = AppSettings(
        model=arguments.model,
        workers=arguments.workers,
        allow_private=arguments.allow_private,
        ports=tuple(arguments.allow_port),
    )
    settings.scan_options()  # refuses impossible values now rather than in the browser
    from streamlit.web.cli import main

    _say(f"medsift app: http://{_shown(arguments.host)}:{arguments.port} (Ctrl+C ends it)")
    main(streamlit_words(arguments, settings.to_text()), standalone_mode=False)
    return _DONE


def streamlit_words(arguments: argparse.Namespace, settings: str) -> list[str]:
    """The command line that Streamlit gets."""
    options = {
        **_ALWAYS,
        "server.address": arguments.host,
        "server.port": str(arguments.port),
        "server.headless": "true" if arguments.no_browser else "false",
        "server.maxUploadSize": str(arguments.max_upload_mb),
    }
    script = str(Path(__file__).with_name("script.py"))
    flags = [f"--{name}={value}" for name, value in options.items()]
    return ["run", script, *flags, "--", settings]


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
