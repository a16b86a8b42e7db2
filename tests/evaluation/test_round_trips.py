"""Whatever labels a data set has: written in a layout and read again, they are the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from medsift.core.taxonomy import KINDS, Label
from medsift.evaluation import formats
from medsift.evaluation.labelled import LABELS, Example
from medsift.evaluation.naming import SPLITS

# What a name may be made of: no control characters, which no file name should have and XML cannot;
# and no half of a pair of surrogates, which is no text. Spaces around a name are no part of it.
_LETTERS = st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="\ufffe\uffff")
_TEXTS = st.text(_LETTERS, max_size=12).map(str.strip)
_AWKWARD = st.sampled_from(
    [
        "medical",
        "non_medical",
        "a/b",
        "a-b",
        "..",
        "CON",
        "null",
        "nan",
        "1",
        "true",
        "train",
        "ä,ö",
    ]
)
_NAMES = st.one_of(_TEXTS, _AWKWARD)
_KINDS = st.one_of(st.sampled_from(sorted(KINDS)), _NAMES)
_FILES = st.one_of(
    st.sampled_from(["a.png", "A.PNG", "a.b.png", "a", "a-2.png", ".a.png", "a b#?%.png", "train"]),
    _TEXTS.filter(lambda t: t not in ("", ".", "..") and "/" not in t),
)
# What folders can be called, and what is read as folders of labels again.
_FOLDERS = st.text("abcXYZ019 _.+-äß", min_size=1, max_size=9).filter(
    lambda t: t == t.strip(". ") and t.lower() not in {*SPLITS, *LABELS}
)


@st.composite
def _data_sets(
    draw: st.DrawFn, kinds: st.SearchStrategy[str], texts: st.SearchStrategy[str], plain: bool
) -> list[tuple[str, Label, str, str, str]]:
    """Rows of file name, label, kind, source and split; ``plain`` ones suit folders."""
    # Few values, so that rows share them.
    kind = st.sampled_from(draw(st.lists(kinds, min_size=1, max_size=3)))
    source = st.sampled_from(["", *draw(st.lists(texts, max_size=2))])
    if plain:
        has_splits = draw(st.booleans())
        split = st.sampled_from(["train", "val", "test"] if has_splits else [""])
    else:
        split = st.sampled_from(["", "train", "test", *draw(st.lists(texts, max_size=2))])
    row = st.tuples(_FILES, st.sampled_from(LABELS), kind, source, split)
    rows = draw(st.lists(row, min_size=1, max_size=8))
    # A source lies below a kind, so that folders have none without.
    return [(f, a, k, s if k or not plain else "", p) for f, a, k, s, p in rows]


def _made(rows: list[tuple[str, Label, str, str, str]], top: Path) -> list[Example]:
    """Examples whose files differ, so that none can stand for another."""
    made = []
    for number, (name, label, kind, source, split) in enumerate(rows):
        folder = top / str(number)
        folder.mkdir(parents=True)
        (folder / name).write_bytes(b"picture %d" % number)
        made.append(Example(folder / name, label, kind, source, split))
    return made


def _facts(examples: list[Example]) -> list[tuple[bytes, str, str, str, str]]:
    return sorted((e.path.read_bytes(), e.label, e.kind, e.source, e.split) for e in examples)


def _there_and_back(rows: list[tuple[str, Label, str, str, str]], name: str) -> None:
    if name == "parquet":
        pytest.importorskip("arro3.io")
    with tempfile.TemporaryDirectory() as folder:
        made = _made(rows, Path(folder, "in"))
        formats.write(made, Path(folder, "out"), name)
        assert _facts(formats.read(Path(folder, "out"), {})) == _facts(made)


@pytest.mark.parametrize("name", [n for n in formats.FORMATS if n != "folders"])
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=_data_sets(_KINDS, _NAMES, plain=False))
@example(rows=[("a", "medical", "medical", "", ""), ("a", "medical", "", "", "")])
@example(rows=[("s", "medical", "ct", "", ""), ("a", "medical", "ct", "s", "")])
@example(rows=[("a.png", "medical", "ct", "s", p) for p in ("a/b", "a-b", "", "train")])
def test_lists_of_labels_hold_any_names(
    rows: list[tuple[str, Label, str, str, str]], name: str
) -> None:
    _there_and_back(rows, name)


@settings(deadline=None, max_examples=30)
@given(rows=_data_sets(st.one_of(st.just(""), _FOLDERS), _FOLDERS, plain=True))
def test_folders_hold_what_folders_can_be_called(
    rows: list[tuple[str, Label, str, str, str]],
) -> None:
    _there_and_back(rows, "folders")
