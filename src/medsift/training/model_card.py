"""The text that goes with a model: what it is, what it is for, and what it is not for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medsift.classify.card import ModelCard
from medsift.evaluation.labelled import Example
from medsift.evaluation.metrics import Share
from medsift.evaluation.summary import EvaluationSummary

_WEAK = 0.9
_WEAK_AT_LEAST = 10


def figures(summary: EvaluationSummary) -> dict[str, Any]:
    """Pick the figures for ``metrics`` of ``model.json``."""
    row = summary.to_dict()
    kept = (
        "accuracy",
        "by_label",
        "auroc",
        "ece",
        "operating_points",
        "kind_accuracy",
        "uncertain",
    )
    return {name: row[name] for name in kept}


def kinds_of(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Count the training pictures and their sources, by kind."""
    pictures = Counter(example.kind or example.label for example in examples)
    sources: dict[str, set[str]] = {}
    for example in examples:
        sources.setdefault(example.kind or example.label, set()).add(example.source)
    return {
        kind: {"pictures": count, "sources": len(sources[kind])}
        for kind, count in sorted(pictures.items())
    }


def render_card(card: ModelCard, summary: EvaluationSummary) -> str:
    """Write the model card for people, in Markdown."""
    return "\n".join(_lines(card, summary)) + "\n"


def _lines(card: ModelCard, summary: EvaluationSummary) -> Iterator[str]:
    yield f"# {card.name} {card.version}"
    yield ""
    yield "Tells medical images (made of a patient or a specimen for diagnosis or care) from all"
    yield "other pictures, and names the kind of either."
    yield ""
    yield "## What it is not for"
    yield ""
    yield "It says *that* a picture is a medical image, never what the image shows. It must not be"
    yield "used for diagnosis or any other decision about a patient. It does not find all medical"
    yield "images: do not rely on it alone to keep patient data from leaving a place."
    yield ""
    yield "## Networks"
    yield ""
    for member in card.members:
        spec = member.preprocess
        yield (
            f"- `{member.file}`: {spec.size} x {spec.size} pixels, {spec.fit}; "
            f"temperature {member.temperature:.2f}"
        )
    slope, offset = card.calibration
    yield ""
    yield f"{len(card.classes)} kinds. Probabilities are averaged, then calibrated (Platt: slope"
    yield f"{slope:.3f}, offset {offset:.3f}). A confidence below {card.threshold:.2f} gives the"
    yield "label `uncertain`."
    if card.gate is not None:
        yield ""
        yield f"Before them goes a gate, the model `{Path(card.gate.model).name}`. Where it gives"
        yield f"a picture a probability of being medical below {card.gate.below:g}, its answer"
        yield "stands, with its kind. All other pictures go on to the networks above, as if there"
        yield "were no gate" + (
            f", but that its probabilities count {card.gate.share:g} in the mean."
            if card.gate.share
            else "."
        )
    if card.second is not None:
        second = card.second
        yield ""
        yield f"Pictures with a probability from {second.low:g} to {second.high:g} are in doubt and"
        yield f"go through the networks of `{Path(second.model).name}`, too, whose probabilities"
        yield f"count {second.share:g} in the mean. The mean is calibrated anew."
    yield ""
    yield "## Data and recipe"
    yield ""
    yield from _training(card.training)
    yield "## Figures"
    yield ""
    yield from _fitted_on_the_same(card)
    yield ""
    yield from _figures(summary)
    yield ""
    yield "## Known weaknesses"
    yield ""
    yield from _weaknesses(summary)


def _training(training: Mapping[str, Any]) -> Iterator[str]:
    for name, value in training.items():
        if name != "kinds":
            yield f"- {name}: {value}"
    kinds = training.get("kinds", {})
    if kinds:
        yield ""
        yield "| kind | pictures | sources |"
        yield "| --- | ---: | ---: |"
        for kind, counts in kinds.items():
            yield f"| {kind} | {counts['pictures']} | {counts['sources']} |"
    yield ""


def _fitted_on_the_same(card: ModelCard) -> Iterator[str]:
    folds = card.metrics.get("over_folds")
    if folds:
        yield f"Of {folds} times as many networks, each trained without one part in {folds} of the"
        yield "groups (repositories that pictures came from): every picture was judged by networks"
        yield "that had seen nothing of its group. What ships is the mean of their weights, trained"
        yield "on everything, so that it cannot be measured on the same pictures; this is what to"
        yield "expect of it on pictures of other origins. Calibration was fitted on these answers:"
        yield "fitted on one half of the groups and measured on the other, and the other way round,"
        yield f"the calibration error is {card.metrics['ece_cross_fitted']:.4f}."
        runs = card.training.get("runs", 1)
        if runs > 1:
            yield ""
            yield f"That was done {runs} times, with other seeds or settings: a picture was judged"
            yield f"by the mean of {runs} networks, and what ships is the mean"
            yield f"of all {runs * folds}."
        return
    yield "On the validation sources, none of which was trained on. Calibration and the"
    yield "choice of the epoch were fitted on the same sources, so that the"
    yield "calibration error is on the optimistic side: fitted on one half of the sources and"
    without = ", without the gate," if card.gate is not None else ""
    yield (
        f"measured on the other, and the other way round, it is{without} "
        f"{card.metrics['ece_cross_fitted']:.4f}."
    )


def _figures(summary: EvaluationSummary) -> Iterator[str]:
    yield "| figure | value | 95 % interval | right / n |"
    yield "| --- | ---: | --- | --- |"
    yield _row("accuracy", summary.accuracy)
    for label, share in summary.by_label.items():
        yield _row(f"accuracy, {label}", share)
    for point in summary.operating_points:
        yield _row(f"recall of medical at FPR {point.fpr:g}", point.recall)
    for label, share in summary.kind_accuracy.items():
        yield _row(f"kind right, {label}", share)
    yield f"| AUROC | {summary.auroc:.4f} | | |"
    yield f"| expected calibration error | {summary.ece:.4f} | | |"
    yield f"| uncertain | {summary.uncertain} | | |"


def _row(name: str, share: Share) -> str:
    interval = f"{share.low:.1%} to {share.high:.1%}"
    return f"| {name} | {share.value:.2%} | {interval} | {share.right} / {share.n} |"


def _weaknesses(summary: EvaluationSummary) -> Iterator[str]:
    for title, shares in (("Kinds", summary.by_kind), ("Sources", summary.by_source)):
        weak = {
            name: share
            for name, share in shares.items()
            if share.n >= _WEAK_AT_LEAST and share.value < _WEAK
        }
        if weak:
            yield f"{title} with more than one mistake in ten (label, not kind):"
            yield ""
            for name, share in sorted(weak.items(), key=lambda item: item[1].value):
                yield f"- {name}: {share.value:.0%} ({share.right} / {share.n})"
            yield ""
    yield "Kinds with few training sources generalise worst; see the table above."
