"""The program of the process that renders one drawing: SVG from standard input, PNG to output.

It runs alone, without the rest of medsift, and gives up opening files before it sees the
drawing. Its one argument is the folder that holds resvg_py.
"""

from __future__ import annotations

import contextlib
import sys

_SECONDS = 10
_MEMORY_BYTES = 1024 * 1024 * 1024


def _give_up_rights() -> None:
    try:
        import resource
    except ImportError:
        return  # On Windows only the parent's time limit and the cleaning of the drawing count.
    # No file and no connection can be opened any more; what is open stays.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    with contextlib.suppress(OSError, ValueError):  # macOS does not bound the address space
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def main() -> None:
    """Render."""
    sys.path.append(sys.argv[1])
    import resvg_py

    _give_up_rights()
    svg = sys.stdin.buffer.read().decode("utf-8")
    # No system fonts: what a drawing looks like shall not depend on the machine.
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    sys.stdout.buffer.write(bytes(png))


if __name__ == "__main__":
    main()
