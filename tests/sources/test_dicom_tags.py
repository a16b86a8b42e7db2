"""Elements of DICOM headers are given when they are asked for by name, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from medsift.core.errors import UsageError
from medsift.core.picture import Picture
from medsift.pipeline.options import ScanOptions
from medsift.sources import dicom
from medsift.sources.base import Blob, Context, SourceOptions
from medsift.sources.dicom.tags import LONGEST_VALUE, check_names
from tests.sources.dicom_samples import WHERE, dataset, written

_PIXELS = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)


def tags(made: Dataset, *names: str) -> dict[str, str]:
    return tags_of(written(made), *names)


def tags_of(data: bytes, *names: str) -> dict[str, str]:
    context = Context(options=SourceOptions(dicom_tags=names))
    (found,) = dicom.read(Blob(WHERE, data=data), context)
    assert isinstance(found, Picture)
    return dict(found.tags)


def test_nothing_is_given_unless_asked_for() -> None:
    assert tags(dataset(_PIXELS, StudyDescription="KNEE")) == {}


def test_keywords_and_tags_give_values_under_the_name_asked_for() -> None:
    made = dataset(_PIXELS, StudyDescription="KNEE", SeriesNumber=7)
    asked = tags(made, "StudyDescription", "(0020,0011)", "StudyDescription")
    assert asked == {"StudyDescription": "KNEE", "(0020,0011)": "7"}


def test_several_values_are_separated_as_in_the_file() -> None:
    made = dataset(_PIXELS, ImageType=["ORIGINAL", "PRIMARY"])
    assert tags(made, "ImageType") == {"ImageType": "ORIGINAL\\PRIMARY"}


def test_names_in_other_alphabets_are_decoded() -> None:
    made = dataset(_PIXELS, SpecificCharacterSet="ISO_IR 192", StudyDescription="Колено")
    assert tags(made, "StudyDescription") == {"StudyDescription": "Колено"}


def test_elements_of_the_file_meta_information_are_found() -> None:
    uid = "1.2.840.10008.1.2.1"
    assert tags(dataset(_PIXELS), "TransferSyntaxUID") == {"TransferSyntaxUID": uid}


def test_missing_and_empty_elements_are_left_out() -> None:
    assert tags(dataset(_PIXELS, StudyDescription=""), "StudyDescription", "PatientID") == {}


def test_long_values_are_cut() -> None:
    made = dataset(_PIXELS, ImageComments="x" * 5000)
    text = tags(made, "ImageComments")["ImageComments"]
    assert len(text) == LONGEST_VALUE
    assert text.endswith("x...")


def test_private_elements_give_text_but_never_bytes() -> None:
    made = dataset(_PIXELS)
    block = made.private_block(0x0029, "medsift test", create=True)
    block.add_new(0x01, "LO", "words")
    block.add_new(0x02, "OB", b"\x01\x02")
    block.add_new(0x03, "UN", b"\x01\x02")
    asked = tags(made, "(0029,1001)", "(0029,1002)", "(0029,1003)")
    assert asked == {"(0029,1001)": "words"}


def test_a_damaged_element_costs_itself_and_not_the_picture() -> None:
    data = written(dataset(_PIXELS, StudyDescription="KNEE", SeriesNumber=1234))
    assert data.count(b"IS\x04\x001234") == 1
    # No whole number of doubles.
    damaged = data.replace(b"IS\x04\x001234", b"FD\x04\x001234")
    assert tags_of(damaged, "SeriesNumber", "StudyDescription") == {"StudyDescription": "KNEE"}


@pytest.mark.parametrize("name", ["Nope", "", "studydescription", "0008,1030", "(0008,10)"])
def test_an_unknown_name_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="no DICOM keyword"):
        check_names([name])


@pytest.mark.parametrize("name", ["PixelData", "(7fe0,0010)", "(7FE0,0010)", "VOILUTSequence"])
def test_binary_and_nested_elements_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="binary or nested"):
        check_names([name])


def test_options_are_checked_before_work_begins() -> None:
    with pytest.raises(UsageError, match="no DICOM keyword"):
        ScanOptions(dicom_tags=["StudyDescription", "Nope"])
    with pytest.raises(UsageError, match="list of names"):
        ScanOptions(dicom_tags="StudyDescription")
