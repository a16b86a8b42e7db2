"""JPEG photographs of 0.2 megapixels, as many as wanted, all different.

Cut at random from four photographs that scikit-image's wheel ships: astronaut (NASA, public
domain), chelsea the cat (CC0, Stéfan van der Walt), coffee (CC0, Rachel Michetti), rocket (SpaceX,
public domain). There are :data:`DISTINCT` crops; beyond that they repeat, each with a comment
segment of its own, so that no two files have the same digest and none is taken for another's
duplicate by the cache of verdicts.
"""

from __future__ import annotations

import functools
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (520, 390)
DISTINCT = 2000
_NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
_FOLDER = 1000


def write(folder: Path, count: int) -> None:
    """Write ``count`` files in folders of a thousand; those that are there stay."""
    for number in range(count):
        path = folder / f"{number // _FOLDER:04}" / f"{number:07}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_with_comment(_crop(number % DISTINCT), f"picture {number}"))


@functools.lru_cache(maxsize=DISTINCT)
def _crop(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    photograph = _photographs()[seed % len(_NAMES)]
    share = rng.uniform(0.4, 1.0)
    width, height = (round(side * share) for side in photograph.size)
    left = int(rng.integers(0, photograph.width - width + 1))
    upper = int(rng.integers(0, photograph.height - height + 1))
    cut = photograph.crop((left, upper, left + width, upper + height))
    buffer = io.BytesIO()
    cut.resize(SIZE, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _with_comment(jpeg: bytes, text: str) -> bytes:
    """Add a COM segment (ITU-T T.81, B.2.4.5) behind the start of the image."""
    segment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text.encode("ascii")
    return jpeg[:2] + segment + jpeg[2:]


@functools.cache
def _photographs() -> list[Image.Image]:
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("the pictures come from scikit-image: pip install --no-deps scikit-image")
    folder = Path(spec.origin).parent / "data"
    return [Image.open(folder / name).convert("RGB") for name in _NAMES]
