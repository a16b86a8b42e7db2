"""What figures and captions add to the reading of PDFs, in processor time.

    python benchmarks/captions/added_time.py FILE.pdf ...

Each file is read with and without, in turn, and the smaller of two times of each is taken.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from medsift.core.picture import Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.pdf.captions.page_figures import PageFigures
from medsift.sources.registry import findings


def _read(path: Path) -> float:
    begun = time.process_time()
    for _ in findings(
        Blob(Provenance(path.name), path=path), Context(target=224, recurse=findings)
    ):
        pass
    return time.process_time() - begun


def _without(path: Path) -> float:
    nothing: Callable[..., None] = lambda *_: None  # noqa: E731
    with (
        mock.patch.object(PageFigures, "plan", nothing),
        mock.patch.object(PageFigures, "without_faint", lambda _, units: units),
        mock.patch.object(PageFigures, "placed", lambda _, picture: picture),
    ):
        return _read(path)


def main() -> None:
    """Print a line for each file and one for all."""
    totals = [0.0, 0.0]
    for name in sys.argv[1:]:
        path = Path(name)
        rounds = [(_without(path), _read(path)) for _ in range(2)]
        bare, full = (min(times) for times in zip(*rounds, strict=True))
        totals[0] += bare
        totals[1] += full
        print(f"{bare:7.2f} s {full:7.2f} s {full / bare - 1:+7.1%}  {path.name[-50:]}")
    print(f"{totals[0]:7.2f} s {totals[1]:7.2f} s {totals[1] / totals[0] - 1:+7.1%}  all")


if __name__ == "__main__":
    main()
