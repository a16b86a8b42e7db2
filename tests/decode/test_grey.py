"""Grey values of any depth become eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from medsift.decode.grey import robust_range, scale, stretch


@given(
    st.sampled_from(["u1", "i2", ">u2", "<u2", ">i2", "i4", "u4", "f4", "f8"]).flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))
    )
)
def test_any_values_become_eight_bits(values: np.ndarray[Any, Any]) -> None:
    grey = stretch(values)
    assert grey.dtype == np.uint8
    assert grey.shape == values.shape


@pytest.mark.parametrize("kind", ["u1", "i1", "<u2", ">u2", "<i2", ">i2", "i4", "u4", "f4"])
def test_large_pictures_are_scaled_like_small_ones(kind: str) -> None:
    values = np.random.default_rng(0).integers(-3000, 3000, (300, 300)).astype(kind)
    whole = scale(values, 100.0, 2000.0)
    parts = np.stack([scale(row, 100.0, 2000.0) for row in values])
    assert (whole == parts).all()


def test_order_is_kept_between_the_bounds() -> None:
    grey = scale(np.array([0, 10, 15, 20, 30]), 10.0, 20.0)
    assert grey.tolist() == [0, 0, 128, 255, 255]


def test_the_range_leaves_out_the_extremes() -> None:
    values = np.concatenate([np.full(10, 1e6), np.linspace(0, 100, 10_000), np.full(10, -1e6)])
    low, high = robust_range(values)
    assert 0 <= low < 5
    assert 95 < high <= 100


def test_nothing_finite_has_no_range() -> None:
    assert robust_range(np.full((2, 2), np.nan)) == (0.0, 0.0)
