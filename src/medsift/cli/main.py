"""The entry point: picks the command, and turns exceptions into exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from medsift._version import __version__
from medsift.cli import streams
from medsift.cli.exit_codes import ExitCode
from medsift.core.errors import MedsiftError, OutputError, UsageError


@dataclass(frozen=True, slots=True)
class _Command:
    """A command: its module has ``add_arguments(parser)`` and ``run(arguments) -> int``."""

    name: str
    module: str
    help: str


_COMMANDS = (
    _Command("scan", "medsift.cli.scan", "find, extract and classify every image"),
    _Command("gate", "medsift.cli.gate", "stop files that hold medical pictures, for hooks"),
    _Command("evaluate", "medsift.evaluation.cli", "measure a model on labelled folders"),
    _Command("adapt", "medsift.cli.adapt", "give a model a last layer for your own kinds"),
    _Command("train", "medsift.training.cli", "train or fine-tune a model (needs medsift[train])"),
    _Command(
        "dataset",
        "medsift.cli.dataset",
        "check or convert labelled pictures, or rebuild a data set",
    ),
    _Command("explain", "medsift.cli.explain", "show which places of an image decided the verdict"),
    _Command("serve", "medsift.server.cli", "serve records over HTTP (needs medsift[serve])"),
    _Command("app", "medsift.app.cli", "the app in the browser (needs medsift[app])"),
    _Command("models", "medsift.cli.models", "list the models at hand, or show a model's card"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process when left out.

    Returns
    -------
    int
        The exit code, see :class:`medsift.cli.exit_codes.ExitCode`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    has_output = True
    if argv is None and threading.current_thread() is threading.main_thread():
        has_output = streams.prepare()
        _heed_signals()
    parser = _parser(words)
    arguments = parser.parse_args(words)
    command = next(c for c in _COMMANDS if c.name == arguments.command)
    try:
        if not has_output and "-" in (getattr(arguments, "output", None) or ()):
            raise OutputError("standard output is closed")
        return int(import_module(command.module).run(arguments))
    except UsageError as error:
        return _complain(error, ExitCode.USAGE)
    except MedsiftError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return ExitCode.READER_LEFT  # `medsift scan ... | head`: it has what it wanted
        return _complain(error, ExitCode.FAILURE)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.READER_LEFT
    except OSError as error:
        text = f"{error.filename or 'output'}: {error.strerror or error}"
        return _complain(OutputError(text), ExitCode.FAILURE)


def _heed_signals() -> None:
    """End as after an interrupt: outputs are closed, workers stopped, temporary files removed."""
    ends = {"SIGTERM": ExitCode.TERMINATED, "SIGHUP": ExitCode.HUNG_UP}
    for name, code in ends.items():
        number = getattr(signal, name, None)
        # nohup has a program ignore that its terminal has gone.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_, code=code: sys.exit(code))


def full_parser() -> argparse.ArgumentParser:
    """The parser with the options of all commands, as the documentation shows them."""
    return _parser(None)


def _parser(words: Sequence[str] | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medsift", description="Find the medical images in anything."
    )
    parser.add_argument("--version", action="version", version=f"medsift {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in words or () if not word.startswith("-")), None)
    for command in _COMMANDS:
        child = commands.add_parser(command.name, help=command.help, description=command.help)
        # Only the chosen command is imported: help answers at once.
        if words is None or command.name == chosen:
            import_module(command.module).add_arguments(child)
    return parser


def _complain(error: MedsiftError, code: ExitCode) -> int:
    from medsift.report.terminal import harmless_lines

    # It may name files and folders, which may be called anything.
    print(harmless_lines(f"medsift: {error}"), file=sys.stderr)  # noqa: T201
    return code
