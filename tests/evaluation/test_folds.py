"""Folds of whole groups."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import UsageError
from medsift.evaluation.folds import assign_folds, groups_of, read_groups
from medsift.evaluation.labelled import Example


def example(kind: str, source: str, number: int = 0) -> Example:
    label = "medical" if kind in {"ct", "mri"} else "non_medical"
    return Example(Path(f"{kind}-{source}-{number}.png"), label, kind, source)  # type: ignore[arg-type]


def test_sources_of_one_repository_are_one_group(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("source,repository\na,r/one\nb,r/one\nc,r/two\nd,\ne,\n")
    groups = read_groups(manifest)
    assert groups["a"] == groups["b"] == "r/one"
    assert len({groups[name] for name in "acde"}) == 4


def test_repositories_that_share_a_source_are_one_group(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("source,repository\na,r/1\nb,r/1\nb,r/2\nc,r/2\nc,r/3\nd,r/4\n")
    groups = read_groups(manifest)
    assert {groups[name] for name in "abc"} == {"r/1"}
    assert groups["d"] == "r/4"


@pytest.mark.parametrize("text", ["source,place\na,b\n", None])
def test_a_manifest_that_says_nothing_of_repositories_is_refused(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "m.csv").write_text(text)
    with pytest.raises(UsageError, match=r"m\.csv"):
        read_groups(tmp_path / "m.csv")


def test_a_source_that_the_manifest_does_not_know_stands_alone() -> None:
    examples = [example("ct", "a"), example("ct", "b"), example("ct", "")]
    assert groups_of(examples, {"a": "r/one"}) == ["r/one", "b", "medical/ct"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ct", "mri", "photo", "chart"]), st.integers(0, 9)), min_size=12
    ),
    st.integers(2, 4),
)
def test_no_fold_cuts_through_a_group(pairs: list[tuple[str, int]], folds: int) -> None:
    examples = [example(kind, str(group)) for kind, group in pairs]
    groups = [e.source for e in examples]
    if len(set(groups)) < folds:
        with pytest.raises(UsageError, match="too few"):
            assign_folds(examples, groups, folds)
        return
    found = assign_folds(examples, groups, folds)
    assert len({(g, int(f)) for g, f in zip(groups, found, strict=True)}) == len(set(groups))
    assert (found == assign_folds(examples, groups, folds)).all()


def test_every_kind_is_spread_over_the_folds() -> None:
    examples = [
        example(kind, f"{kind}{group}", n)
        for kind, groups in (("ct", 8), ("photo", 40), ("mri", 4))
        for group in range(groups)
        for n in range(3)
    ]
    folds = assign_folds(examples, [e.source for e in examples], 4)
    counts = Counter((e.kind, int(f)) for e, f in zip(examples, folds, strict=True))
    assert {counts["ct", f] for f in range(4)} == {6}
    assert {counts["photo", f] for f in range(4)} == {30}
    assert {counts["mri", f] for f in range(4)} == {3}
