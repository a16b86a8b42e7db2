"""What a DICOM header declares, against what the picture looks like."""

from __future__ import annotations

import pytest

from medsift.core.modality import conflicts
from medsift.core.taxonomy import TAXONOMY, Kind


@pytest.mark.parametrize(
    ("declared", "kind", "conflict"),
    [
        ("CT", "ct", False),
        ("CT", "mri", True),
        ("CT", "photo", True),
        (" ct ", "ct", False),
        ("CR", "xray", False),
        ("XA", "xray", False),
        ("CT", "multipanel", False),
        ("US", "viewer_screenshot", False),
        ("OT", "photo", False),
        ("", "photo", False),
        ("CT", "a class of somebody's own model", False),
    ],
)
def test_a_kind_that_the_modality_cannot_give_conflicts(
    declared: str, kind: str, conflict: bool
) -> None:
    assert conflicts(declared, kind) is conflict


@pytest.mark.parametrize("kind", [k for k in TAXONOMY if k.dicom_modality not in {"", "OT"}])
def test_no_kind_conflicts_with_its_own_code(kind: Kind) -> None:
    assert not conflicts(kind.dicom_modality, kind.name)
