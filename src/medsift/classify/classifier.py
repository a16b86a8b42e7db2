"""The classifier: pictures in, verdicts out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsift.classify import store
from medsift.classify.card import ModelCard
from medsift.classify.cascade import Cascade
from medsift.classify.ensemble import Output, Prepared
from medsift.classify.figures import (
    FigurePrediction,
    PanelPrediction,
    combined,
    crop,
    letters_of,
    panels_of,
    scaled,
)
from medsift.classify.head import unit
from medsift.classify.image_input import ImageLike, pixels_and_size
from medsift.classify.prediction import Prediction
from medsift.classify.verdict import Cut, verdict_of
from medsift.core.errors import UsageError
from medsift.core.picture import Pixels

if TYPE_CHECKING:
    from medsift.classify.explain import Explanation


class Classifier:
    """Says of pictures whether they are medical, and of which kind.

    Parameters
    ----------
    model : str or path
        Name of a bundled model, or a model folder.
    threshold : float, optional
        Confidence below which a label is ``uncertain``, 0.5 to 1; the model's own when left
        out.
    possible_from : float, optional
        A picture whose probability of being medical reaches this is ``uncertain`` and not
        ``non_medical``, however sure that is, 0 to 1; see :mod:`medsift.classify.recall_spec`.
    tta : bool
        Also average over the horizontal flip: twice the time, slightly more accurate.
    threads : int
        Threads that one inference may use.

    Raises
    ------
    ModelError
        There is no such model, or it cannot be loaded.
    UsageError
        The threshold is not between 0 and 1.

    Examples
    --------
    >>> import medsift
    >>> prediction = medsift.Classifier().predict("image.png")  # doctest: +SKIP
    >>> prediction.label, prediction.kind  # doctest: +SKIP
    ('medical', 'xray')
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "default",
        *,
        threshold: float | None = None,
        possible_from: float | None = None,
        tta: bool = False,
        threads: int = 1,
    ) -> None:
        # A path is a folder, whatever its name; pathlib takes the dot from ./fast.
        name = model if isinstance(model, str) else str(Path(model).resolve())
        self._cascade = Cascade(store.find(name), threads)
        self.threshold = self.card.threshold if threshold is None else threshold
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"the threshold must be between 0 and 1, not {self.threshold}")
        self.possible_from = possible_from
        self._tta = tta

    @property
    def card(self) -> ModelCard:
        """What ``model.json`` says."""
        return self._cascade.ensemble.card

    @property
    def batch(self) -> int:
        """Pictures that are best classified at a time; the larger the input, the fewer."""
        return self._cascade.batch

    @property
    def largest_side(self) -> int:
        """Side in pixels below which decoding at a reduced size would lose detail."""
        return self._cascade.largest_side

    @property
    def name(self) -> str:
        """Name and version of the model, as records give them."""
        return f"{self.card.name} {self.card.version}"

    def predict(self, image: ImageLike) -> Prediction:
        """Verdict on one picture.

        Parameters
        ----------
        image : path, bytes, PIL image, or ndarray of uint8
            Bytes are those of an image file; arrays are (h, w, 3) RGB, (h, w, 4) RGBA or
            (h, w) greyscale. Of an animated or multi-page image the first frame counts.

        Raises
        ------
        InputError
            The picture cannot be read or decoded.
        """
        (prediction,) = self.predict_batch([image])
        return prediction

    def predict_batch(self, images: Iterable[ImageLike]) -> list[Prediction]:
        """Verdicts on several pictures, in order; see :meth:`predict`."""
        pixels = (self._pixels(image) for image in images)
        found: list[Prediction] = []
        while batch := list(islice(pixels, self.batch)):
            figures: list[Pixels | None] = [p if self.counts_panels else None for p in batch]
            prepared = [self.prepare(p) for p in batch]
            found += [f.prediction for f in self.classify_figures(prepared, figures)]
        return found

    def explain(self, image: ImageLike, target: str = "medical") -> Explanation:
        """Tell which places of one picture decided the verdict.

        Parameters
        ----------
        image : path, bytes, PIL image, or ndarray of uint8
            See :meth:`predict`.
        target : str
            What the places shall speak for or against: ``medical``, ``non_medical`` or the name
            of a kind.

        Returns
        -------
        Explanation
            The verdict, a map of the evidence and the picture with the map laid over it. The map
            is of the networks whose verdict it is: of the gate's, where that is sure; and of the
            panel that decided, where one did.

        Raises
        ------
        InputError
            The picture cannot be read or decoded.
        ModelError
            The model was exported without what explanations need.
        UsageError
            The model does not know the target.
        """
        from medsift.classify import explain

        chosen = explain.target_classes(self.card, target)
        pixels = self._pixels(image, explain.LONGEST_SIDE)
        (output,) = self._cascade.run([self.prepare(pixels)], self._tta, maps=True)
        figure = self._figure(output, pixels, every=False)
        shown = explain.shrunk(pixels)
        height, width = shown.shape[:2]
        if figure.decided is None:
            heat = explain.heat_map(output.maps, chosen, (width, height))
        else:
            heat = self._heat_of_panel(pixels, figure, chosen, (width, height))
        overlay = explain.overlay(shown, heat)
        return explain.Explanation(figure.prediction, target, heat, overlay)

    def _heat_of_panel(
        self,
        pixels: Pixels,
        figure: FigurePrediction,
        chosen: NDArray[np.bool_],
        size: tuple[int, int],
    ) -> NDArray[np.float32]:
        """The map of the panel that decided, at its place in the figure; 0 all around."""
        from medsift.classify import explain

        box = figure.panels[(figure.decided or 1) - 1].box
        (output,) = self._cascade.run([self.prepare(crop(pixels, box))], self._tta, maps=True)
        factor = (size[0] / pixels.shape[1], size[1] / pixels.shape[0])
        x0, y0, x1, y1 = scaled(box, factor, size)
        heat = np.zeros((size[1], size[0]), dtype=np.float32)
        heat[y0:y1, x0:x1] = explain.heat_map(output.maps, chosen, (x1 - x0, y1 - y0))
        return heat

    def predict_panels(self, image: ImageLike) -> FigurePrediction:
        """Verdicts on the panels of one figure, and on the figure.

        Parameters
        ----------
        image : path, bytes, PIL image, or ndarray of uint8
            See :meth:`predict`.

        Returns
        -------
        FigurePrediction
            Boxes are in pixels of the picture that was given.

        Raises
        ------
        InputError
            The picture cannot be read or decoded.
        """
        pixels, size = pixels_and_size(image, max(2 * self.largest_side, self.largest_side))
        (figure,) = self.classify_figures([self.prepare(pixels)], [pixels], every=True)
        factor = (size[0] / pixels.shape[1], size[1] / pixels.shape[0])
        panels = tuple(replace(p, box=scaled(p.box, factor, size)) for p in figure.panels)
        return replace(figure, panels=panels)

    def classify_figures(
        self,
        batch: Sequence[Prepared],
        figures: Sequence[Pixels | None],
        every: bool = False,
    ) -> list[FigurePrediction]:
        """Verdicts on prepared pictures, that take their panels into account.

        Parameters
        ----------
        batch : sequence of Prepared
        figures : sequence of ndarray of uint8, shape (h, w, 3), or None
            The pixels of each; None where its panels are not to be looked for.
        every : bool
            Look for the panels of all, and not only of those that the model is not sure of.
        """
        outputs = self._cascade.run(batch, self._tta)
        return [
            self._figure(output, pixels, every)
            for output, pixels in zip(outputs, figures, strict=True)
        ]

    @property
    def counts_panels(self) -> bool:
        """Whether panels may change the verdict on a figure."""
        return self.card.panels is not None

    def _figure(self, output: Output, pixels: Pixels | None, every: bool) -> FigurePrediction:
        spec = self.card.panels
        unsure = spec is not None and spec.is_unsure(output.p_medical)
        whole = self.verdict(output)
        if pixels is None or not (every or unsure):
            return FigurePrediction(whole)
        boxes = panels_of(pixels)
        if not boxes:
            return FigurePrediction(whole)
        panels = self._outputs([self.prepare(crop(pixels, box)) for box in boxes])
        letters = letters_of(boxes)
        found = tuple(
            PanelPrediction(place + 1, letters[place], boxes[place], self.verdict(panels[place]))
            for place in range(len(boxes))
        )
        if spec is None or not unsure:
            return FigurePrediction(whole, found)
        medical = np.array([c.label == "medical" for c in self.card.classes])
        together, best = combined(spec, output, panels, medical)
        verdict = self.verdict(together)
        if verdict.label == whole.label:
            return FigurePrediction(verdict, found)
        reason = ", ".join(filter(None, (verdict.reason, "panel")))
        return FigurePrediction(replace(verdict, reason=reason), found, best + 1)

    def _outputs(self, batch: Sequence[Prepared]) -> list[Output]:
        found: list[Output] = []
        for start in range(0, len(batch), self.batch):
            found += self._cascade.run(batch[start : start + self.batch], self._tta)
        return found

    def prepare(self, pixels: Pixels) -> Prepared:
        """Shrink one picture to what the networks read; all that :meth:`classify` needs of it."""
        return self._cascade.prepare(pixels)

    def classify(self, batch: Sequence[Prepared]) -> list[Prediction]:
        """Verdicts on prepared pictures, best :attr:`batch` of them at a time."""
        return [self.verdict(output) for output in self._cascade.run(batch, self._tta)]

    @property
    def explains(self) -> bool:
        """Whether the model was exported with what :meth:`explain` needs."""
        return self._cascade.has_class_maps

    def classify_and_explain(
        self, batch: Sequence[Prepared], sizes: Sequence[tuple[int, int]]
    ) -> list[tuple[Prediction, bytes]]:
        """Verdicts on prepared pictures, each with a small map of what speaks for medical.

        Parameters
        ----------
        batch : sequence of Prepared
        sizes : sequence of tuple of int
            Width and height of each picture in pixels.

        Returns
        -------
        list of (Prediction, bytes)
            The same verdicts as :meth:`classify` gives; for the maps see
            :func:`medsift.classify.explain.small_map`.

        Raises
        ------
        ModelError
            The model was exported without what explanations need.
        """
        figures = self.explain_figures(batch, sizes, [None] * len(batch))
        return [(figure.prediction, small) for figure, small in figures]

    def explain_figures(
        self,
        batch: Sequence[Prepared],
        sizes: Sequence[tuple[int, int]],
        figures: Sequence[Pixels | None],
        every: bool = False,
    ) -> list[tuple[FigurePrediction, bytes]]:
        """What :meth:`classify_figures` gives, each with a small map of the whole.

        See :meth:`classify_and_explain`.
        """
        from medsift.classify import explain

        chosen = explain.target_classes(self.card, "medical")
        outputs = self._cascade.run(batch, self._tta, maps=True)
        return [
            (self._figure(output, pixels, every), explain.small_map(output.maps, chosen, size))
            for output, size, pixels in zip(outputs, sizes, figures, strict=True)
        ]

    def probabilities(self, batch: Sequence[Prepared]) -> NDArray[np.float64]:
        """Calibrated probabilities (n, classes) of prepared pictures."""
        rows = [output.probabilities for output in self._cascade.run(batch, self._tta)]
        return np.array(rows).reshape(len(batch), len(self.card.classes))

    def features(self, images: ImageLike | Sequence[ImageLike]) -> NDArray[np.float32]:
        """What the networks make of pictures: numbers in which look-alikes lie close together.

        Those of the model's own networks, without its gate, before their last layers: each
        network's at unit length, side by side, so that the scalar product of two pictures is
        their cosine similarity, summed over the networks.

        Parameters
        ----------
        images : path, bytes, PIL image, or ndarray of uint8; or a sequence of them
            See :meth:`predict`.

        Returns
        -------
        ndarray of float32, shape (d,); (n, d) for a list or tuple of n pictures
            ``d`` depends on the model: 1408 for the bundled ``default``, 1280 for ``fast``.

        Raises
        ------
        InputError
            A picture cannot be read or decoded.
        """
        several = isinstance(images, (list, tuple))
        chosen: Sequence[ImageLike] = images if isinstance(images, (list, tuple)) else [images]  # type: ignore[list-item]
        prepared = (self.prepare(self._pixels(image)) for image in chosen)
        rows = []
        while batch := list(islice(prepared, self.batch)):
            rows.append(unit(self._cascade.ensemble.features(batch)))
        if several:
            return np.concatenate(rows) if rows else np.zeros((0, self.feature_size), np.float32)
        row: NDArray[np.float32] = rows[0][0]
        return row

    @property
    def feature_size(self) -> int:
        """How many features :meth:`features` gives of a picture."""
        return self._cascade.ensemble.feature_size

    def features_of(self, batch: Sequence[Prepared]) -> NDArray[np.float32]:
        """Features (n, d) of prepared pictures, as :meth:`features` gives them."""
        return unit(self._cascade.ensemble.features(batch))

    def base(
        self, batch: Sequence[Prepared]
    ) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.float64]]:
        """Features of each network, and what its own last layers say, without the gate.

        What an adapted model goes on from, see :meth:`.ensemble.Ensemble.base`.
        """
        return self._cascade.ensemble.base(batch)

    def verdict(self, output: Output) -> Prediction:
        """What the networks say of a picture, as a verdict by this model's threshold."""
        cut = Cut(self.threshold, self.possible_from)
        return verdict_of(output, self.card.classes, cut, self.name)

    def _pixels(self, image: ImageLike, target: int = 0) -> Pixels:
        """RGB pixels; of large files at a reduced size, not below what is needed or ``target``."""
        return pixels_and_size(image, max(target, self.largest_side))[0]
