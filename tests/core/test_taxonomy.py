from __future__ import annotations

import re
from pathlib import Path

import pytest

from medsift.core.taxonomy import KINDS, TAXONOMY, Kind

# The folders of labelled data are named after kinds: a renamed kind is a lost folder.
MEDICAL = """
    xray mammography angiography ct mri ultrasound nuclear fundus oct endoscopy dermatology
    clinical_photo histopathology cytology biosignal multipanel viewer_screenshot
"""
NON_MEDICAL = """
    photo document chart diagram logo screenshot illustration anatomy_drawing map satellite
    texture astronomy plant object render industrial_inspection thermal sonar_radar biometric
    electron_microscopy micrograph gel_blot lab_fluorescence spectrogram depth_map mask_overlay
    test_pattern
"""


def test_every_kind_is_there_on_its_side() -> None:
    assert {kind.name for kind in TAXONOMY if kind.label == "medical"} == set(MEDICAL.split())
    assert {kind.name for kind in TAXONOMY if kind.label == "non_medical"} == set(
        NON_MEDICAL.split()
    )


def test_every_kind_is_there_once() -> None:
    assert len(KINDS) == len(TAXONOMY)
    assert all(KINDS[kind.name] is kind for kind in TAXONOMY)


@pytest.mark.parametrize("kind", TAXONOMY, ids=lambda kind: kind.name)
def test_medical_kinds_have_a_dicom_code_and_others_do_not(kind: Kind) -> None:

    if kind.label == "medical":
        assert re.fullmatch(r"[A-Z]{2,16}", kind.dicom_modality)
    else:
        assert kind.dicom_modality == ""


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("xray", "DX"),
        ("mammography", "MG"),
        ("angiography", "XA"),
        ("ct", "CT"),
        ("mri", "MR"),
        ("ultrasound", "US"),
        ("nuclear", "NM"),
        ("fundus", "OP"),
        ("oct", "OPT"),
        ("endoscopy", "ES"),
        ("histopathology", "SM"),
        ("biosignal", "ECG"),
    ],
)
def test_codes_are_those_of_the_standard(kind: str, code: str) -> None:
    assert KINDS[kind].dicom_modality == code


def test_names_can_be_folder_names_anywhere() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in KINDS)


def test_every_kind_says_what_it_is() -> None:
    assert all(kind.description.strip() for kind in TAXONOMY)


@pytest.mark.shared
def test_the_labelled_folders_know_the_same_kinds(shared: Path) -> None:
    folders = [path for pool in ("train", "val") for path in (shared / "data" / pool).glob("*/*/")]
    assert folders
    for folder in folders:
        assert KINDS[folder.name].label == folder.parent.name
