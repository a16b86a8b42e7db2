"""The verdict on one picture."""

from __future__ import annotations

import pytest

from medsift.classify.prediction import likelihood


@pytest.mark.parametrize(
    ("p_medical", "name"),
    [
        (0.0, "very_unlikely"),
        (0.0499, "very_unlikely"),
        (0.05, "unlikely"),
        (0.35, "possible"),
        (0.5, "possible"),
        (0.65, "likely"),
        (0.95, "very_likely"),
        (1.0, "very_likely"),
    ],
)
def test_each_probability_has_its_bucket(p_medical: float, name: str) -> None:
    assert likelihood(p_medical) == name
