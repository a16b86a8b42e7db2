"""What an adapted model says of itself: what it was adapted on, and what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.adaptation.examples import Seen
from medsift.adaptation.fit import Fitted, Material
from medsift.adaptation.plan import Kinds
from medsift.classify.card import ModelCard
from medsift.classify.head import offsets
from medsift.evaluation.metrics import Share


def describe(base: ModelCard, seen: Seen, kinds: Kinds, fitted: Fitted) -> dict[str, Any]:
    """Facts for ``training`` of the card."""
    sources: dict[str, Counter[str]] = {}
    for example in seen.examples:
        name = example.kind or example.label
        sources.setdefault(name, Counter())[example.source] += 1
    return {
        "adapted": f"{base.name} {base.version}",
        "kinds": "only those of the data"
        if kinds.learned.all()
        else "those of the data beside the model's",
        "new kinds": [
            f"{c.label}/{c.name}"
            for c, link in zip(kinds.classes, kinds.link, strict=True)
            if link < 0
        ],
        "pictures": len(seen.examples),
        "could not be read": len(seen.failed),
        "penalty": fitted.ridge,
        "handicap of new kinds": round(fitted.handicap, 4),
        "sources": {kind: dict(sorted(found.items())) for kind, found in sorted(sources.items())},
    }


def figures_of(material: Material, kinds: Kinds, fitted: Fitted) -> dict[str, Any]:
    """Figures on pictures of sources that the layer was not fitted to."""
    medical = np.array([c.label == "medical" for c in kinds.classes])
    said, truth = fitted.held_out, material.targets
    kind_right = said.argmax(axis=1) == truth
    label_right = (said[:, medical].sum(axis=1) >= 0.5) == medical[truth]
    mine = material.mine
    figures: dict[str, Any] = {
        "kind_accuracy": _share(kind_right[mine]),
        "label_accuracy": _share(label_right[mine]),
        "by_kind": {
            f"{c.label}/{c.name}": _share(kind_right[mine & (truth == i)])
            for i, c in enumerate(kinds.classes)
            if kinds.learned[i]
        },
    }
    if not mine.all():
        old = ~mine
        before = _before(material, kinds)[old]
        medical_before = before[:, medical].sum(axis=1) >= 0.5
        figures["old_kinds"] = {
            "kind_before": _share(before.argmax(axis=1) == truth[old]),
            "kind": _share(kind_right[old]),
            "label_before": _share(medical_before == medical[truth[old]]),
            "label": _share(label_right[old]),
        }
    return figures


def _before(material: Material, kinds: Kinds) -> NDArray[np.float64]:
    chances = np.exp(offsets(material.base, material.link))
    chances[:, kinds.link < 0] = 0
    total: NDArray[np.float64] = chances / chances.sum(axis=1, keepdims=True)
    return total


def _share(right: NDArray[np.bool_]) -> dict[str, Any]:
    return asdict(Share.of(int(right.sum()), len(right)))


def render(card: ModelCard) -> str:
    """Write the model card for people, in Markdown."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: ModelCard) -> Iterator[str]:
    training, metrics = card.training, card.metrics
    yield f"# {card.name} {card.version}"
    yield ""
    yield f"An adapted model: the networks of `{training['adapted']}` as they are, and a last"
    yield "layer of its own, fitted to the pictures below. It goes on from what the networks' own"
    yield "last layers say. A gate, where that model has one, is left out: it knows nothing of new"
    yield "kinds."
    yield ""
    yield "It says *that* a picture is of a kind, never what the picture shows, and is no"
    yield "diagnostic device. What the card of the model that was adapted says of its weaknesses"
    yield "holds here, too."
    yield ""
    yield "## What it was adapted on"
    yield ""
    yield f"{training['pictures']} pictures; kinds: {training['kinds']}."
    if training["new kinds"]:
        yield f"New kinds: {', '.join(training['new kinds'])}."
    yield ""
    yield "| kind | pictures | sources | right on held-out sources |"
    yield "| --- | ---: | ---: | --- |"
    shares = {name.split("/", 1)[1]: share for name, share in metrics["by_kind"].items()}
    for kind, counts in training["sources"].items():
        said = _percent(shares[kind]) if kind in shares else ""
        yield f"| {kind} | {sum(counts.values())} | {len(counts)} | {said} |"
    yield ""
    yield "## Figures"
    yield ""
    yield "On pictures that were held out in turn, whole sources together. Of a kind with fewer"
    yield "than three sources, parts of a source are held out, which flatters. The penalty of the"
    yield f"layer ({training['penalty']:g}), the handicap of new kinds and the temperature were"
    yield "chosen on these pictures, too."
    yield ""
    yield f"- kind right: {_percent(metrics['kind_accuracy'])}"
    yield f"- label right: {_percent(metrics['label_accuracy'])}"
    if "old_kinds" in metrics:
        old = metrics["old_kinds"]
        yield (
            f"- pictures of the adapted model's own kinds, from its memory: kind right "
            f"{_percent(old['kind'])}, before {_percent(old['kind_before'])}; label right "
            f"{_percent(old['label'])}, before {_percent(old['label_before'])}. The networks may "
            "have been trained on these pictures: only the difference tells."
        )


def _percent(share: Mapping[str, Any]) -> str:
    if not share["n"]:
        return "no pictures"
    interval = f"{share['low']:.1%} to {share['high']:.1%}"
    return f"{share['value']:.1%} ({interval}; {share['right']} of {share['n']})"
