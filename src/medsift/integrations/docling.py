"""Verdicts on the pictures of docling's documents: an enrichment for its pipelines.

Each picture gets two predictions in ``meta.classification``, made by ``medsift``: its label and
its kind, with their probabilities. What other classifiers have said of it stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from docling.models.base_model import BaseItemAndImageEnrichmentModel
from docling_core.types.doc import (
    DoclingDocument,
    NodeItem,
    PictureClassificationMetaField,
    PictureItem,
    PictureMeta,
)
from docling_core.types.doc.document import PictureClassificationPrediction
from PIL import Image

from medsift.classify import Classifier, Prediction
from medsift.core.errors import InputError

_MAKER = "medsift"


class MedsiftPictures(BaseItemAndImageEnrichmentModel):
    """An enrichment that says which pictures are medical, and of which kind.

    Parameters
    ----------
    model : str
        Name of a bundled model, or a model folder.
    enabled : bool
        Whether it does anything.
    """

    images_scale = 2.0

    def __init__(self, model: str = "default", enabled: bool = True) -> None:
        self.enabled = enabled
        self._classifier = Classifier(model) if enabled else None

    def is_processable(self, doc: DoclingDocument, element: NodeItem) -> bool:  # noqa: ARG002
        """Whether an element is a picture without a verdict of medsift."""
        return self.enabled and isinstance(element, PictureItem) and not _is_done(element)

    def __call__(
        self,
        doc: DoclingDocument,  # noqa: ARG002
        element_batch: Iterable[Any],
    ) -> Iterable[NodeItem]:
        """Give pictures their verdicts; those that cannot be read stay as they are."""
        for element in element_batch:
            self._judge(element.item, element.image)
            yield element.item

    def enrich(self, doc: DoclingDocument) -> int:
        """Give the pictures of a converted document their verdicts; how many got one.

        Pictures without an image, which docling keeps only if asked to
        (``generate_picture_images``), are passed over.
        """
        count = 0
        for item in doc.pictures:
            image = item.get_image(doc) if self.is_processable(doc, item) else None
            if image is not None:
                count += self._judge(item, image)
        return count

    def _judge(self, item: NodeItem, image: Image.Image | np.ndarray[Any, Any]) -> bool:
        if self._classifier is None or not isinstance(item, PictureItem):
            return False
        try:
            prediction = self._classifier.predict(image)
        except InputError:
            return False
        if item.meta is None:
            item.meta = PictureMeta()
        known = item.meta.classification
        said = list(known.predictions) if known is not None else []
        item.meta.classification = PictureClassificationMetaField(
            predictions=[*said, *_predictions(prediction)]
        )
        return True


def _is_done(item: PictureItem) -> bool:
    known = item.meta.classification if item.meta is not None else None
    return known is not None and any(
        (p.created_by or "").startswith(_MAKER) for p in known.predictions
    )


def _predictions(prediction: Prediction) -> list[PictureClassificationPrediction]:
    maker = f"{_MAKER} {prediction.model}"
    said = [(prediction.label, prediction.confidence), (prediction.kind, prediction.p_kind)]
    return [
        PictureClassificationPrediction(class_name=name, confidence=chance, created_by=maker)
        for name, chance in said
    ]
