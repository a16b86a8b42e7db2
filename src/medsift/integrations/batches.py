"""Verdicts as columns of a batch: for ``map_batches`` of Ray Data and ``map`` of datasets.

Both hand over a mapping of column names to as many values as the batch has rows. The pictures may
be PIL images, arrays, encoded bytes, paths, or the mappings of bytes and path that ``datasets``
keeps undecoded pictures in.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medsift.classify import Classifier, Prediction
from medsift.core.errors import InputError

_EMPTY = {"label": "", "p_medical": float("nan"), "kind": "", "p_kind": float("nan")}
_TEXT = ("dicom_modality", "reason", "model")


class Annotate:
    """Adds medsift's verdict to the rows of a batch.

    Each process loads the model once, at its first batch.

    Parameters
    ----------
    column : str
        Where the pictures are.
    model : str
        Name of a bundled model, or a model folder.
    prefix : str
        Goes before the names of the new columns: ``label``, ``p_medical``, ``kind``, ``p_kind``,
        ``dicom_modality``, ``reason``, ``model`` and ``error``, which says why a picture could
        not be read.

    Examples
    --------
    >>> annotate = Annotate("image", model="fast")  # doctest: +SKIP
    >>> dataset.map(annotate, batched=True)  # doctest: +SKIP
    >>> ray_dataset.map_batches(annotate, batch_format="numpy")  # doctest: +SKIP
    """

    def __init__(
        self, column: str = "image", model: str = "default", prefix: str = "medsift_"
    ) -> None:
        self._column, self._model, self._prefix = column, model, prefix
        self._classifier: Classifier | None = None

    def __getstate__(self) -> dict[str, Any]:
        # What travels to other processes, and what datasets knows a function again by.
        return {**self.__dict__, "_classifier": None}

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return the batch with the new columns."""
        if self._classifier is None:
            self._classifier = Classifier(self._model)
        rows = [self._row(value) for value in batch[self._column]]
        names = [*_EMPTY, *_TEXT, "error"]
        columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
        if any(isinstance(values, np.ndarray) for values in batch.values()):
            columns = {name: np.array(values) for name, values in columns.items()}
        return {**batch, **{f"{self._prefix}{name}": v for name, v in columns.items()}}

    def _row(self, value: Any) -> dict[str, Any]:
        empty = {**_EMPTY, **dict.fromkeys(_TEXT, ""), "error": ""}
        if self._classifier is None or value is None:
            return {**empty, "error": "unreadable: there is no picture"}
        try:
            return {**empty, **_columns(self._classifier.predict(_picture(value)))}
        except InputError as error:
            return {**empty, "error": error.record_text}


def _picture(value: Any) -> Any:
    """What a classifier takes: undecoded pictures of datasets are mappings."""
    if isinstance(value, Mapping):
        return bytes(value["bytes"]) if value.get("bytes") else str(value.get("path") or "")
    if isinstance(value, io.BytesIO):
        return value.getvalue()
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return np.asarray(value, dtype=np.uint8)
    return value


def _columns(prediction: Prediction) -> dict[str, Any]:
    return {name: getattr(prediction, name) for name in (*_EMPTY, *_TEXT)}
