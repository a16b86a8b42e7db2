"""What a person said of a picture overrules the model, and is told apart in the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from medsift.core.record import Record
from medsift.core.taxonomy import KINDS
from medsift.report.baseline import BY_PERSON, digest_of


def judged(record: Record, judgements: Mapping[str, str]) -> Record:
    """The record with the label that a person gave, if one did.

    Parameters
    ----------
    record : Record
        Of a picture with a verdict.
    judgements : mapping of str to str
        Digest, see :func:`medsift.report.baseline.digest_of`, to a kind or a label.

    Notes
    -----
    Its probabilities remain what the model says.
    """
    said = judgements.get(digest_of(record.sha256)) if record.sha256 and record.label else None
    if said is None:
        return record
    other = [r for r in record.reason.split(", ") if r and r not in _OF_THE_MODEL]
    reason = ", ".join([*other, BY_PERSON])
    kind = KINDS.get(said)
    if kind is None:
        return replace(record, label=said, reason=reason)
    return replace(
        record,
        label=kind.label,
        kind=kind.name,
        p_kind=record.p_kind if record.kind == kind.name else None,
        dicom_modality=kind.dicom_modality,
        reason=reason,
    )


_OF_THE_MODEL = ("low_confidence", "possibly_medical")
