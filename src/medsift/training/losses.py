"""What a network is asked to get right: the kind, and above all the side it lies on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812  the name that everybody knows
from torch import Tensor

from medsift.classify.card import ModelClass

_LABEL_SMOOTHING = 0.02


def soft_targets(classes: Sequence[ModelClass], smoothing: float) -> Tensor:
    """One row of target probabilities for each class.

    What is taken from the true class is spread over the classes *on the same side*: taking a
    CT for an MRI is a lesser fault than taking it for a photograph.

    Returns
    -------
    Tensor, shape (classes, classes)
        Rows sum to 1.
    """
    medical = medical_mask(classes)
    same_side = (medical[:, None] == medical[None]).float()
    spread = same_side / same_side.sum(dim=1, keepdim=True)
    return (1 - smoothing) * torch.eye(len(classes)) + smoothing * spread


def medical_mask(classes: Sequence[ModelClass]) -> Tensor:
    """Bool tensor (classes,): which outputs count as medical."""
    return torch.tensor([c.label == "medical" for c in classes])


def medical_log_odds(logits: Tensor, medical: Tensor) -> Tensor:
    """Log-odds of medical, (n,), from the logits of the classes."""
    return torch.logsumexp(logits[:, medical], 1) - torch.logsumexp(logits[:, ~medical], 1)


def kind_and_label_loss(
    logits: Tensor, targets: Tensor, medical: Tensor, label_weight: float
) -> Tensor:
    """Cross-entropy over kinds plus that over the two labels.

    Parameters
    ----------
    logits, targets : Tensor, shape (n, classes)
    medical : Tensor of bool, shape (classes,)
    label_weight : float
    """
    loss = -(targets * logits.log_softmax(1)).sum(1).mean()
    if label_weight:
        wanted = targets[:, medical].sum(1)
        wanted = wanted * (1 - _LABEL_SMOOTHING) + _LABEL_SMOOTHING / 2
        odds = medical_log_odds(logits, medical)
        loss = loss + label_weight * F.binary_cross_entropy_with_logits(odds, wanted)
    return loss


def mix_batch(pixels: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mix each picture of a batch with another: blended, or a part cut in.

    Mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019), one or the other at random.
    """
    order = torch.randperm(len(pixels), generator=generator)
    draw = float(torch.rand((), generator=generator))
    if torch.rand((), generator=generator) < 0.5:
        # Mostly near 0 or 1: a faint second picture.
        kept = 0.5 + 0.5 * draw**0.4
        mixed = kept * pixels + (1 - kept) * pixels[order]
    else:
        height, width = pixels.shape[-2:]
        h, w = int(height * math.sqrt(draw)), int(width * math.sqrt(draw))
        y = int(torch.randint(0, height - h + 1, (), generator=generator))
        x = int(torch.randint(0, width - w + 1, (), generator=generator))
        mixed = pixels.clone()
        mixed[..., y : y + h, x : x + w] = pixels[order][..., y : y + h, x : x + w]
        kept = 1 - h * w / (height * width)
    return mixed, kept * targets + (1 - kept) * targets[order]
