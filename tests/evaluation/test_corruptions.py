"""Pictures made worse in stated ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsift.evaluation.corruptions import CORRUPTIONS, SEVERITIES, SIDE, Corruption
from medsift.evaluation.labelled import Example
from medsift.evaluation.robustness import (
    even_sample,
    measure_robustness,
    render_robustness,
)
from tests.samples import picture

BY_NAME = {corruption.name: corruption for corruption in CORRUPTIONS}
RESHAPES = {"downscale", "crop", "rotate"}


def pixels(side: int = 80) -> Any:
    return np.asarray(picture(4, (side + 20, side)))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: c.name)
def test_each_severity_gives_a_picture_that_differs(corruption: Corruption) -> None:
    before = pixels()
    kept = before.copy()
    found = [corruption.apply(before, severity) for severity in SEVERITIES]
    assert (before == kept).all()
    for after in found:
        assert after.dtype == np.uint8
        assert after.ndim == 3
        assert after.shape[2] == 3
        if corruption.name not in RESHAPES:
            assert after.shape == before.shape
            assert (after != before).any()
    if corruption.name not in {"downscale"}:
        assert len({after.tobytes() for after in found}) == len(SEVERITIES)


@pytest.mark.parametrize(
    "name", sorted({c.name for c in CORRUPTIONS} - RESHAPES - {"saturate", "inversion"})
)
def test_a_higher_severity_is_farther_from_the_picture(name: str) -> None:
    before = pixels().astype(float)
    distances = [
        float(np.abs(BY_NAME[name].apply(pixels(), severity).astype(float) - before).mean())
        for severity in SEVERITIES
    ]
    assert distances[4] > distances[0]
    assert distances == pytest.approx(sorted(distances), rel=0.15)


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: c.name)
def test_the_same_seed_gives_the_same_picture(corruption: Corruption) -> None:
    first, second = (corruption.apply(pixels(), 3, seed=5) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_large_pictures_are_reduced_first() -> None:
    assert min(BY_NAME["contrast"].apply(pixels(500), 1).shape[:2]) == SIDE


@pytest.mark.parametrize("name", ["fog", "saturate", "zoom blur", "rotate", "crop", "pixelate"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 30, 3), (33, 2, 3)])
def test_small_and_odd_pictures_can_be_made_worse(name: str, shape: Any) -> None:
    assert BY_NAME[name].apply(np.full(shape, 90, np.uint8), 5).size


def test_a_blur_of_one_colour_changes_nothing() -> None:
    flat = np.full((40, 50, 3), 77, np.uint8)
    for name in ("defocus blur", "motion blur", "gaussian blur", "zoom blur"):
        assert (BY_NAME[name].apply(flat, 5) == flat).all(), name


def test_there_is_no_sixth_severity() -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        CORRUPTIONS[0].apply(pixels(), 6)


class _BrightIsMedical:
    """A classifier for tests: only the mean brightness counts."""

    largest_side = 32

    def prepare(self, pixels: Any) -> float:
        return float(pixels.mean())

    def classify(self, batch: list[float]) -> list[Any]:
        class Answer:
            def __init__(self, p: float) -> None:
                self.p_medical = p

        return [Answer(mean / 255) for mean in batch]


def test_the_matrix_counts_right_answers_under_each_corruption(tmp_path: Path) -> None:
    from PIL import Image

    examples = []
    for label, value in (("medical", 200), ("non_medical", 40)):
        for number in range(2):
            path = tmp_path / f"{label}{number}.png"
            Image.new("RGB", (40, 40), (value,) * 3).save(path)
            examples.append(Example(path, label, "", "s"))  # type: ignore[arg-type]
    examples.append(Example(tmp_path / "gone.png", "medical"))
    chosen = [BY_NAME["inversion"], BY_NAME["webp"]]
    found = measure_robustness(_BrightIsMedical(), examples, chosen)  # type: ignore[arg-type]
    assert (found.clean.right, found.clean.n) == (4, 4)
    assert found.rows[0].shares[0].right == 0
    assert [share.right for share in found.rows[1].shares] == [4] * 5
    assert "webp" in render_robustness(found)


def test_a_sample_takes_turns_over_sources() -> None:
    examples = [
        Example(Path(f"{source}{i}.png"), "medical", "ct", source)
        for source, size in (("large", 50), ("small", 2), ("tiny", 1))
        for i in range(size)
    ]
    sources = [example.source for example in even_sample(examples, 6)]
    assert sorted(sources) == ["large"] * 3 + ["small"] * 2 + ["tiny"]
    assert even_sample(examples, 6) == even_sample(examples, 6)
