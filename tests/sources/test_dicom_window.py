"""From stored values to the grey that a viewer shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from medsift.sources.dicom.window import grey_picture

LEVELS = np.tile(np.arange(256, dtype=np.uint16), (4, 1))


def header(**elements: Any) -> Dataset:
    made = Dataset()
    made.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def shown(made: Dataset, values: np.ndarray[Any, Any] = LEVELS) -> list[int]:
    line: list[int] = grey_picture(values, made, 0)[0].tolist()
    return line


def test_a_window_over_all_levels_changes_none() -> None:
    assert shown(header(WindowCenter=128, WindowWidth=256)) == list(range(256))


@pytest.mark.parametrize(
    ("slope", "intercept", "center"), [(1, -1000, -872), (2, 0, 256), (2, 50, 306)]
)
def test_a_window_is_of_values_after_slope_and_intercept(
    slope: float, intercept: float, center: float
) -> None:
    made = header(
        RescaleSlope=slope,
        RescaleIntercept=intercept,
        WindowCenter=center,
        WindowWidth=256 * slope,
        VOILUTFunction="LINEAR_EXACT",
    )
    expected = np.arange(256) / 256 * 255
    assert np.abs(shown(made) - expected).max() <= 1


def test_a_slope_without_an_intercept_moves_nothing() -> None:
    exact = {"WindowCenter": 128, "WindowWidth": 256}
    assert shown(header(RescaleSlope=1, **exact)) == list(range(256))


def test_a_window_whose_numbers_are_text_is_none() -> None:
    made = header()
    made.add_new("WindowCenter", "LO", "1")
    made.add_new("WindowWidth", "LO", "2")
    assert shown(made) == shown(header())


def test_a_window_of_which_one_number_is_missing_is_none() -> None:
    assert shown(header(WindowWidth=10)) == shown(header())
    assert shown(header(WindowCenter=10)) == shown(header())


def test_padding_has_no_say_where_there_is_no_window() -> None:
    values = LEVELS.astype(np.int16)
    values[:2] = -2000
    made = header(PixelPaddingValue=-2000)
    assert grey_picture(values, made, 0)[2].tolist() == shown(header())


@pytest.mark.parametrize(
    ("interpretation", "shape", "inverse"),
    [
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME1", "IDENTITY", True),
    ],
)
def test_a_picture_is_inverted_once(interpretation: str, shape: str, inverse: bool) -> None:
    made = header(PresentationLUTShape=shape, WindowCenter=128, WindowWidth=256)
    made.PhotometricInterpretation = interpretation
    assert shown(made) == (list(range(255, -1, -1)) if inverse else list(range(256)))
