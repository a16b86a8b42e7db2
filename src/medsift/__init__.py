"""Find the medical images in anything.

>>> import medsift
>>> for record in medsift.scan(["paper.pdf", "scans/"]):  # doctest: +SKIP
...     print(record.source, record.locator, record.label, record.p_medical, record.kind)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from medsift._version import __version__
from medsift.core.lazy import attach

if TYPE_CHECKING:
    from medsift.adaptation import adapt
    from medsift.classify import Classifier, Explanation, Prediction
    from medsift.core.errors import InputError, MedsiftError, ModelError, OutputError, UsageError
    from medsift.core.limits import Limits
    from medsift.core.record import Record
    from medsift.core.taxonomy import TAXONOMY
    from medsift.pipeline import ScanOptions, scan, scan_with_pixels

__all__ = [
    "TAXONOMY",
    "Classifier",
    "Explanation",
    "InputError",
    "Limits",
    "MedsiftError",
    "ModelError",
    "OutputError",
    "Prediction",
    "Record",
    "ScanOptions",
    "UsageError",
    "__version__",
    "adapt",
    "scan",
    "scan_with_pixels",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "TAXONOMY": "medsift.core.taxonomy",
        "Classifier": "medsift.classify",
        "Explanation": "medsift.classify",
        "InputError": "medsift.core.errors",
        "Limits": "medsift.core.limits",
        "MedsiftError": "medsift.core.errors",
        "ModelError": "medsift.core.errors",
        "OutputError": "medsift.core.errors",
        "Prediction": "medsift.classify",
        "Record": "medsift.core.record",
        "ScanOptions": "medsift.pipeline",
        "UsageError": "medsift.core.errors",
        "__version__": "medsift._version",
        "adapt": "medsift.adaptation",
        "scan": "medsift.pipeline",
        "scan_with_pixels": "medsift.pipeline",
    },
)
