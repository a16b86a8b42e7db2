"""Pictures wait until there are enough of them for the networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from medsift.core.record import Record
from medsift.pipeline import batch as batch_module
from medsift.pipeline.batch import Batch, Pending, Slot


class Asked:
    """In place of a classifier: its verdicts say how often it was asked before."""

    batch = 3
    explains = True

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.given = 0

    def _verdicts(self, count: int) -> list[str]:
        self.given += count
        return [f"verdict {n}" for n in range(self.given - count, self.given)]

    def classify_figures(self, batch: Any, figures: Any, panels: bool) -> Any:
        self.asked.append((batch, figures, panels))
        return self._verdicts(len(batch))

    def explain_figures(self, batch: Any, sizes: Any, figures: Any, panels: bool) -> Any:
        self.asked.append((batch, sizes, figures, panels))
        return [(verdict, b"heat") for verdict in self._verdicts(len(batch))]

    def features_of(self, batch: Any) -> Any:
        return np.arange(2 * len(batch), dtype=np.float64).reshape(-1, 2)


def made(explains: bool = True, **options: bool) -> tuple[Any, Asked]:
    asked: Any = Asked()
    asked.explains = explains
    return Batch(asked, **options), asked


def fresh(name: str, **others: Any) -> Any:
    prepared: Any = {"prepared": name}
    return Pending(0, Record(name, width=40, height=30), Slot(), prepared, **others)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("medsift.pipeline.batch.time.monotonic", lambda: now[0])
    return now


def test_it_is_due_when_the_networks_have_enough() -> None:
    batch, _ = made()
    assert not batch.is_due
    for name in "ab":
        batch.add(fresh(name))
        batch.add(Pending(0, Record(f"skipped {name}")))
        assert not batch.is_due
    batch.add(fresh("c"))
    assert batch.is_due


def test_it_is_due_when_very_many_wait_or_one_has_waited_long(clock: list[float]) -> None:
    batch, _ = made()
    for number in range(63):
        batch.add(Pending(0, Record(str(number))))
        assert not batch.is_due
    batch.add(Pending(0, None))
    assert batch.is_due
    batch.clear()
    assert not batch.is_due
    batch.add(fresh("a"))
    clock[0] += 0.9
    batch.add(fresh("b"))
    assert not batch.is_due
    clock[0] += 0.2
    assert batch.is_due


def test_all_come_in_order_and_those_that_are_due_with_their_verdicts() -> None:
    batch, asked = made(panels=True)
    pending = [fresh("a"), Pending(0, Record("skipped")), fresh("b"), Pending(0, None)]
    for each in pending:
        batch.add(each)
    assert list(batch.take()) == pending
    verdicts = [each.slot.verdict if each.slot else None for each in pending]
    assert verdicts == [("verdict 0", None), None, ("verdict 1", None), None]
    assert asked.asked == [([{"prepared": "a"}, {"prepared": "b"}], [None, None], True)]
    assert pending[0].ms == pending[2].ms > 0
    assert not batch.is_due


def test_verdicts_are_remembered_by_what_pictures_have_in_common(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_module, "_REMEMBERED", 2)
    batch, _ = made()
    for name in "abc":
        batch.add(fresh(name, likeness=(name,)))
        list(batch.take())
        assert batch.recall(("b",)) == (("verdict 1", None) if name != "a" else None)
    # The one that was not asked for the longest time is forgotten.
    assert [batch.recall((name,)) is not None for name in "abc"] == [False, True, True]


def test_features_are_kept_with_the_verdict_and_not_remembered() -> None:
    batch, _ = made(features=True)
    for name in "ab":
        batch.add(fresh(name, likeness=(name,)))
    first, second = list(batch.take())
    assert first.slot.features == np.array([0, 1], dtype="<f4").tobytes()
    assert second.slot.features == np.array([2, 3], dtype="<f4").tobytes()
    assert batch.recall(("a",)) is None


def test_maps_are_made_in_the_proportions_of_the_picture_where_the_model_can() -> None:
    batch, asked = made(heat=True)
    batch.add(fresh("a"))
    (found,) = batch.take()
    assert found.slot.verdict == ("verdict 0", b"heat")
    assert asked.asked == [([{"prepared": "a"}], [(40, 30)], [None], False)]
    batch, _ = made(explains=False, heat=True)
    batch.add(fresh("b"))
    (found,) = batch.take()
    assert found.slot.verdict == ("verdict 0", None)


def test_after_an_interruption_nothing_is_pending() -> None:
    batch, asked = made()
    batch.add(fresh("a"))
    batch.clear()
    assert list(batch.take()) == []
    assert asked.given == 0
