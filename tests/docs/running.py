"""Running a block of a page as a reader would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .blocks import Block

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 600


def run(block: Block, desk: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as a reader would: in a shell, or as a script."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if block.language == "sh":
        command = ["bash", "-euo", "pipefail", "-c", block.code]
    elif block.language == "js":
        script = desk / f"line_{block.line}.mjs"
        script.write_text(block.code, encoding="utf-8")
        command = ["node", script.name]
    else:
        script = desk / f"line_{block.line}.py"
        script.write_text(block.code, encoding="utf-8")
        command = [sys.executable, script.name]
    return subprocess.run(
        command,
        cwd=desk,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
