"""An evaluation as text for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from medsift.evaluation.metrics import Share
from medsift.evaluation.summary import EvaluationSummary

_WORST_SOURCES = 15
_WORST_CONFUSIONS = 12


def render(summary: EvaluationSummary) -> str:
    """Lay the figures out in a page of text."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(s: EvaluationSummary) -> Iterator[str]:
    yield f"Model: {s.model}"
    yield ""
    yield f"Accuracy            {_share(s.accuracy)}"
    yield f"  without uncertain {_share(s.decided)}"
    for label, share in s.by_label.items():
        yield f"  {label:17} {_share(share)}"
    yield f"Uncertain           {s.uncertain}"
    yield f"Could not be read   {s.failed}"
    yield f"AUROC               {_number(s.auroc, 4)}"
    for point in s.operating_points:
        remark = "" if point.resolved else "  (too few negatives: at no false positive)"
        yield f"Recall at FPR {point.fpr:<5g} {_share(point.recall)}{remark}"
    yield f"Calibration error   {_number(s.ece, 4)}"
    for label, share in s.kind_accuracy.items():
        yield f"Kind, {label:13} {_share(share)}"
    yield f"Time per image      {_number(s.ms_per_image, 1)} ms"
    yield from _precision(s)
    yield from _table("Accuracy by kind", s.by_kind)
    yield from _sources(s.by_source)
    yield from _confusions(s)


def _precision(s: EvaluationSummary) -> Iterator[str]:
    yield ""
    yield "Expected precision where only so many of the pictures are medical"
    for rate, row in s.precision_at_prevalence.items():
        cells = "   ".join(f"{float(p):.1%}: {_percent(v)}" for p, v in row.items())
        yield f"  at FPR {rate:<6} {cells}"


def _table(title: str, shares: Mapping[str, Share]) -> Iterator[str]:
    if not shares:
        return
    width = max(len(name) for name in shares)
    yield ""
    yield title
    for name, share in shares.items():
        yield f"  {name:{width}}  {_share(share)}"


def _sources(shares: Mapping[str, Share]) -> Iterator[str]:
    wrong = {name: share for name, share in shares.items() if share.right < share.n}
    worst = sorted(wrong.items(), key=lambda item: (item[1].right - item[1].n, item[0]))
    yield from _table(
        f"Sources with most mistakes ({len(wrong)} of {len(shares)} sources have some)",
        dict(worst[:_WORST_SOURCES]),
    )


def _confusions(s: EvaluationSummary) -> Iterator[str]:
    pairs = [
        (count, s.kinds[i], s.kinds[j])
        for i, row in enumerate(s.confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    if not pairs:
        return
    yield ""
    yield "Most frequent confusions of kinds (true, predicted)"
    for count, true, predicted in sorted(pairs, key=lambda p: (-p[0], p[1:]))[:_WORST_CONFUSIONS]:
        yield f"  {count:5}  {true}  >  {predicted}"


def _share(share: Share) -> str:
    if not share.n:
        return "no images"
    return f"{share.value:7.2%}  [{share.low:.1%}, {share.high:.1%}]  ({share.right} / {share.n})"


def _number(value: float, digits: int) -> str:
    return "unknown" if math.isnan(value) else f"{value:.{digits}f}"


def _percent(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.1%}"
