"""Frames that end too early are closed."""

from __future__ import annotations

import struct

import pytest
from pydicom.dataset import Dataset

from medsift.sources.dicom import coding
from medsift.sources.dicom.mending import is_open, mended


def rows_of(count: int) -> Dataset:
    made = Dataset()
    made.Rows, made.Columns = 1, count
    return made


def run_lengths(segment: bytes) -> bytes:
    return struct.pack("<16I", 1, 64, *[0] * 14) + segment


@pytest.mark.parametrize(
    ("segment", "samples", "filled"),
    [
        (bytes([1, 5, 6]), 2, b"\0"),  # whole: an even length is all that it lacks
        (bytes([1, 5, 6]), 5, bytes([254, 0, 0])),
        (bytes([254, 7]), 3, b""),  # three of a kind
        (bytes([1, 5, 6, 128, 0, 7]), 6, bytes([254, 0])),  # 128 stands for nothing
        (bytes([1, 5, 6]), 3, bytes([0, 0, 0])),
        (bytes([254, 7]), 133, bytes([129, 0, 255, 0])),
    ],
)
def test_run_lengths_go_on_with_zeros(segment: bytes, samples: int, filled: bytes) -> None:
    found = mended(run_lengths(segment), coding.RLE, rows_of(samples))
    assert found == run_lengths(segment + filled)


def test_a_run_that_was_cut_is_taken_back() -> None:
    found = mended(run_lengths(bytes([1, 5, 6, 3, 7])), coding.RLE, rows_of(4))
    assert found == run_lengths(bytes([1, 5, 6, 255, 0]) + b"\0")


@pytest.mark.parametrize("syntax", [coding.BASELINE, coding.LOSSLESS])
def test_a_jpeg_is_closed_once(syntax: str) -> None:
    whole = b"\xff\xd8\xff\xd9\0\0"
    assert not is_open(whole, syntax)
    assert mended(whole, syntax, rows_of(1)) is None
    assert mended(b"\xff\xd8ab", syntax, rows_of(1)) == b"\xff\xd8ab\xff\xd9"
    assert not is_open(b"\xff\xd8ab", coding.J2K)
