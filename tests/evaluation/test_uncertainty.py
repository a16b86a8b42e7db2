"""How far the figures would move with other sources."""

from __future__ import annotations

import math

import numpy as np
import pytest

from medsift.evaluation.uncertainty import (
    intervals_over_sources,
    leave_one_source_out,
    render_intervals,
    render_left_out,
)
from tests.evaluation.test_summary import MEASURED, UNREAD, measurement


def test_an_interval_over_sources_is_wider_where_mistakes_come_by_source() -> None:
    rng = np.random.default_rng(1)
    scattered, bunched = [], []
    for source in range(20):
        for place in range(20):
            name = f"s{source}"
            hit = 0.9 if rng.random() > 0.1 else 0.2
            scattered.append(measurement("ct", hit, "ct", source=name))
            bunched.append(measurement("ct", 0.2 if source < 2 else 0.9, "ct", source=name))
            negative = measurement("photo", 0.1, "photo", source=f"p{place % 10}")
            scattered.append(negative)
            bunched.append(negative)
    widths = []
    for measured in (scattered, bunched):
        row = intervals_over_sources(measured)["accuracy"]
        assert row.low <= row.value <= row.high
        widths.append(row.high - row.low)
    assert widths[1] > 1.5 * widths[0]


def test_a_large_source_does_not_drown_the_mean_of_sources() -> None:
    measured = [measurement("ct", 0.9, "ct", source="large")] * 90
    measured += [measurement("ct", 0.2, "photo", source="small")] * 10
    rows = intervals_over_sources(measured)
    assert rows["accuracy"].value == pytest.approx(0.9)
    assert rows["mean accuracy of sources"].value == pytest.approx(0.5)
    assert rows["mean accuracy of sources"].sources == 2
    assert math.isnan(rows["auroc"].value)


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert repr(intervals_over_sources(MEASURED)) == repr(intervals_over_sources(MEASURED))


def test_the_source_with_the_mistakes_moves_the_figure_most() -> None:
    measured = [measurement("ct", 0.9, "ct", source="good")] * 8
    measured += [measurement("ct", 0.2, "photo", source="bad")] * 4
    measured += [measurement("photo", 0.1, "photo", source="other")] * 4
    first, *rest = leave_one_source_out([*measured, UNREAD])
    assert (first.source, first.n, first.wrong) == ("medical/ct/bad", 4, 4)
    assert first.accuracy == 1.0
    assert {row.source for row in rest} == {"medical/ct/good", "non_medical/photo/other"}


def test_both_can_be_read_by_people() -> None:
    assert "accuracy" in render_intervals(intervals_over_sources(MEASURED))
    assert "without it: accuracy" in render_left_out(leave_one_source_out(MEASURED))


def test_sources_of_one_group_are_drawn_together_and_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    found = []
    for source in range(40):
        wrong = source // 10 == 0
        for _ in range(20):
            p = 0.1 if wrong else 0.5 + rng.random() / 2
            found.append(measurement("ct", p, "ct", source=f"s{source}"))
            found.append(measurement("photo", 1 - p, "photo", source=f"p{source}"))
    groups = {f"{letter}{n}": f"r{n // 10}" for n in range(40) for letter in "sp"}
    alone = intervals_over_sources(found, resamples=200)["accuracy"]
    together = intervals_over_sources(found, groups, resamples=200)["accuracy"]
    assert alone.value == together.value
    assert together.sources == 8
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_mean_over_kinds_counts_rare_kinds_as_much_as_common_ones() -> None:
    many = [measurement("photo", 0.1, "photo", source="a") for _ in range(90)]
    few = [measurement("ct", 0.1, "ct", source="b") for _ in range(10)]
    found = intervals_over_sources([*many, *few], resamples=5)
    assert found["accuracy"].value == pytest.approx(0.9)
    assert found["mean accuracy of kinds"].value == pytest.approx(0.5)
