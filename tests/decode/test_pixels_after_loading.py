"""A header may promise a small picture, and its content may be a large one."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from medsift.core.errors import LimitError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.decode import reader
from medsift.decode.reader import frames
from tests.decode.pictures import WHERE

LIMITS = replace(DEFAULT_LIMITS, pixels=100 * 100)


def png(side: int) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(stream, "PNG")
    return stream.getvalue()


def icon(promised: int, real: int) -> bytes:
    """An ICO file whose directory promises a square of one side, and whose PNG has another."""
    content = png(real)
    entry = struct.pack("<BBBBHHII", promised, promised, 0, 0, 1, 32, len(content), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + content


@pytest.mark.filterwarnings("ignore:Image was not the expected size")
def test_pixels_of_an_icon_are_those_that_it_has_and_not_those_that_it_promises() -> None:
    (fitting,) = frames(icon(32, 64), WHERE, LIMITS, 0)
    assert fitting.pixels.shape == (64, 64, 3)
    with pytest.raises(LimitError, match="300 x 300"):
        list(frames(icon(32, 300), WHERE, LIMITS, 0))


class Growing(PngImagePlugin.PngImageFile):
    """A decoder that finds more pixels than its header said, as some versions of some do."""

    def load(self) -> Any:
        found = super().load()
        larger = self.im.resize((300, 300))
        self.im, self._size = larger, (300, 300)
        return found


def test_pixels_are_counted_again_once_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "open_image", lambda _kind, data: Growing(io.BytesIO(data)))
    with pytest.raises(LimitError, match="300 x 300"):
        list(frames(png(64), WHERE, LIMITS, 0))
