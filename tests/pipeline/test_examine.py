"""One input becomes its records."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

import medsift
from tests.samples import dicom_file, picture, write_pdf


def test_the_same_picture_again_is_marked_with_the_same_verdict(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(1), picture(2), picture(1)])
    first, other, again = medsift.scan(tmp_path / "a.pdf", threshold=0.0)
    assert (first.reason, other.reason, again.reason) == ("", "", "duplicate")
    assert again.sha256 == first.sha256 != other.sha256
    assert (again.page, again.p_medical, again.kind) == (3, first.p_medical, first.kind)


def test_frames_of_one_file_are_no_duplicates(tmp_path: Path) -> None:
    images = [picture(n) for n in range(3)]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    records = list(medsift.scan(tmp_path / "a.tif", threshold=0.0))
    assert [(record.frame, record.reason) for record in records] == [(0, ""), (1, ""), (2, "")]


@pytest.mark.parametrize(("declared", "reason"), [("MG", "modality_conflict"), ("OT", "")])
def test_a_header_that_contradicts_the_pixels_is_a_reason(
    tmp_path: Path, declared: str, reason: str
) -> None:
    dataset = pydicom.dcmread(dicom_file())
    dataset.Modality = declared
    dataset.save_as(tmp_path / "a.dcm")
    (record,) = medsift.scan(tmp_path / "a.dcm", threshold=0.0)
    assert record.kind != "mammography"
    assert record.reason == reason
