"""The training loop of one network: epochs, validation, checkpoints, resuming."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from medsift.classify.card import ModelClass
from medsift.classify.preprocess import Preprocess, normalise, prepare
from medsift.evaluation.metrics import auroc
from medsift.training.augment import Augment, augment
from medsift.training.backbones import stages
from medsift.training.data import PixelStore
from medsift.training.device import part_of
from medsift.training.losses import kind_and_label_loss, medical_mask, mix_batch, soft_targets
from medsift.training.precision import CPU, faster
from medsift.training.recipes import MemberRecipe, Optimisation
from medsift.training.teacher import Teacher, resized

_EVALUATION_BATCH = 64
_GRADIENT_NORM = 2.0
_WARM_UP = 0.05


@dataclass(frozen=True, slots=True)
class Pool:
    """Decoded pictures with their targets.

    Attributes
    ----------
    store : PixelStore
    targets : ndarray of int64, shape (n,)
    weights : ndarray of float64, shape (n,)
        How often each is drawn; sums to 1.
    """

    store: PixelStore
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """What the loop needs to know beside the recipe.

    Attributes
    ----------
    folder : Path
        For checkpoints and the log.
    name : str
        Of the member; part of the file names.
    seed : int
    workers : int
        Processes that read and augment; 0 does it in this one.
    resume : bool
        Go on from the last checkpoint where there is one.
    patience : int
        Epochs without a better validation after which training ends.
    teacher : Teacher or None
        Whose probabilities are mixed into the targets.
    device : torch.device
        What the network is trained on.
    choose_epoch : bool
        Keep the weights that validated best; else those after the last epoch.
    """

    folder: Path
    name: str
    seed: int = 1
    workers: int = 1
    resume: bool = False
    patience: int = 5
    teacher: Teacher | None = None
    device: torch.device = CPU
    choose_epoch: bool = True

    @property
    def checkpoint(self) -> Path:
        """Where the state after the last whole epoch is kept."""
        return self.folder / f"{self.name}.checkpoint.pt"


@dataclass(slots=True)
class _State:
    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    best: dict[str, Tensor]
    best_score: float = -math.inf
    epoch: int = 0
    step: int = 0
    stale: int = 0


def fit(
    network: nn.Module,
    recipe: MemberRecipe,
    classes: Sequence[ModelClass],
    pools: tuple[Pool, Pool],
    settings: LoopSettings,
) -> nn.Module:
    """Train a network, and return it with the weights that validated best.

    Parameters
    ----------
    network : Module
        Changed in place; back on the processor in the end.
    recipe : MemberRecipe
    classes : sequence of ModelClass
    pools : tuple of Pool
        For training and for validation, without a source in common.
    settings : LoopSettings
    """
    train, validation = pools
    settings.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    network.to(settings.device, memory_format=torch.channels_last)
    state = _start(network, recipe.optimisation)
    if settings.resume and settings.checkpoint.is_file():
        _restore(state, settings.checkpoint, settings.device)
    epochs = recipe.optimisation.epochs
    while state.epoch < epochs and state.stale < settings.patience:
        begun = time.monotonic()
        loss = _epoch(state, recipe, classes, train, settings)
        figures = _validate(state.average, recipe.preprocess, classes, validation)
        state.epoch += 1
        _keep_best(state, figures["auroc"] if settings.choose_epoch else math.nan)
        row = {
            "member": settings.name,
            "epoch": state.epoch,
            "images": state.step * recipe.optimisation.batch,
            "loss": round(loss, 4),
            "seconds": round(time.monotonic() - begun, 1),
            "validation": figures,
        }
        with (settings.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        _save(state, settings.checkpoint)
    network.load_state_dict(state.best)
    return network.to(CPU).eval()


@torch.no_grad()
def logits_of(network: nn.Module, store: PixelStore, preprocess: Preprocess) -> NDArray[np.float32]:
    """Logits (n, classes) of all pictures of a store, preprocessed as at work."""
    network.eval()
    device = next(network.parameters()).device
    rows = []
    for start in range(0, len(store), _EVALUATION_BATCH):
        indices = range(start, min(start + _EVALUATION_BATCH, len(store)))
        batch = np.stack([prepare(store[i], preprocess) for i in indices])
        pixels = _channels_last(torch.from_numpy(batch).to(device))
        rows.append(network(pixels).float().cpu().numpy())
    return np.concatenate(rows)


class _Draws(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Augmented pictures; an item is (index of the picture, number of the draw)."""

    def __init__(self, pool: Pool, preprocess: Preprocess, settings: Augment, seed: int) -> None:
        self._pool = pool
        self._preprocess = preprocess
        self._settings = settings
        self._seed = seed

    def __getitem__(self, item: tuple[int, int]) -> tuple[Tensor, int]:
        index, draw = item
        # Seeded by the draw, so that the number of workers does not matter.
        rng = np.random.default_rng([self._seed, draw])
        spec = self._preprocess
        pixels = augment(self._pool.store[index], spec.size, rng, self._settings)
        return torch.from_numpy(normalise(pixels, spec)), int(self._pool.targets[index])


def _start(network: nn.Module, optimisation: Optimisation) -> _State:
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(_groups(network, optimisation), betas=(0.9, 0.99))
    return _State(network, average, optimiser, copy.deepcopy(network.state_dict()))


def _groups(network: nn.Module, settings: Optimisation) -> list[dict[str, Any]]:
    """Parameters with their rates: lower with depth below the head, none where frozen."""
    *body, head = stages(network)
    for parameter in (p for stage in body[: settings.frozen_stages + 1] for p in stage):
        parameter.requires_grad = False
    rates = [settings.rate * settings.stage_decay**k for k in range(len(body))][::-1]
    groups = []
    for parameters, rate in zip([*body, head], [*rates, settings.head_rate], strict=True):
        learning = [p for p in parameters if p.requires_grad]
        for flat, decay in ((True, 0.0), (False, settings.weight_decay)):
            some = [p for p in learning if (p.ndim <= 1) == flat]
            if some:
                groups.append({"params": some, "lr": rate, "peak": rate, "weight_decay": decay})
    return groups


def _epoch(
    state: _State,
    recipe: MemberRecipe,
    classes: Sequence[ModelClass],
    pool: Pool,
    settings: LoopSettings,
) -> float:
    optimisation = recipe.optimisation
    device = settings.device
    medical = medical_mask(classes).to(device)
    targets = soft_targets(classes, recipe.smoothing)
    part_size = part_of(optimisation.batch, device)
    generator = torch.Generator().manual_seed(settings.seed * 1000 + state.epoch)
    steps = max(1, len(pool.store) // optimisation.batch)
    head_steps = int(optimisation.head_epochs * steps)
    # Folded networks have no statistics to follow; others keep those of ImageNet, which
    # belong to no source.
    state.network.train()
    _freeze_statistics(state.network)
    total = 0.0
    batches = _batches(pool, recipe, settings, state.epoch, steps)
    size = recipe.training_size or recipe.preprocess.size
    label = f"{settings.name} epoch {state.epoch + 1}/{optimisation.epochs}"
    for pixels, names in tqdm(batches, total=steps, desc=label, unit="batch", disable=None):
        _set_rates(state.optimiser, optimisation, state.step / (steps * optimisation.epochs))
        wanted = targets[names]
        if recipe.mix and torch.rand((), generator=generator) < recipe.mix:
            pixels, wanted = mix_batch(pixels, wanted, generator)  # noqa: PLW2901
        if settings.teacher is not None:
            wanted = torch.lerp(
                wanted, settings.teacher.probabilities(pixels), recipe.teacher_share
            )
        pixels = resized(pixels, size).to(device)  # noqa: PLW2901
        wanted = wanted.to(device)
        state.optimiser.zero_grad(set_to_none=True)
        for part, goal in zip(pixels.split(part_size), wanted.split(part_size), strict=True):
            with faster(state.network, device):
                logits = _forward(state.network, _channels_last(part), state.step < head_steps)
            loss = kind_and_label_loss(logits.float(), goal, medical, recipe.label_weight)
            loss = loss * (len(part) / len(pixels))
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), _GRADIENT_NORM)
        state.optimiser.step()
        state.step += 1
        _follow(state.average, state.network, optimisation.average, state.step)
    return total / steps


def _batches(
    pool: Pool, recipe: MemberRecipe, settings: LoopSettings, epoch: int, steps: int
) -> Iterator[tuple[Tensor, Tensor]]:
    count = steps * recipe.optimisation.batch
    rng = np.random.default_rng([settings.seed, epoch])
    drawn = rng.choice(len(pool.store), count, p=pool.weights)
    items = [(int(i), epoch * count + n) for n, i in enumerate(drawn)]
    batch = min(recipe.optimisation.batch, count)
    size = recipe.training_size or recipe.preprocess.size
    if settings.teacher is not None:
        # Drawn at the size that the teacher wants; the pupil sees the same picture, smaller.
        size = max(size, settings.teacher.size)
    loader = torch.utils.data.DataLoader(
        _Draws(pool, replace(recipe.preprocess, size=size), recipe.augment, settings.seed),
        batch_size=batch,
        sampler=items,
        num_workers=settings.workers,
    )
    return iter(loader)


def _forward(network: Any, pixels: Tensor, head_only: bool) -> Tensor:
    if not head_only:
        result: Tensor = network(pixels)
        return result
    with torch.no_grad():
        features = network.forward_head(network.forward_features(pixels), pre_logits=True)
    logits: Tensor = network.get_classifier()(features)
    return logits


def _set_rates(optimiser: torch.optim.Optimizer, settings: Optimisation, progress: float) -> None:
    if settings.schedule == "cosine":
        factor = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
        factor *= min(1.0, (progress + 1e-3) / _WARM_UP)
    else:
        factor = 0.1 ** math.floor(3 * progress)
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    # The average starts by following closely: its first values are noise.
    share = 1 - min(decay, step / (step + 10))
    for mean, current in zip(average.parameters(), network.parameters(), strict=True):
        if current.requires_grad:
            mean.lerp_(current, share)


def _freeze_statistics(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001  no public base
            module.eval()


def _validate(
    network: nn.Module, preprocess: Preprocess, classes: Sequence[ModelClass], pool: Pool
) -> dict[str, float]:
    logits = torch.from_numpy(logits_of(network, pool.store, preprocess))
    medical = medical_mask(classes)
    scores = logits.softmax(1)[:, medical].sum(1).numpy().astype(np.float64)
    positive = np.array([e.label == "medical" for e in pool.store.examples], dtype=np.bool_)
    return {
        "accuracy": round(float(((scores >= 0.5) == positive).mean()), 4),
        "auroc": round(auroc(scores, positive), 5),
    }


def _keep_best(state: _State, score: float) -> None:
    # Not a number (one label only, or no choice) never counts as worse: the last weights are kept.
    if score > state.best_score or math.isnan(score):
        state.best_score, state.stale = score, 0
        state.best = copy.deepcopy(state.average.state_dict())
    else:
        state.stale += 1


def _save(state: _State, path: Path) -> None:
    content = {
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "best": state.best,
        "numbers": (state.best_score, state.epoch, state.step, state.stale),
    }
    # Never a half-written checkpoint: whoever is killed here resumes from the one before.
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def _restore(state: _State, path: Path, device: torch.device) -> None:
    content = torch.load(path, map_location=device, weights_only=True)
    state.network.load_state_dict(content["network"])
    state.average.load_state_dict(content["average"])
    state.optimiser.load_state_dict(content["optimiser"])
    state.best = content["best"]
    state.best_score, state.epoch, state.step, state.stale = content["numbers"]


def _channels_last(pixels: Tensor) -> Tensor:
    return pixels.contiguous(memory_format=torch.channels_last)
