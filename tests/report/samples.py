"""Records for the tests of outputs: plausible ones, and any that the schema allows."""

from __future__ import annotations

from hypothesis import strategies as st

from medsift.core.record import FIELDS, Record
from medsift.core.taxonomy import KINDS

HOSTILE_TEXTS = (
    "plain.png",
    "",
    "comma, quote \" and 'apostrophe'",
    "two\nlines",
    "carriage\rreturn\r\nand both",
    "\ttab first",
    "\rreturn first",
    "\nline first",
    "=HYPERLINK(1)",
    "+1",
    "-1.png",
    "@SUM(A1)",
    "'quoted",
    "''twice",
    "\uff1d1+1",
    "café/日本語/🩻.png",
    "half\udc80surrogate",
    "\ud83dtogether\ude00",
    "nul\x00inside",
    "line\u2028separator\x85\x0b\x0c",
    "\ufeffmark first",
    "  spaces  ",
    "null",
    "NaN",
    "[1, 2]",
)

_texts = st.one_of(
    st.sampled_from(HOSTILE_TEXTS),
    st.text(st.characters(), max_size=12),
    st.text(st.characters(categories=["Cs", "Cc"]), max_size=4),
)
_whole = st.integers(-(2**63), 2**63 - 1)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_by_type: dict[str, st.SearchStrategy[object]] = {
    "str": _texts,
    "int": st.none() | _whole,
    "float": st.none() | _numbers,
    "box": st.none() | st.tuples(_whole, _whole, _whole, _whole),
    "bbox": st.none() | st.tuples(_numbers, _numbers, _numbers, _numbers),
}

records: st.SearchStrategy[Record] = st.builds(
    Record,
    **{name: _by_type[kind] for name, kind in FIELDS.items() if name != "kinds"},
    kinds=st.none() | st.dictionaries(st.sampled_from(sorted(KINDS)), st.floats(0, 1), min_size=1),
)
"""Any record that the schema allows."""


def picture(source: str, index: int = 1, label: str = "medical", kind: str = "ct") -> Record:
    """A record as a scan makes it."""
    return Record(
        source=source,
        source_type="pdf",
        locator=f"page 1, image {index}",
        page=1,
        index=index,
        bbox=(10.0, 20.5, 110.25, 99.0),
        extraction="embedded",
        sha256=f"{index:064x}",
        width=640,
        height=480,
        format="jpeg",
        color_mode="RGB",
        label=label,
        p_medical=0.75 if label == "medical" else 0.25,
        confidence=0.75,
        likelihood="likely",
        kind=kind,
        p_kind=0.5,
        model="test 1",
        ms=1.5,
    )


def failure(source: str) -> Record:
    """A record of an input that could not be read."""
    return Record(
        source=source, status="failed", reason="undecodable", error="undecodable: it is damaged"
    )
