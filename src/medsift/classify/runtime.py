"""ONNX Runtime, silenced: as its makers ship it, it reports to them over the network.

Official builds from 1.29 on send events about sessions and models to Microsoft and keep an
identifier of the machine on disk, unless told otherwise before they start
(``ORT_DISABLE_TELEMETRY``, see ``Privacy.md`` in its package). Builds for Windows may write to
the system's event log, which its own call turns off. medsift promises that nothing leaves the
machine, so every import goes through here.
"""

from __future__ import annotations

import os
from types import ModuleType

_SWITCH = "ORT_DISABLE_TELEMETRY"


def onnxruntime() -> ModuleType:
    """Import ONNX Runtime with its telemetry turned off."""
    os.environ[_SWITCH] = "1"
    import onnxruntime as runtime

    runtime.disable_telemetry_events()
    module: ModuleType = runtime
    return module
