"""A header may promise a small picture, and its content may be a large one."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import pytest
from PIL import Image

from medsift.core.errors import LimitError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.decode.reader import frames
from tests.decode.pictures import WHERE


def icon(promised: int, real: int) -> bytes:
    """An ICO file whose directory promises a square of one side, and whose PNG has another."""
    stream = io.BytesIO()
    Image.effect_noise((real, real), 60).convert("RGB").save(stream, "PNG")
    content = stream.getvalue()
    entry = struct.pack("<BBBBHHII", promised, promised, 0, 0, 1, 32, len(content), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + content


@pytest.mark.filterwarnings("ignore:Image was not the expected size")
def test_pixels_are_counted_again_once_they_are_there() -> None:
    limits = replace(DEFAULT_LIMITS, pixels=100 * 100)
    (fitting,) = frames(icon(32, 64), WHERE, limits, 0)
    assert fitting.pixels.shape == (64, 64, 3)
    with pytest.raises(LimitError, match="300 x 300"):
        list(frames(icon(32, 300), WHERE, limits, 0))
