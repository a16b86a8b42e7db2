"""The model folder: ``model.json`` beside the networks, and how it is read.

A model is a folder::

    model.json        classes in order, members, calibration, thresholds, provenance
    README.md         the model card, for people
    *.onnx            one network a member
    memory.npz        optional: what adapting keeps in mind, see medsift.classify.memory
    head.npz          of adapted models: their last layer, see medsift.classify.head

``model.json`` may also name a smaller model that goes first, and a larger one that is asked in
doubt, see :mod:`medsift.classify.cascade`.

Each network takes ``pixels`` (float32, N x 3 x size x size, see
:mod:`medsift.classify.preprocess`) and gives ``logits`` (float32, N x classes),
``features`` (float32, N x d: the pooled penultimate layer) and, if its verdicts shall be
explained, ``class_map`` (float32, N x classes x h x w: the classifier applied at each place).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medsift.classify.accept_spec import Bounds
from medsift.classify.panel_spec import PanelSpec
from medsift.classify.preprocess import Preprocess
from medsift.classify.recall_spec import RecallSpec
from medsift.classify.second_spec import SecondSpec
from medsift.classify.store import CARD_FILE
from medsift.core.errors import ModelError
from medsift.core.taxonomy import KINDS, Label

FORMAT = 1
"""Version of the layout of ``model.json``."""


@dataclass(frozen=True, slots=True)
class ModelClass:
    """One output of a network: its name, and on which side it counts."""

    name: str
    label: Label

    @property
    def dicom_modality(self) -> str:
        """DICOM code of the kind; empty for classes that are not in the taxonomy."""
        kind = KINDS.get(self.name)
        return kind.dicom_modality if kind else ""


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One network of the ensemble.

    Attributes
    ----------
    file : str
        ONNX file, relative to the folder.
    preprocess : Preprocess
    temperature : float
        Its logits are divided by this before the softmax.
    """

    file: str
    preprocess: Preprocess
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A smaller model that goes first, and when its answer stands.

    Attributes
    ----------
    model : str
        Name of a bundled model, or a folder relative to that of the card.
    below : float
        A picture whose probability of being medical lies below stops at the gate; above 0,
        below 0.5.
    share : float
        Weight of the gate's probabilities in the mean with those of the members, for pictures
        that pass; 0 leaves them out, below 1.
    """

    model: str
    below: float = 0.01
    share: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.below < 0.5:
            raise ValueError(f"a gate's bound must lie between 0 and 0.5, not {self.below}")
        if not 0 <= self.share < 1:
            raise ValueError(f"a gate's share must be at least 0 and below 1, not {self.share}")

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> GateSpec:
        """Inverse of :func:`dataclasses.asdict`."""
        share = float(row.get("share", 0.0))
        return cls(model=str(row["model"]), below=float(row["below"]), share=share)


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """What an adapted model has beside its networks: a last layer of its own.

    Attributes
    ----------
    file : str
        Relative to the model's folder, see :mod:`medsift.classify.head`.
    base : str
        Name and version of the model that was adapted.
    base_classes : tuple of ModelClass
        In the order of the networks' outputs.
    base_calibration : tuple of float
        That of the base model, which the last layer goes on from.
    """

    file: str
    base: str
    base_classes: tuple[ModelClass, ...]
    base_calibration: tuple[float, float] = (1.0, 0.0)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> HeadSpec:
        """Inverse of :func:`dataclasses.asdict`."""
        slope, offset = (float(v) for v in row["base_calibration"])
        return cls(
            file=str(row["file"]),
            base=str(row["base"]),
            base_classes=tuple(ModelClass(c["name"], c["label"]) for c in row["base_classes"]),
            base_calibration=(slope, offset),
        )


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that ``model.json`` says.

    Attributes
    ----------
    name, version : str
    classes : tuple of ModelClass
        In the order of the networks' outputs; of an adapted model, of its last layer's.
    members : tuple of MemberSpec
        Their probabilities are averaged.
    threshold : float
        Confidence below which a label is ``uncertain`` unless the caller says otherwise.
    calibration : tuple of float
        ``(a, b)``: calibrated log-odds of medical are ``a * logit(p) + b`` (Platt 1999).
    training, metrics : mapping
        Facts for the model card: recipe, data, seeds; figures on the validation sources.
    gate : GateSpec or None
        What pictures have to pass before they go through the members.
    accept : mapping of str to Bounds
        From which probability on wanted groups and kinds are taken, where that was fitted.
    head : HeadSpec or None
        The last layer of an adapted model, which is asked instead of the networks' own.
    panels : PanelSpec or None
        How the panels of a figure count; None where they never change a verdict.
    recall : RecallSpec or None
        From which probability on a picture is possibly medical, where that was fitted.
    second : SecondSpec or None
        Who else is asked where the members are in doubt.
    """

    name: str
    version: str
    classes: tuple[ModelClass, ...]
    members: tuple[MemberSpec, ...]
    threshold: float = 0.60
    calibration: tuple[float, float] = (1.0, 0.0)
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    gate: GateSpec | None = None
    accept: Mapping[str, Bounds] = field(default_factory=dict)
    head: HeadSpec | None = None
    panels: PanelSpec | None = None
    recall: RecallSpec | None = None
    second: SecondSpec | None = None

    @property
    def largest_side(self) -> int:
        """Side in pixels below which decoding at a reduced size would lose detail."""
        return max(
            round(m.preprocess.size / m.preprocess.crop_fraction)
            if m.preprocess.fit == "crop"
            else m.preprocess.size
            for m in self.members
        )

    def to_dict(self) -> dict[str, Any]:
        """As stored in ``model.json``."""
        return {"format": FORMAT, **asdict(self)}


def read_card(folder: Path) -> ModelCard:
    """Read and check ``folder/model.json``.

    Raises
    ------
    ModelError
        The folder holds no readable card, or one of another format.
    """
    path = folder / CARD_FILE
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"no model in {folder}: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path} is not valid JSON") from error
    try:
        if row["format"] != FORMAT:
            raise ModelError(f"{path} has format {row['format']}; this medsift reads {FORMAT}")
        return _card_from(row)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is incomplete or malformed: {error!r}") from error


def write_card(card: ModelCard, folder: Path) -> None:
    """Write ``folder/model.json``."""
    text = json.dumps(card.to_dict(), indent=2, sort_keys=False) + "\n"
    (folder / CARD_FILE).write_text(text, encoding="utf-8")


def _card_from(row: Mapping[str, Any]) -> ModelCard:
    slope, offset = (float(v) for v in row["calibration"])
    gate, head = row.get("gate"), row.get("head")
    panels, recall, second = row.get("panels"), row.get("recall"), row.get("second")
    card = ModelCard(
        name=str(row["name"]),
        version=str(row["version"]),
        classes=tuple(ModelClass(c["name"], c["label"]) for c in row["classes"]),
        members=tuple(
            MemberSpec(
                str(m["file"]), Preprocess.from_dict(m["preprocess"]), float(m["temperature"])
            )
            for m in row["members"]
        ),
        threshold=float(row["threshold"]),
        calibration=(slope, offset),
        training=dict(row["training"]),
        metrics=dict(row["metrics"]),
        gate=GateSpec.from_dict(gate) if gate is not None else None,
        accept={k: Bounds.from_dict(v) for k, v in (row.get("accept") or {}).items()},
        head=HeadSpec.from_dict(head) if head is not None else None,
        panels=PanelSpec.from_dict(panels) if panels is not None else None,
        recall=RecallSpec.from_dict(recall) if recall is not None else None,
        second=SecondSpec.from_dict(second) if second is not None else None,
    )
    if not card.classes or not card.members:
        raise ValueError("no classes or no members")
    return card
