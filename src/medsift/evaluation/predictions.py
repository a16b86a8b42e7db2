"""Single verdicts as lines of JSON: written for other programs, read to compare with later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medsift.classify.prediction import Prediction, likelihood
from medsift.core.errors import UsageError
from medsift.core.taxonomy import KINDS
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import Measurement


def line(measurement: Measurement) -> str:
    """One measurement as a line of JSON, with its end."""
    example, prediction = measurement.example, measurement.prediction
    row: dict[str, object] = {
        "path": str(example.path),
        "true_label": example.label,
        "true_kind": example.kind,
        "true_source": example.source,
    }
    if prediction is None:
        row["error"] = measurement.error
    else:
        row |= {
            "label": prediction.label,
            "p_medical": prediction.p_medical,
            "kind": prediction.kind,
            "p_kind": prediction.p_kind,
            "model": prediction.model,
        }
    return json.dumps(row) + "\n"


def read(path: Path, examples: Sequence[Example], data: Path) -> list[Measurement]:
    """Read what an earlier run said of the same pictures.

    Pictures are known again by their path below the folder of the data, which may have moved, else
    by label, kind, source and name.

    Parameters
    ----------
    path : Path
        What ``--predictions`` wrote.
    examples : sequence of Example
        Those of today; their labels count.
    data : Path
        Folder of the examples.

    Returns
    -------
    list of Measurement
        One for each example that the file knows, in the order of the examples.

    Raises
    ------
    UsageError
        It cannot be read, or knows none of the pictures.
    """
    try:
        rows = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines() if text]
        by_path = {str(row["path"]): row for row in rows}
        by_name = {_name(row): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no file of predictions: {error!r}") from error
    found = []
    for example in examples:
        row = by_path.get(str(example.path)) or by_name.get(
            (example.label, example.kind, example.source, example.path.name)
        )
        if row is not None:
            found.append(_measurement(row, example, path))
    if not found:
        raise UsageError(f"{path} knows none of the pictures in {data}")
    return found


def _name(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return row["true_label"], row["true_kind"], row["true_source"], Path(row["path"]).name


def _measurement(row: dict[str, Any], example: Example, path: Path) -> Measurement:
    if "error" in row:
        return Measurement(example, None, str(row["error"]), 0.0)
    try:
        p_medical, kind = float(row["p_medical"]), str(row["kind"])
        prediction = Prediction(
            label=row["label"],
            p_medical=p_medical,
            confidence=max(p_medical, 1 - p_medical),
            likelihood=likelihood(p_medical),
            kind=kind,
            p_kind=float(row["p_kind"]),
            dicom_modality=KINDS[kind].dicom_modality if kind in KINDS else "",
            reason="",
            model=str(row.get("model", path.name)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is no file of predictions: {error!r}") from error
    return Measurement(example, prediction, "", 0.0)
