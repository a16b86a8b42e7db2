"""Another threshold for a verdict that was given before: it follows from the record alone."""

from __future__ import annotations

from dataclasses import replace

from medsift.core.record import Record
from medsift.core.taxonomy import KINDS

_LOW = "low_confidence"
_CONFLICT = "modality_conflict"


def relabelled(record: Record, threshold: float) -> Record:
    """The record as a classifier with this threshold would have made it.

    Parameters
    ----------
    record : Record
        With ``kinds``; one without a label stays as it is.
    threshold : float
        Confidence below which the label is ``uncertain``, 0 to 1.

    Notes
    -----
    Probabilities of kinds are known to four decimals, and so then is ``p_kind``. That a header
    declares another modality was not looked at where the label was uncertain, and is not told.
    """
    if not record.label or record.p_medical is None or not record.kinds:
        return record
    sure = (record.confidence or 0.0) >= threshold
    if sure == (record.label != "uncertain"):
        return record
    side = "medical" if record.p_medical >= 0.5 else "non_medical"
    kinds = record.kinds
    if sure:
        kinds = {k: p for k, p in kinds.items() if k in KINDS and KINDS[k].label == side}
    if not kinds:
        return record
    kind = max(kinds, key=lambda k: kinds[k])
    total = 1.0 if not sure else max(record.p_medical, 1 - record.p_medical)
    reasons = [r for r in record.reason.split(", ") if r and r not in (_LOW, _CONFLICT)]
    known = KINDS.get(kind)
    return replace(
        record,
        label=side if sure else "uncertain",
        kind=kind,
        p_kind=min(1.0, kinds[kind] / total),
        dicom_modality=known.dicom_modality if known else "",
        reason=", ".join(reasons if sure else [*reasons, _LOW]),
    )
