"""The plots of an evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.evaluation.measure import Measurement
from medsift.evaluation.plots import draw_confusion, matrix_to_show, write_plots
from medsift.evaluation.summary import summarise
from tests.evaluation.test_summary import MEASURED, UNREAD, measurement

NAMES = {"roc.png", "reliability.png", "risk-coverage.png", "confusion.png"}


def test_the_matrix_shows_medical_kinds_first_and_no_empty_rows() -> None:
    measured = [
        measurement("photo", 0.1, "chart"),
        measurement("xray", 0.9, "xray"),
        measurement("photo", 0.9, "mri"),
        measurement("ct", 0.9, "mri"),
        measurement("ct", 0.9, "ct"),
    ]
    rows, columns, counts, medical = matrix_to_show(summarise(measured, "m"))
    assert rows == ["xray", "ct", "photo"]
    assert columns == ["xray", "ct", "mri", "photo", "chart"]
    assert counts.tolist() == [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 1, 0, 1]]
    assert medical == (2, 3)


@pytest.mark.parametrize(
    "measured",
    [
        MEASURED,
        [measurement("ct", 0.9, "ct")],
        [measurement("photo", 0.2, "own_kind")] * 3,
        [UNREAD],
    ],
    ids=["both labels", "one label", "a kind of one's own", "nothing read"],
)
def test_whatever_was_measured_can_be_drawn(measured: list[Measurement], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_plots(measured, summarise(measured, "m"), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == NAMES


def test_numbers_can_be_read_on_dark_and_on_light_cells() -> None:
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    measured = [measurement("ct", 0.9, "ct")] * 95 + [measurement("ct", 0.9, "mri")] * 5
    figure = draw_confusion(plt, summarise(measured, "m"))
    inks = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert inks == {"95": "white", "5": "black"}
    plt.close(figure)
