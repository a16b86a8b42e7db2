"""Give a model its memory: ``python -m medsift.adaptation.remember DATA --model DIR``.

``DATA`` is what the model was trained on. Of each kind a few pictures are kept, from as many
sources as there are, as features at 8 bits; see :mod:`medsift.classify.memory`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from medsift.adaptation.examples import Seen, look_at
from medsift.adaptation.fit import COMPONENTS, Space, principal
from medsift.classify import Classifier, memory, store
from medsift.classify.card import ModelClass
from medsift.core.errors import ModelError
from medsift.evaluation.labelled import Example, find_examples

PER_KIND = 48
"""Pictures of a kind that are kept; what other numbers do stands in benchmarks/adapt."""


def choose(examples: Sequence[Example], per_kind: int = PER_KIND, seed: int = 1) -> list[int]:
    """Choose some pictures of each kind, source by source in turn.

    Returns
    -------
    list of int
        Positions among the examples, ascending.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(examples)).tolist()
    by_kind: dict[tuple[str, str], dict[str, list[int]]] = {}
    for i in order:
        e = examples[i]
        by_kind.setdefault((e.label, e.kind), {}).setdefault(e.group, []).append(i)
    chosen: list[int] = []
    for sources in by_kind.values():
        # The first picture of each source, then the second of each, and so on.
        turns = sorted(
            (turn, place, i)
            for place, members in enumerate(sources.values())
            for turn, i in enumerate(members)
        )
        chosen += [i for _, _, i in turns[:per_kind]]
    return sorted(chosen)


def remember(
    folder: Path,
    examples: Sequence[Example],
    *,
    per_kind: int = PER_KIND,
    answers: Path | None = None,
    threads: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Write ``memory.npz`` into a model's folder; how many pictures it holds.

    Parameters
    ----------
    folder : Path
        A complete model folder.
    examples : sequence of Example
        What the model was trained on; kinds that it does not know are left out.
    per_kind : int
    answers : Path, optional
        What networks said of these pictures that had not seen them: ``out-of-fold.npz`` of a
        training over folds. Else the model's own answers are kept; give it then pictures that it
        was not trained on, as it is too sure of the others.
    threads : int
    progress : callable
        Called with the number of pictures looked at since the last call.
    """
    classifier = Classifier(str(folder.resolve()))
    index = {(c.name, c.label): i for i, c in enumerate(classifier.card.classes)}
    known = [e for e in examples if (e.kind or e.label, e.label) in index]
    chosen = [known[i] for i in choose(known, per_kind)]
    seen = look_at(classifier, chosen, threads, progress)
    groups = {name: i for i, name in enumerate(sorted({e.group for e in seen.examples}))}
    targets = [index[e.kind or e.label, e.label] for e in seen.examples]
    centre, axes = principal(seen.features, np.ones(len(seen.features)), COMPONENTS)
    space = Space(seen.widths, centre, axes)
    memory.Memory(
        centre,
        axes,
        space.rows(seen.features),
        seen.base if answers is None else _answered(seen, answers, classifier.card.classes),
        np.array(targets, dtype=np.int64),
        np.array([groups[e.group] for e in seen.examples], dtype=np.int64),
    ).save(folder / memory.MEMORY_FILE)
    return len(seen.examples)


def _answered(seen: Seen, answers: Path, classes: Sequence[ModelClass]) -> NDArray[np.float64]:
    """Rows of the answers, those of the pictures."""
    try:
        with np.load(answers, allow_pickle=False) as stored:
            if stored["classes"].tolist() != [c.name for c in classes]:
                raise ModelError(f"{answers} is of a model of other kinds")
            rows = dict(zip(stored["keys"].tolist(), stored["probabilities"], strict=True))
        keys = ["/".join((e.label, e.kind, e.source, e.path.name)) for e in seen.examples]
        return np.array([rows[key] for key in keys], dtype=np.float64)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelError(f"{answers} does not answer for these pictures: {error!r}") from error


def main() -> None:
    """Read the command line, and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA", help="what the model was trained on")
    parser.add_argument("--model", required=True, metavar="NAME or DIR")
    parser.add_argument("--per-kind", type=int, default=PER_KIND, metavar="N")
    parser.add_argument("--answers", type=Path, metavar="NPZ", help="out-of-fold.npz of the run")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    arguments = parser.parse_args()
    folder = store.find(arguments.model)
    count = remember(
        folder,
        find_examples(arguments.data),
        per_kind=arguments.per_kind,
        answers=arguments.answers,
        threads=arguments.threads,
    )
    sys.stdout.write(f"{count} pictures in {folder / memory.MEMORY_FILE}\n")


if __name__ == "__main__":
    main()
