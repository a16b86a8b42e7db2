"""Other ways to classify a folder of pictures, each as its users run it, in a process of its own.

    python peers.py NAME FOLDER --cores N

Weights are random where the networks are not medsift's: time does not depend on them. Prints one
line of JSON: seconds until the model was ready, pictures, seconds for the pictures.

* ``resnet18``: torchvision's ResNet-18 in PyTorch; Pillow, shorter side to 256, centre 224, one
  picture at a time. ``resnet18-tta`` averages over the horizontal flip.
* ``b0-pair``: two EfficientNet-B0 of timm in PyTorch at 128 px, probabilities averaged, one picture
  at a time.
* ``onnx-fast``, ``onnx-default``: medsift's own networks in a plain loop of Pillow, NumPy and ONNX
  Runtime: full decoding, one picture at a time, no gate, no record. What is between this and
  medsift is medsift's overhead, or gain.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Classify = Callable[[Path], Any]


def main() -> None:
    """Run one peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=sorted(PEERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cores", type=int, default=1)
    arguments = parser.parse_args()
    started = time.perf_counter()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    classify = PEERS[arguments.name](arguments.cores)
    files = sorted(arguments.folder.rglob("*.jpg"))
    classify(files[0])
    ready = time.perf_counter()
    for path in files:
        classify(path)
    row = {
        "ready": ready - started,
        "pictures": len(files),
        "seconds": time.perf_counter() - ready,
    }
    sys.stdout.write(json.dumps(row) + "\n")


def _resnet18(cores: int, flip: bool = False) -> Classify:
    import torch
    from PIL import Image
    from torchvision import models, transforms

    torch.set_num_threads(cores)
    network = models.resnet18(weights=None, num_classes=2).eval()
    prepare = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )

    def classify(path: Path) -> Any:
        with torch.inference_mode():
            pixels = prepare(Image.open(path).convert("RGB")).unsqueeze(0)
            views = [pixels, torch.flip(pixels, [3])] if flip else [pixels]
            return sum(torch.softmax(network(view), 1) for view in views).argmax().item()

    return classify


def _b0_pair(cores: int) -> Classify:
    import timm
    import torch
    from PIL import Image
    from torchvision import transforms

    torch.set_num_threads(cores)
    networks = [
        timm.create_model("efficientnet_b0", pretrained=False, num_classes=2).eval()
        for _ in range(2)
    ]
    prepare = transforms.Compose(
        [
            transforms.Resize((128, 128)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )

    def classify(path: Path) -> Any:
        with torch.inference_mode():
            pixels = prepare(Image.open(path).convert("RGB")).unsqueeze(0)
            return sum(torch.softmax(network(pixels), 1) for network in networks).argmax().item()

    return classify


def _onnx(cores: int, model: str) -> Classify:
    import numpy as np
    import onnxruntime as ort
    from PIL import Image

    from medsift.classify.card import read_card
    from medsift.classify.store import find

    folder = find(model)
    card = read_card(folder)
    options = ort.SessionOptions()
    options.intra_op_num_threads = cores
    options.log_severity_level = 3
    sessions = [
        ort.InferenceSession(str(folder / m.file), options, providers=["CPUExecutionProvider"])
        for m in card.members
    ]

    def classify(path: Path) -> Any:
        image = Image.open(path).convert("RGB")
        scores = []
        for member, session in zip(card.members, sessions, strict=True):
            spec = member.preprocess
            small = np.asarray(image.resize((spec.size, spec.size), Image.Resampling.BILINEAR))
            mean, std = (np.asarray(v, np.float32) for v in (spec.mean, spec.std))
            scaled = (small / np.float32(255) - mean) / std
            tensor = scaled.transpose(2, 0, 1)[np.newaxis].astype(np.float32)
            (logits,) = session.run(["logits"], {"pixels": tensor})
            shifted = np.exp(logits - logits.max())
            scores.append(shifted / shifted.sum())
        return int(np.mean(scores, axis=0).argmax())

    return classify


PEERS: dict[str, Callable[[int], Classify]] = {
    "resnet18": _resnet18,
    "resnet18-tta": lambda cores: _resnet18(cores, flip=True),
    "b0-pair": _b0_pair,
    "onnx-fast": lambda cores: _onnx(cores, "fast"),
    "onnx-default": lambda cores: _onnx(cores, "default"),
}

if __name__ == "__main__":
    main()
