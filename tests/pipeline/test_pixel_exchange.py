"""Pixels are handed over in files that are gone when they have been taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medsift.core.errors import OutputError
from medsift.pipeline.pixel_exchange import PixelExchange


def test_each_picture_comes_out_as_it_was_put_in_and_leaves_nothing(tmp_path: Path) -> None:
    exchange = PixelExchange(tmp_path)
    pictures = [np.full((3, 4, 3), level, dtype=np.uint8) for level in (1, 2)]
    first, second = [exchange.put(pixels) for pixels in pictures]
    taken = PixelExchange(tmp_path).take(second), PixelExchange(tmp_path).take(first)
    assert np.array_equal(taken[0], pictures[1])
    assert np.array_equal(taken[1], pictures[0])
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_room_it_says_why(tmp_path: Path) -> None:
    exchange = PixelExchange(tmp_path / "gone")
    with pytest.raises(OutputError, match=r"^cannot hand over pixels: No such file or directory$"):
        exchange.put(np.zeros((2, 2, 3), dtype=np.uint8))
