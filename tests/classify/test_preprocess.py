"""From RGB pixels to the tensor that a network reads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.classify.preprocess import Fit, Preprocess, framing_of, normalise, prepare, resize

FITS: list[Fit] = ["stretch", "letterbox", "crop"]


def halves(width: int, height: int) -> np.ndarray:
    """Left half black, right half red."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:, width // 2 :, 0] = 255
    return pixels


@pytest.mark.parametrize("fit", FITS)
@given(width=st.integers(1, 300), height=st.integers(1, 300))
def test_any_size_becomes_the_square_of_the_network(fit: Fit, width: int, height: int) -> None:
    tensor = prepare(halves(width, height), Preprocess(size=32, fit=fit))
    assert tensor.shape == (3, 32, 32)
    assert tensor.dtype == np.float32
    assert np.isfinite(tensor).all()


def test_samples_are_scaled_with_the_mean_and_deviation_of_each_channel() -> None:
    spec = Preprocess(size=1, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))
    pixels = np.array([[[255, 0, 51]]], dtype=np.uint8)
    assert normalise(pixels, spec)[:, 0, 0].tolist() == pytest.approx([1.0, -1.0, 0.2])


def test_stretch_shows_the_whole_picture() -> None:
    resized = resize(halves(400, 100), Preprocess(size=40, fit="stretch"))
    assert resized[:, :18].max() == 0
    assert resized[:, 22:, 0].min() == 255


def test_letterbox_keeps_the_aspect_ratio_and_pads_with_white() -> None:
    resized = resize(halves(400, 100), Preprocess(size=40, fit="letterbox"))
    assert (resized[:15] == 255).all()
    assert (resized[25:] == 255).all()
    assert (resized[16:24, :18] == 0).all()


def test_crop_cuts_the_centre_of_the_shorter_side() -> None:
    pixels = np.zeros((100, 300, 3), dtype=np.uint8)
    pixels[:, 100:200] = 255
    pixels[:5] = 0
    resized = resize(pixels, Preprocess(size=32, fit="crop", crop_fraction=0.875))
    assert (resized == 255).all()


def test_shrinking_averages_instead_of_picking_samples() -> None:
    stripes = np.zeros((256, 256, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    resized = resize(stripes, Preprocess(size=32, fit="stretch"))
    assert abs(int(resized.min()) - 127) < 6
    assert abs(int(resized.max()) - 128) < 6


def test_settings_survive_the_model_folder() -> None:
    spec = Preprocess(size=160, fit="crop", crop_fraction=0.9, mean=(0.1, 0.2, 0.3))
    assert Preprocess.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(("width", "height"), [(100, 50), (50, 100)])
def test_a_letterbox_is_in_the_middle_and_the_framing_says_where(width: int, height: int) -> None:
    spec = Preprocess(40, "letterbox")
    square = resize(np.zeros((height, width, 3), dtype=np.uint8), spec)
    inside = np.argwhere(square[..., 0] < 128)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
    framing = framing_of(width, height, spec)
    assert framing.seen == (0, 0, width, height)
    assert framing.square == (left / 40, top / 40, right / 40, bottom / 40)
    assert {left, top} == {0, 10}
