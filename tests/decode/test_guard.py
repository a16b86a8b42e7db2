"""Bounds on files and pictures are kept to the last byte and pixel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medsift.core.errors import DecodeError, LimitError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.decode.guard import check_bytes, check_pixels

LIMITS = replace(DEFAULT_LIMITS, file_bytes=1000, pixels=600)


def test_a_file_may_be_as_long_as_allowed() -> None:
    check_bytes(1000, LIMITS)
    with pytest.raises(LimitError):
        check_bytes(1001, LIMITS)


def test_a_picture_may_have_as_many_pixels_as_allowed() -> None:
    check_pixels(20, 30, LIMITS)
    with pytest.raises(LimitError, match="20 x 31 is more than 600 pixels"):
        check_pixels(20, 31, LIMITS)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-5, 5), (-5, -5)])
def test_a_picture_has_at_least_one_pixel(size: tuple[int, int]) -> None:
    with pytest.raises(DecodeError):
        check_pixels(*size, LIMITS)
