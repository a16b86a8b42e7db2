"""Text burnt into pictures: the sign of a patient's name.

Lines of text are found by PaddleOCR's detector in ONNX Runtime, as the package ``rapidocr`` ships
it (extra ``text``; Liao, Wan, Yao, Chen and Bai 2020, "Real-time Scene Text Detection with
Differentiable Binarization"). The detector takes round shapes and scale bars for text as well, so
what it finds counts only where the reader of the same package can read some letters there. What it
read is told only where somebody asks for it. Nothing is fetched: the files of the package are named
to it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import UsageError
from medsift.core.picture import Pixels

Grey = NDArray[np.uint8]
"""Luminance, shape (height, width)."""

LONGEST_SIDE = 1280
"""Pixels; larger pictures are shrunk to it: their lines of text are large as well."""

LEAST_SIDE = 640
"""Pixels of the shorter side that pictures should be decoded with, where they have them."""

_LEAST_LETTERS = 3
"""Letters and digits of a line; the marks of sides, R and L, name nobody."""

_PASS = 736
"""The shorter side is enlarged to so many pixels, as the detector was made for."""


@dataclass(frozen=True, slots=True)
class BurntText:
    """What was found in a picture.

    Attributes
    ----------
    boxes : int
        Lines of text.
    share : float
        Of the picture's area that they take, 0 to 1.
    content : tuple of str
        What they say, from top to bottom; empty where it was not asked for.
    """

    boxes: int
    share: float
    content: tuple[str, ...] = ()


def reduced(pixels: Pixels) -> Grey:
    """What is kept of a picture until it is clear whether it is looked at."""
    image = Image.fromarray(pixels).convert("L")
    if max(image.size) > LONGEST_SIDE:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(image)


def require() -> None:
    """Refuse early where the extra is missing.

    Raises
    ------
    UsageError
        It is not installed.
    """
    from importlib.util import find_spec

    if find_spec("rapidocr") is None:
        raise UsageError("looking for text needs rapidocr: pip install medsift[text]")


class TextFinder:
    """Finds lines of text; holds the detector, which is loaded when it is first needed.

    Parameters
    ----------
    content : bool
        Also tell what they say.
    threads : int
        Threads that one inference may use.
    """

    def __init__(self, content: bool = False, threads: int = 1) -> None:
        require()
        self._content = content
        self._threads = threads

    def find(self, grey: Grey) -> BurntText:
        """Find the text of one picture.

        Parameters
        ----------
        grey : ndarray of uint8, shape (h, w)
            As :func:`reduced` gives it.
        """
        rgb = np.repeat(grey[:, :, None], 3, axis=2)
        found = self._engine(rgb, use_det=True, use_cls=False, use_rec=True)
        if found is None or found.boxes is None or found.txts is None:
            return BurntText(0, 0.0)
        texts = [str(text) for text in found.txts]
        chosen = [n for n, text in enumerate(texts) if _letters(text) >= _LEAST_LETTERS]
        boxes = np.asarray(found.boxes, dtype=np.float64).reshape(-1, 4, 2)[chosen]
        content = tuple(texts[n] for n in chosen) if self._content else ()
        return BurntText(len(boxes), _covered(boxes, grey.shape), content)

    @cached_property
    def _engine(self) -> Any:
        import rapidocr

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        folder = Path(rapidocr.__file__).parent / "models"
        settings: dict[str, Any] = {
            "Global.log_level": "error",
            "Det.model_path": str(_model(folder, "det")),
            "Rec.model_path": str(_model(folder, "rec")),
            "Det.limit_side_len": _PASS,
            "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
        }
        return rapidocr.RapidOCR(params=settings)


def _model(folder: Path, task: str) -> Path:
    found = sorted(folder.glob(f"*_{task}_*.onnx"))
    if not found:
        raise UsageError(f"the package rapidocr holds no model for text ({task}): another version?")
    return found[0]


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _covered(boxes: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Share of the area inside boxes, each counted by itself; shape (n, 4, 2) in x and y."""
    x, y = boxes[:, :, 0], boxes[:, :, 1]
    # The shoelace formula.
    areas = np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(axis=1)) / 2
    return round(min(1.0, float(areas.sum()) / max(1, shape[0] * shape[1])), 5)
