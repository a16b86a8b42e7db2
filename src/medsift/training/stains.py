"""Tissue in other stains than training has, made of pictures of haematoxylin and eosin.

Public collections of tissue are nearly all of haematoxylin and eosin, and networks learn pink and
violet with them. Such a picture can be taken apart into its dyes (:mod:`medsift.training.tissue`)
and painted with others. Where an antibody would bind cannot be known: nuclei, the places around
and between them, and stroma are told apart, and which of them get colour is left to chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image

from medsift.core.picture import Pixels
from medsift.training.procedural import Field, blurred, smooth_field
from medsift.training.tissue import HAEMATOXYLIN, Tissue, as_if_tissue, scaled, tissue_of

Layer: TypeAlias = tuple[tuple[float, float, float], Field]
"""A dye and how much of it lies where, in natural units of optical density."""

# Shares of red, green and blue light that each dye takes. DAB is of Ruifrok and Johnston's
# table, the others of G. Landini's "Colour Deconvolution" for ImageJ, as scikit-image has them.
_DAB = (0.268, 0.570, 0.776)
_AEC = (0.2743, 0.6796, 0.6803)
_FAST_RED = (0.2139, 0.8511, 0.4779)
_PAS = (0.1754, 0.9722, 0.1546)
_METHYL_GREEN = (0.9800, 0.1443, 0.1331)
_ALCIAN_BLUE = (0.8746, 0.4577, 0.1583)
_METHYL_BLUE = (0.7995, 0.5914, 0.1053)
_PONCEAU = (0.1000, 0.7374, 0.6680)
_GIEMSA_BLUE = (0.8348, 0.5136, 0.1963)
_GIEMSA_EOSIN = (0.0928, 0.9541, 0.2831)
# Silver is black; what it leaves of the ground is yellow to brown. These two are by eye.
_SILVER = (0.577, 0.577, 0.577)
_TONED = (0.15, 0.45, 0.88)

_SMALLEST, _LARGEST = 150, 256


def in_brown(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Paint tissue as peroxidase and DAB show an antigen: brown, mostly on pale blue nuclei.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Tissue in haematoxylin and eosin.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The shorter side has 150 to 256 pixels.
    """
    return _painted(tissue_of(_part(pixels, rng)), _brown, rng)


def in_red(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Paint tissue in AEC, alkaline phosphatase red, or periodic acid-Schiff; see :func:`in_brown`.

    Red and magenta, mostly on blue nuclei.
    """
    return _painted(tissue_of(_part(pixels, rng)), _red, rng)


def in_special_stains(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Paint tissue in Masson's trichrome, silver, Giemsa or Alcian blue; see :func:`in_brown`."""
    artist = _SPECIAL[rng.integers(len(_SPECIAL))]
    return _painted(tissue_of(_part(pixels, rng)), artist, rng)


def dyed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Paint what is no tissue in the colours of stains: brown on blue is not enough.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        A texture or a plant; its dark spots take the place of nuclei.
    rng : numpy.random.Generator
    """
    artists = (_brown, _brown, _red, *_SPECIAL)
    artist = artists[rng.integers(len(artists))]
    return _painted(as_if_tissue(_part(pixels, rng)), artist, rng)


def _brown(tissue: Tissue, rng: np.random.Generator) -> list[Layer]:
    return _marked(tissue, _DAB, rng)


def _red(tissue: Tissue, rng: np.random.Generator) -> list[Layer]:
    return _marked(tissue, (_AEC, _FAST_RED, _PAS)[rng.integers(3)], rng)


def _marked(
    tissue: Tissue, dye: tuple[float, float, float], rng: np.random.Generator
) -> list[Layer]:
    """A dye where an antigen might be, and another one in the nuclei, for orientation."""
    where = _where(tissue, rng)
    veil = rng.uniform(0, 0.12) * (tissue.nuclei + tissue.ground)
    layers: list[Layer] = [(dye, rng.uniform(0.8, 3.2) * where + veil)]
    if rng.random() < 0.88:
        counter = _METHYL_GREEN if rng.random() < 0.06 else HAEMATOXYLIN
        # Dye over dye is rarely as dark as both: the first one covers what the second binds to.
        free = 1 - rng.uniform(0.5, 1) * where
        pale = tissue.nuclei + rng.uniform(0, 0.15) * tissue.ground
        layers.append((counter, rng.uniform(0.3, 1.6) * pale * free))
    return layers


def _trichrome(tissue: Tissue, rng: np.random.Generator) -> list[Layer]:
    """Masson: collagen blue, muscle and cytoplasm red, nuclei dark."""
    fibres = np.clip((1 - tissue.crowd) * rng.uniform(0.8, 1.5), 0, 1)
    if rng.random() < 0.5:
        fibres = fibres * _patches(fibres.shape, rng)
    return [
        (_METHYL_BLUE, rng.uniform(0.6, 2.2) * tissue.ground * fibres),
        (_PONCEAU, rng.uniform(0.6, 2.2) * tissue.ground * (1 - fibres)),
        (HAEMATOXYLIN, rng.uniform(0.8, 2) * tissue.nuclei),
    ]


def _silver(tissue: Tissue, rng: np.random.Generator) -> list[Layer]:
    """Fibres, and now and then nuclei, in black on yellow or brown."""
    fine = tissue.ground - blurred(tissue.ground, rng.uniform(2, 5))
    black = scaled(fine, least=0.06) * (tissue.ground > 0.1)
    if rng.random() < 0.4:
        black = np.maximum(black, tissue.nuclei * rng.uniform(0.3, 1))
    return [
        (_TONED, rng.uniform(0.2, 1.3) * (tissue.ground + tissue.nuclei)),
        (_SILVER, rng.uniform(1.5, 4.5) * black ** rng.uniform(1, 2)),
    ]


def _giemsa(tissue: Tissue, rng: np.random.Generator) -> list[Layer]:
    """Nuclei blue to violet, the ground pale blue to pink."""
    blue, pink = rng.uniform(0.05, 0.6, 2)
    return [
        (_GIEMSA_BLUE, rng.uniform(0.8, 2.2) * tissue.nuclei + blue * tissue.ground),
        (_GIEMSA_EOSIN, rng.uniform(0.1, 1.2) * tissue.nuclei + pink * tissue.ground),
    ]


def _alcian(tissue: Tissue, rng: np.random.Generator) -> list[Layer]:
    """Mucus blue, nuclei red or blue."""
    where = _patches(tissue.ground.shape, rng) * tissue.ground
    nuclear = _FAST_RED if rng.random() < 0.6 else HAEMATOXYLIN
    return [
        (_ALCIAN_BLUE, rng.uniform(0.6, 2) * where),
        (nuclear, rng.uniform(0.5, 1.6) * tissue.nuclei + rng.uniform(0, 0.4) * tissue.ground),
    ]


_SPECIAL = (_trichrome, _silver, _giemsa, _alcian)


def _where(tissue: Tissue, rng: np.random.Generator) -> Field:
    """Where the second dye sits, 0 to 1: in nuclei, or in and between cells, or in stroma."""
    body = np.clip(tissue.ground + rng.uniform(0, 0.4) * tissue.nuclei, 0, 1)
    style = rng.random()
    if style < 0.25:
        # Ki-67: some nuclei, others not, so that the parts are as large as cells.
        cells = blurred(rng.standard_normal(body.shape), rng.uniform(3, 8))
        found = tissue.nuclei * _above(cells, rng.uniform(0.05, 0.9), rng)
    elif style < 0.6:
        # Cytokeratin: all of the cells of glands, hardly any of what lies between.
        found = body * tissue.crowd ** rng.uniform(0.7, 2)
        found = np.maximum(found, rng.uniform(0, 1) * _between(tissue) * tissue.crowd)
    elif style < 0.75:
        # HER2: nets of membranes.
        found = _between(tissue) * tissue.crowd ** rng.uniform(0, 1)
    elif style < 0.87:
        found = body * (1 - tissue.crowd)
    else:
        found = np.clip(tissue.ground + tissue.nuclei, 0, 1)
    if style >= 0.87 or rng.random() < 0.3:
        found = found * _patches(found.shape, rng)
    return np.clip(found, 0, 1)


def _between(tissue: Tissue) -> Field:
    """Lines about halfway between nuclei: valleys of their blurred picture."""
    near = blurred(tissue.nuclei, 2.5)
    return scaled(blurred(near, 4) - near, least=0.06) * (tissue.ground > 0.1)


def _patches(shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    field = smooth_field(shape[0], shape[1], rng, rng.uniform(1.4, 2.4))
    return _above(field, rng.uniform(0.15, 0.9), rng)


def _above(field: Field, share: float, rng: np.random.Generator) -> Field:
    """1 on that share of the field where it is highest, else 0, with a soft or a sharp edge."""
    edge = float(np.quantile(field, 1 - share))
    width = float(field.std()) * 10 ** rng.uniform(-1.5, -0.3)
    soft: Field = 1 / (1 + np.exp(-np.clip((field - edge) / max(width, 1e-9), -30, 30)))
    return soft


def _part(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A part of a picture, at the scale of another lens."""
    height, width = pixels.shape[:2]
    share = rng.uniform(0.45, 1)
    h, w = max(8, int(height * share)), max(8, int(width * share))
    top, left = int(rng.integers(0, max(1, height - h))), int(rng.integers(0, max(1, width - w)))
    image = Image.fromarray(pixels[top : top + h, left : left + w])
    factor = rng.uniform(_SMALLEST, _LARGEST) / min(image.size)
    size = (
        min(2 * _LARGEST, max(_SMALLEST, round(image.width * factor))),
        min(2 * _LARGEST, max(_SMALLEST, round(image.height * factor))),
    )
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _painted(
    tissue: Tissue,
    artist: Callable[[Tissue, np.random.Generator], list[Layer]],
    rng: np.random.Generator,
) -> Pixels:
    """Light that comes through all layers, with the colour and unevenness of a lamp."""
    height, width = tissue.ground.shape
    density = np.zeros((height, width, 3))
    for dye, amount in artist(tissue, rng):
        # No two batches of a dye are alike.
        colour = np.array(dye) * rng.uniform(0.85, 1.15, 3) + rng.uniform(0, 0.06, 3)
        density += amount[..., None] * (colour / np.linalg.norm(colour))
    uneven = 1 - rng.uniform(0, 0.12) * smooth_field(height, width, rng, 2.5)
    lamp = rng.uniform(215, 255) * rng.uniform(0.9, 1.0, 3)
    grain = rng.uniform(0, 3) * rng.standard_normal((height, width))
    seen = np.exp(-density) * uneven[..., None] * lamp + grain[..., None]
    result: Pixels = np.clip(seen + 0.5, 0, 255).astype(np.uint8)
    return result
