"""Sections of tissue taken apart: nuclei, what is around them, and where nuclei crowd.

Dyes add up in optical density (Beer and Lambert), so that a picture of two dyes can be taken apart
into what each gives (Ruifrok and Johnston 2001, "Quantification of histochemical staining by color
deconvolution", Anal Quant Cytol Histol 23).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Pixels
from medsift.training.procedural import Field, blurred

# Shares of red, green and blue light that each dye takes, of Ruifrok and Johnston's table.
HAEMATOXYLIN = (0.65, 0.70, 0.29)
EOSIN = (0.07, 0.99, 0.11)

_DARKEST = 4.0
_LEAST = 0.25
"""Optical density below which a dye counts as absent, so that noise is not enlarged to tissue."""
_LEAST_IN_ALL = 0.9
"""The same for the sum over red, green and blue."""


@dataclass(frozen=True, slots=True)
class Tissue:
    """What a picture shows, each as an amount of 0 to 1 for each pixel.

    Attributes
    ----------
    nuclei : ndarray of float64, shape (h, w)
    ground : ndarray of float64, shape (h, w)
        All tissue that is no nucleus.
    crowd : ndarray of float64, shape (h, w)
        1 where nuclei lie close, as in glands; 0 in stroma.
    """

    nuclei: Field
    ground: Field
    crowd: Field


def unmixed(pixels: Pixels) -> NDArray[np.float64]:
    """Take a picture apart into haematoxylin, eosin and what is neither.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    ndarray of float64, shape (h, w, 3)
        Amounts of the dyes, in natural units of optical density against the brightest of the
        picture; at least 0.
    """
    dyes = np.array([HAEMATOXYLIN, EOSIN, np.cross(HAEMATOXYLIN, EOSIN)])
    dyes /= np.linalg.norm(dyes, axis=1, keepdims=True)
    amounts: NDArray[np.float64] = np.clip(_density(pixels) @ np.linalg.inv(dyes), 0, None)
    return amounts


def tissue_of(pixels: Pixels) -> Tissue:
    """Tell nuclei from what is around them, by colour.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Tissue in haematoxylin and eosin.
    """
    # Colour is stored more coarsely than brightness, and what it tells apart shows that.
    amounts = unmixed(pixels)
    nuclei = scaled(blurred(amounts[..., 0], 0.7), low=0.5)
    whole = scaled(_density(pixels).sum(axis=2), high=0.9, least=_LEAST_IN_ALL)
    return Tissue(nuclei, whole * (1 - nuclei), _crowd(nuclei))


def as_if_tissue(pixels: Pixels) -> Tissue:
    """Take the dark spots of any picture, shape (h, w, 3), for nuclei."""
    dark = _density(pixels).sum(axis=2)
    spots = scaled(dark - blurred(dark, 6), low=0.5)
    whole = scaled(dark, low=0.05)
    return Tissue(spots, whole * (1 - spots), _crowd(spots))


def scaled(field: Field, low: float = 0.0, high: float = 0.99, least: float = _LEAST) -> Field:
    """Stretch: from 0 at one quantile, or at 0 where that is more, to 1 at another.

    Parameters
    ----------
    field : ndarray of float64, shape (h, w)
    low, high : float
        The quantiles.
    least : float
        Smallest distance between the two, so that noise stays small.
    """
    bottom = max(float(np.quantile(field, low)), 0.0)
    top = max(float(np.quantile(field, high)) - bottom, least)
    result: Field = np.clip((field - bottom) / top, 0, 1)
    return result


def _crowd(nuclei: Field) -> Field:
    around = blurred(nuclei, 0.05 * max(nuclei.shape))
    low, high = np.quantile(around, (0.3, 0.7))
    crowded: Field = np.clip((around - low) / max(float(high - low), 0.03), 0, 1)
    return crowded


def _density(pixels: Pixels) -> NDArray[np.float64]:
    """Optical density against the brightest of each channel, at least 0."""
    light = pixels.astype(np.float64) + _DARKEST
    brightest = np.quantile(light, 0.98, axis=(0, 1))
    density: NDArray[np.float64] = np.clip(-np.log(light / brightest), 0, None)
    return density
