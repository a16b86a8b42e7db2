"""A picture as the networks read it, made when one of them asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from medsift.classify.preprocess import Preprocess, resize
from medsift.core.picture import Pixels

_KEPT_PIXELS = 2**20


class Views(Mapping[Preprocess, Pixels]):
    """One picture as uint8 (size, size, 3) for each different preprocessing of the networks.

    Normalised only when a network reads it: a batch that waits takes a quarter of the memory.
    Most pictures stop at the first network of a cascade; what the others would read is made of
    the pixels when they do. Of pictures above a megapixel, all is made at once, so that their
    pixels can be let go.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    specs : iterable of Preprocess
        All that may be asked for.
    """

    def __init__(self, pixels: Pixels, specs: Iterable[Preprocess]) -> None:
        self._made: dict[Preprocess, Pixels | None] = dict.fromkeys(specs)
        self._pixels: Pixels | None = pixels
        if pixels.shape[0] * pixels.shape[1] > _KEPT_PIXELS:
            for spec in self._made:
                self._made[spec] = resize(pixels, spec)
            self._pixels = None

    def __getitem__(self, spec: Preprocess) -> Pixels:
        view = self._made[spec]
        if view is None:
            assert self._pixels is not None  # noqa: S101  let go only when all was made
            view = self._made[spec] = resize(self._pixels, spec)
        return view

    def __iter__(self) -> Iterator[Preprocess]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
