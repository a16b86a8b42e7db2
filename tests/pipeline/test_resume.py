"""Inputs on their way to the workers, with what an earlier run found in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from medsift.core.record import Record
from medsift.pipeline.outcomes import Examined
from medsift.pipeline.resume import elsewhere, going_on, stamped
from medsift.report.opening import Opening
from medsift.report.outputs import open_outputs
from medsift.report.writers import read_rows
from medsift.sources.inputs import Input, expand
from medsift.sources.series import by_series
from tests.sources.dicom_samples import dataset, ramp, written


def scan(out: Path, items: Iterable[Input | None], mode: str = "resume") -> list[str]:
    """Write a record for each input, and tell which were new."""
    new = []
    with open_outputs([str(out)], Opening("resume" if mode == "resume" else "new")) as outputs:
        for item in going_on(items, outputs):
            if isinstance(item, Input):
                new.append(item.source)
                outputs.write(Record(item.source))
                outputs.complete(item.source, item.stamp)
            elif item is not None and not item.written:
                assert isinstance(item, Examined)
                for outcome in item.outcomes:
                    outputs.write(outcome.record)
                outputs.complete(item.item.source, item.item.stamp)
    return new


def sources(out: Path) -> list[str]:
    return [row["source"] for row in read_rows(out)]


def test_pauses_pass_and_addresses_are_known_again(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    items = [Input("https://example.org/"), None, Input("https://example.org/2")]
    assert len(scan(out, stamped(items, "time"), "new")) == 2
    assert scan(out, stamped(items, "time")) == []
    assert sources(out) == ["https://example.org/", "https://example.org/2"]


def test_what_could_not_be_read_is_tried_when_it_can_be(tmp_path: Path) -> None:
    out, late = tmp_path / "r.jsonl", tmp_path / "late.png"
    assert scan(out, stamped(expand([late]), "time"), "new") == [str(late)]
    assert scan(out, stamped(expand([late]), "time")) == []
    late.write_bytes(b"x")
    assert scan(out, stamped(expand([late]), "time")) == [str(late)]
    assert sources(out) == [str(late)]


def test_a_series_stays_one_record_when_slices_come(tmp_path: Path) -> None:
    inputs, out = tmp_path / "in", tmp_path / "r.jsonl"
    inputs.mkdir()

    def add(*numbers: int) -> None:
        for number in numbers:
            made = dataset(ramp(), SeriesInstanceUID="1.2.3", InstanceNumber=number)
            (inputs / f"{number}.dcm").write_bytes(written(made))

    def series() -> Iterator[Input | None]:
        return by_series(stamped(expand([inputs]), "time"))

    add(1, 2, 3)
    assert scan(out, series(), "new") == [str(inputs / "2.dcm")]
    assert scan(out, series()) == []
    add(4, 5, 6, 7)
    assert len(scan(out, series())) == 1
    assert len(sources(out)) == 1


@pytest.mark.parametrize(
    ("names", "here", "there"),
    [
        (["a"], ["a", "a/b.png"], ["b/a.png", "ab.png", "https://example.org/a"]),
        (["a/"], ["a/b.png"], ["b.png"]),
        (["."], ["a.png", "a/b.png"], ["/a.png", "../a.png", "https://example.org/"]),
        (["/"], ["/a.png"], []),
        (["https://example.org/a"], ["https://example.org/a"], ["https://example.org/b", "a"]),
        (["*.png"], ["a.png", "b/c.jpg"], []),
    ],
)
def test_what_lies_elsewhere_is_told_by_its_name(
    names: list[str], here: list[str], there: list[str]
) -> None:
    is_elsewhere = elsewhere(names, listed=False)
    assert [key for key in [*here, *there] if is_elsewhere(key)] == there
    assert not elsewhere(names, listed=True)("whatever")
