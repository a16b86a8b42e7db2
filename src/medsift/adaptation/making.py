"""From labelled pictures to an adapted model's folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from medsift.adaptation.card import describe, figures_of, render
from medsift.adaptation.examples import look_at
from medsift.adaptation.fit import MAY_LOSE, Fitted, Material, fit_head
from medsift.adaptation.plan import Kinds, Weighing, kinds_of, material_of, space_of
from medsift.classify import Classifier, store
from medsift.classify import memory as memories
from medsift.classify.card import HeadSpec, ModelCard, read_card, write_card
from medsift.classify.head import HEAD_FILE
from medsift.core.errors import ModelError, OutputError, UsageError
from medsift.evaluation.labelled import Example, find_examples


@dataclass(frozen=True, slots=True)
class AdaptSettings:
    """What users may ask of adapting.

    Attributes
    ----------
    model : str
        Name of a bundled model, or a model folder.
    only : bool
        Tell apart only the kinds of the data, instead of these beside those of the model.
    class_weights : mapping of str to float
        How much kinds count beside what they count anyway, by name.
    folds : int
        Parts of whole sources that are held out in turn to choose the penalty.
    may_lose : float
        Share of pictures of the model's own kinds whose kind may get lost to new ones, 0 to 1,
        by what the model remembers: the more, the more of the new ones are found.
    threads : int or None
        Threads to work on; None takes the cores at hand.
    """

    model: str = "default"
    only: bool = False
    class_weights: Mapping[str, float] = field(default_factory=dict)
    folds: int = 5
    may_lose: float = MAY_LOSE
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise UsageError(f"there must be at least 2 folds, not {self.folds}")
        if not 0 <= self.may_lose <= 1:
            raise UsageError(f"may_lose is a share, 0 to 1, not {self.may_lose}")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"there must be at least one thread, not {self.threads}")


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of adapting.

    Attributes
    ----------
    folder : Path
        The model's folder.
    card : ModelCard
        Its ``metrics`` hold what was measured on held-out folds.
    failed : tuple of (Example, str)
        Pictures that could not be read, and why.
    """

    folder: Path
    card: ModelCard
    failed: tuple[tuple[Example, str], ...]


def adapt(
    data: str | os.PathLike[str] | Sequence[Example],
    output: str | os.PathLike[str],
    settings: AdaptSettings | None = None,
    *,
    progress: Callable[[int], object] = lambda _: None,
    **more: object,
) -> Adapted:
    """Give a bundled model a last layer for your kinds, in NumPy alone.

    Parameters
    ----------
    data : path or sequence of Example
        Labelled pictures, in any form that :func:`medsift.evaluation.labelled.find_examples`
        reads.
    output : path
        Folder to make; an existing one is replaced only if it holds an adapted model.
    settings : AdaptSettings, optional
    progress : callable
        Called with the number of pictures looked at since the last call.
    **more
        Fields of :class:`AdaptSettings` by name, instead of or on top of ``settings``.

    Raises
    ------
    UsageError
        There is too little to learn from, or a setting is impossible.
    ModelError
        The model cannot be adapted.
    OutputError
        The folder cannot be written.

    Examples
    --------
    >>> import medsift
    >>> adapted = medsift.adapt("data", "my-model")  # doctest: +SKIP
    >>> adapted.card.metrics["kind_accuracy"]["value"]  # doctest: +SKIP
    0.93
    """
    try:
        settings = replace(settings or AdaptSettings(), **more)  # type: ignore[arg-type]
    except TypeError as error:
        raise UsageError(f"no such setting: {error}") from error
    folder = Path(output)
    _check_output(folder)
    base = store.find(settings.model)
    card = read_card(base)
    if card.head is not None:
        raise ModelError(
            f"{card.name} is adapted already; adapt {card.head.base} with all pictures"
        )
    memory = None if settings.only else _memory(base, card)
    examples = find_examples(data) if isinstance(data, (str, os.PathLike)) else list(data)
    threads = settings.threads or _cores()
    seen = look_at(Classifier(str(base.resolve())), examples, threads, progress)
    kinds = kinds_of(seen.examples, card.classes, settings.only)
    space = space_of(seen, memory)
    weighing = Weighing(settings.folds, settings.class_weights)
    material = material_of(seen, memory, kinds, space, weighing)
    fitted = fit_head(material, space, settings.may_lose)
    adapted = _card(folder.name, card, kinds, material, fitted)
    adapted = replace(adapted, training=describe(card, seen, kinds, fitted))
    _write(folder, base, adapted, fitted)
    return Adapted(folder, adapted, seen.failed)


def _memory(base: Path, card: ModelCard) -> memories.Memory:
    path = base / memories.MEMORY_FILE
    if not path.is_file():
        raise ModelError(
            f"{card.name} has no {memories.MEMORY_FILE}, so that its kinds could get lost; make one"
            " with python -m medsift.adaptation.remember, or keep only your kinds (--only)"
        )
    return memories.load(path, len(card.classes))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _card(
    name: str, base: ModelCard, kinds: Kinds, material: Material, fitted: Fitted
) -> ModelCard:
    digest = hashlib.sha256(fitted.head.weights.tobytes() + fitted.head.bias.tobytes())
    return ModelCard(
        name=name,
        # Another layer is another model, also under the same name: resuming a scan tells.
        version=f"{base.version}+{digest.hexdigest()[:8]}",
        classes=kinds.classes,
        members=base.members,
        threshold=base.threshold,
        metrics=figures_of(material, kinds, fitted),
        head=HeadSpec(HEAD_FILE, f"{base.name} {base.version}", base.classes, base.calibration),
    )


def _check_output(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder")
    if not any(folder.iterdir()):
        return
    if not (folder / store.CARD_FILE).is_file() or read_card(folder).head is None:
        raise OutputError(f"{folder} holds something else than an adapted model")


def _write(folder: Path, base: Path, card: ModelCard, fitted: Fitted) -> None:
    """Write the folder beside its place, then put it there in one step."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".adapt-", dir=folder.parent) as place:
            draft = Path(place, "model")
            draft.mkdir()
            for member in card.members:
                shutil.copyfile(base / member.file, draft / member.file)
            fitted.head.save(draft / HEAD_FILE)
            write_card(card, draft)
            (draft / "README.md").write_text(render(card), encoding="utf-8")
            if folder.exists():
                folder.rename(Path(place, "before"))
            draft.rename(folder)
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error
