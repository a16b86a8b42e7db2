"""Nothing leaves the machine, whatever ONNX Runtime would like to report."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import medsift

_CODE = """
import numpy as np
from medsift import Classifier
Classifier().predict(np.random.default_rng(0).integers(0, 255, (99, 99, 3), dtype=np.uint8))
"""


def test_classifying_leaves_no_trace_of_telemetry(tmp_path: Path) -> None:
    # Where it reports, ONNX Runtime keeps an identifier and a queue on disk. In tests of its
    # own and on build servers it is silent anyway, by variables that must not be there.
    silent = re.compile(r"ORT_|CI$|GITHUB_|TF_BUILD|JENKINS|TRAVIS|BUILD_|.*_CI")
    environment = {k: v for k, v in os.environ.items() if not silent.match(k)}
    environment |= {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", _CODE], env=environment, capture_output=True, timeout=120, check=True
    )
    assert done.stderr == b""
    assert list(tmp_path.rglob("*")) == []


def test_no_module_imports_onnx_runtime_by_itself() -> None:
    package = Path(medsift.__file__).parent
    pattern = re.compile(r"^\s*import onnxruntime|^\s*from onnxruntime import", re.MULTILINE)
    found = {
        path.name: len(pattern.findall(path.read_text(encoding="utf-8")))
        for path in package.rglob("*.py")
    }
    # The import of network.py is for type checkers alone.
    assert {k: n for k, n in found.items() if n} == {"network.py": 1, "runtime.py": 1}
