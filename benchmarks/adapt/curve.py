"""How many labels does adapting need? Kinds that the networks were not told, sources never seen.

    python benchmarks/adapt/curve.py ../shared/data features.npz -o benchmarks/adapt/results.md

``features.npz`` comes from ``look.py``. Whole repositories are held out: in each of the repeats a
third of those that have pictures of the new kinds. Told are the share of all test pictures of all
repeats whose kind is right, and the mean over kinds, in which a single picture may be a kind. Old
kinds are measured on the pool ``val``, on pictures of repositories from which neither the memory
nor the user's pictures come.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.adaptation.examples import Seen
from medsift.adaptation.fit import Fitted, fit_head
from medsift.adaptation.plan import Kinds, Weighing, kinds_of, material_of, space_of
from medsift.classify import memory as memories
from medsift.classify import store
from medsift.classify.card import ModelCard, read_card
from medsift.classify.head import offsets
from medsift.classify.memory import Memory
from medsift.evaluation.labelled import Example

COUNTS = (5, 20, 100, 500)
REPEATS = 5
BESIDE = (20, 100)
BESIDE_REPEATS = 3
LOSSES = (0.003, 0.02)

# Kinds, each by the kind of the manifest and what its source or repository is called.
TASKS: dict[str, dict[str, tuple[str, str]]] = {
    "gels, fluorescence, baggage": {
        "gel_blot": ("gel_blot", ""),
        "lab_fluorescence": ("lab_fluorescence", ""),
        "baggage_xray": ("industrial_inspection", "luggage|sixray|pidray|opixray"),
    },
    "gels, fluorescence": {
        "gel_blot": ("gel_blot", ""),
        "lab_fluorescence": ("lab_fluorescence", ""),
    },
    "finer kinds": {
        "dental_xray": ("xray", "dental|periap|panoram|opg"),
        "chest_xray": ("xray", "chest|cxr|covid|lung"),
        "bone_xray": ("xray", "bone|fractur|knee|hip-x|limbs"),
        "blood_smear": ("cytology", "blood|rbc|wbc|leuk|malaria|bccd|haemat"),
        "pap_smear": ("cytology", "pap-smear|sipakmed|cervical"),
    },
}


@dataclass(frozen=True)
class World:
    """All pictures, as one model sees them."""

    card: ModelCard
    memory: Memory
    memory_repositories: frozenset[str]
    rows: list[dict[str, Any]]
    features: NDArray[np.float32]
    base: NDArray[np.float64]
    widths: tuple[int, ...]

    def seen(self, indices: Sequence[int], kinds: Sequence[str]) -> Seen:
        examples = tuple(
            Example(Path(str(i)), self.rows[i]["label"], kind, self.repository(i))
            for i, kind in zip(indices, kinds, strict=True)
        )
        at = np.array(indices, dtype=np.int64)
        return Seen(examples, self.features[at], self.base[at], self.widths)

    def repository(self, index: int) -> str:
        return str(self.rows[index]["repository"] or self.rows[index]["source"])

    def ask(self, fitted: Fitted, indices: Sequence[int]) -> NDArray[np.float64]:
        at = np.array(indices, dtype=np.int64)
        borders = np.cumsum(self.widths)[:-1]
        return fitted.head.probabilities(np.split(self.features[at], borders, 1), self.base[at])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument(
        "--memory-sources", type=Path, help="repositories of the memory, a line each"
    )
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    world = open_world(arguments)
    lines = []
    for line in table(world):
        print(line, flush=True)
        lines.append(line)
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


def open_world(arguments: argparse.Namespace) -> World:
    with (arguments.data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        by_file = {row["file"]: row for row in csv.DictReader(file)}
    folder = store.find(arguments.model)
    card = read_card(folder)
    with np.load(arguments.features) as stored:
        rows = [by_file[name] for name in stored["files"].tolist()]
        named = frozenset[str]()
        if arguments.memory_sources:
            named = frozenset(arguments.memory_sources.read_text("utf-8").splitlines())
        return World(
            card,
            memories.load(folder / memories.MEMORY_FILE, len(card.classes)),
            named,
            rows,
            stored["features"].astype(np.float32),
            stored["base"].astype(np.float64),
            tuple(stored["widths"].tolist()),
        )


def table(world: World) -> Iterator[str]:
    yield f"Model: {world.card.name} {world.card.version}, {len(world.card.classes)} kinds."
    index = {c.name for c in world.card.classes}
    for name, kinds in TASKS.items():
        known = [k for k in kinds if k in index]
        yield ""
        yield f"## {name}"
        yield ""
        if known:
            yield f"The model was trained with these kinds: {', '.join(known)}."
            yield ""
        yield "Only these kinds (`--only`):"
        yield ""
        yield (
            "| pictures a kind, at most | used | right, of all pictures | mean over kinds |"
            " worst, best repeat |"
        )
        yield "| ---: | ---: | ---: | ---: | --- |"
        for count in COUNTS:
            right, pooled, used = only(world, kinds, count)
            yield (
                f"| {count} | {used:.0f} | {pooled:.1%} | {np.mean(right):.1%} |"
                f" {min(right):.1%}, {max(right):.1%} |"
            )
    for name, kinds in TASKS.items():
        if name != "gels, fluorescence" or any(k in index for k in kinds):
            continue  # pictures of the others are kinds of the model under other names
        yield ""
        yield f"## {name}, beside the model's kinds"
        yield ""
        yield "By how much these may lose by the model's memory (`--may-lose`):"
        yield ""
        yield (
            "| may lose | pictures a kind, at most | new kinds right | with the right label |"
            " old kinds: kind right | label right |"
        )
        yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
        for loss in LOSSES:
            for count in BESIDE:
                found = beside(world, kinds, count, loss)
                yield (
                    f"| {loss:.1%} | {count} | {found['new']:.1%} | {found['label']:.1%} |"
                    f" {found['old_kind']:+.2%} | {found['old_label']:+.2%} |"
                )


def only(
    world: World, task: dict[str, tuple[str, str]], count: int
) -> tuple[list[float], float, float]:
    rights, used, all_of_them = [], [], []
    for train, names, test, truth in draws(world, task, count):
        seen = world.seen(train, names)
        kinds = kinds_of(seen.examples, world.card.classes, True)
        space = space_of(seen, None)
        fitted = fit_head(material_of(seen, None, kinds, space, Weighing()), space)
        said = np.array([kinds.classes[i].name for i in world.ask(fitted, test).argmax(axis=1)])
        rights.append(mean_of_kinds(said == np.array(truth), truth))
        used.append(len(train))
        all_of_them += (said == np.array(truth)).tolist()
    return rights, float(np.mean(all_of_them)), float(np.mean(used))


def beside(
    world: World, task: dict[str, tuple[str, str]], count: int, may_lose: float
) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for train, names, test, truth in islice(draws(world, task, count), BESIDE_REPEATS):
        seen = world.seen(train, names)
        kinds = kinds_of(seen.examples, world.card.classes, False)
        space = space_of(seen, world.memory)
        material = material_of(seen, world.memory, kinds, space, Weighing())
        fitted = fit_head(material, space, may_lose)
        answers = world.ask(fitted, test)
        said = np.array([kinds.classes[i].name for i in answers.argmax(axis=1)])
        found["new"].append(mean_of_kinds(said == np.array(truth), truth))
        medical = np.array([c.label == "medical" for c in kinds.classes])
        wanted = np.array([world.rows[i]["label"] == "medical" for i in test])
        side = (answers[:, medical].sum(axis=1) >= 0.5) == wanted
        found["label"].append(mean_of_kinds(side, truth))
        for name, value in lost(world, kinds, fitted, task, {world.repository(i) for i in train}):
            found[name].append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def lost(
    world: World,
    kinds: Kinds,
    fitted: Fitted,
    task: dict[str, tuple[str, str]],
    trained: set[str],
) -> Iterator[tuple[str, float]]:
    """What pictures of old kinds gain: kind and label right after less before."""
    index = {(c.name, c.label): i for i, c in enumerate(world.card.classes)}
    closed = trained | world.memory_repositories
    old = [
        i
        for i, row in enumerate(world.rows)
        if row["pool"] == "val"
        and (row["kind"], row["label"]) in index
        and world.repository(i) not in closed
        and not any(is_of(row, *rule) for rule in task.values())
    ]
    targets = np.array([index[world.rows[i]["kind"], world.rows[i]["label"]] for i in old])
    after = world.ask(fitted, old)
    before = np.exp(offsets(world.base[np.array(old)], kinds.link))
    before[:, kinds.link < 0] = 0
    medical = np.array([c.label == "medical" for c in kinds.classes])
    wanted = medical[targets]
    base_medical = np.array([c.label == "medical" for c in world.card.classes])
    base_side = world.base[np.array(old)][:, base_medical].sum(axis=1) >= 0.5
    side = after[:, medical].sum(axis=1) >= 0.5
    yield "old_kind", (after.argmax(1) == targets).mean() - (before.argmax(1) == targets).mean()
    yield "old_label", (side == wanted).mean() - (base_side == wanted).mean()


def draws(
    world: World, task: dict[str, tuple[str, str]], count: int
) -> Iterator[tuple[list[int], list[str], list[int], list[str]]]:
    """Pictures to learn from and to test on, of repositories apart; at least 5 a kind to learn."""
    of_kind = {
        kind: [i for i, row in enumerate(world.rows) if is_of(row, *rule)]
        for kind, rule in task.items()
    }
    repositories = sorted({world.repository(i) for rows in of_kind.values() for i in rows})
    seed = done = 0
    while done < REPEATS:
        rng = np.random.default_rng(seed)
        seed += 1
        held_out = set(rng.permutation(repositories)[: max(1, len(repositories) // 3)].tolist())
        train: list[int] = []
        names: list[str] = []
        test: list[int] = []
        truth: list[str] = []
        for kind, rows in of_kind.items():
            inside = [i for i in rows if world.repository(i) not in held_out]
            chosen = rng.permutation(inside)[:count].tolist()
            train += chosen
            names += [kind] * len(chosen)
            outside = [i for i in rows if world.repository(i) in held_out]
            test += outside
            truth += [kind] * len(outside)
        if all(names.count(kind) >= 5 and kind in truth for kind in task):
            done += 1
            yield train, names, test, truth


def is_of(row: dict[str, Any], kind: str, pattern: str) -> bool:
    where = f"{row['source']} {row['repository']}"
    return row["kind"] == kind and re.search(pattern, where, re.IGNORECASE) is not None


def mean_of_kinds(right: NDArray[np.bool_], truth: Sequence[str]) -> float:
    names = np.array(truth)
    return float(np.mean([right[names == kind].mean() for kind in sorted(set(truth))]))


if __name__ == "__main__":
    main()
