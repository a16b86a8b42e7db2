from __future__ import annotations

import dataclasses

import pytest

from medsift.core.limits import DEFAULT_LIMITS, GIB, Limits


def test_every_limit_bounds_something() -> None:
    for field in dataclasses.fields(Limits):
        assert getattr(DEFAULT_LIMITS, field.name) > 0, field.name


def test_limits_say_what_they_bound() -> None:
    for field in dataclasses.fields(Limits):
        assert field.name in (Limits.__doc__ or ""), field.name


def test_honest_files_pass() -> None:
    # A photograph of 120 megapixels, a long thesis, a slide scan of half a gigabyte.
    assert DEFAULT_LIMITS.pixels >= 12_000 * 10_000
    assert DEFAULT_LIMITS.pages >= 1_000
    assert DEFAULT_LIMITS.file_bytes >= GIB // 2


def test_a_worker_can_hold_the_largest_picture_it_may_decode() -> None:
    # RGB, once as decoded and once over white.
    assert 2 * 3 * DEFAULT_LIMITS.pixels < DEFAULT_LIMITS.memory_bytes


def test_the_usual_limits_stay_unless_somebody_means_to_change_them() -> None:
    # A lower one loses pictures of honest files, a higher one is what hostile files may cost.
    assert dataclasses.asdict(DEFAULT_LIMITS) == {
        "file_bytes": 2**30,
        "pixels": 250_000_000,
        "frames": 32,
        "pages": 5_000,
        "pictures": 20_000,
        "members": 100_000,
        "inflated_bytes": 4 * 2**30,
        "depth": 5,
        "seconds": 300,
        "memory_bytes": 4 * 2**30,
    }


def test_one_limit_can_be_lowered_and_the_others_stay() -> None:
    lowered = dataclasses.replace(DEFAULT_LIMITS, pages=10)
    assert lowered.pages == 10
    assert dataclasses.replace(lowered, pages=DEFAULT_LIMITS.pages) == DEFAULT_LIMITS


def test_limits_cannot_be_changed_under_way() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT_LIMITS.pages = 1  # type: ignore[misc]
