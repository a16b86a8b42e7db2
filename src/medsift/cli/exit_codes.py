"""How the command line ends, as scripts may rely on."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILURE = 1
    USAGE = 2
    SOME_FAILED = 3
    NO_IMAGE = 4
    MATCHED = 5
    HUNG_UP = 129
    INTERRUPTED = 130
    READER_LEFT = 141
    TERMINATED = 143
