"""A DICOMDIR that is named leads to the files that it lists."""

from __future__ import annotations

import shutil
import tracemalloc
import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from medsift.core.errors import DecodeError, UnreadableError
from medsift.sources.dicom.directory import is_directory, referenced
from medsift.sources.inputs import expand
from tests.sources.dicom_samples import dataset, ramp


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A disc with two series of two slices; its DICOMDIR."""
    files = FileSet()
    for series in ("1.2.1", "1.2.2"):
        for number in (1, 2):
            made = dataset(ramp(), SeriesInstanceUID=series, StudyInstanceUID="1.2")
            made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            made.update(
                {"PatientID": "1", "StudyDate": "20200101", "StudyTime": "0000", "StudyID": "1"}
            )
            made.update({"SeriesNumber": int(series[-1]), "InstanceNumber": number})
            files.add(made)
    root = tmp_path / "disc"
    files.write(root)
    files._stage["t"].cleanup()
    return root / "DICOMDIR"


def slices(disc: Path) -> list[Path]:
    return [path for path in sorted(disc.parent.rglob("*")) if path.is_file() and path != disc]


def renamed(disc: Path, *file_id: str) -> Path:
    """The DICOMDIR, with another name in place of the first."""
    made = pydicom.dcmread(disc)
    record: Dataset = next(r for r in made.DirectoryRecordSequence if "ReferencedFileID" in r)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record.ReferencedFileID = list(file_id)
        made.save_as(disc)
    return disc


def sources(*names: Path) -> list[str]:
    return [item.source for item in expand(names)]


def test_a_named_dicomdir_is_followed_by_its_files(disc: Path) -> None:
    assert len(slices(disc)) == 4
    assert sources(disc) == [str(disc), *map(str, slices(disc))]


def test_a_walked_dicomdir_is_not_as_its_files_come_by_themselves(disc: Path) -> None:
    assert sorted(sources(disc.parent)) == sorted(map(str, [disc, *slices(disc)]))


def test_no_file_comes_twice_whatever_else_is_named(disc: Path) -> None:
    everything = sorted(map(str, [disc, *slices(disc)]))
    first_folder = next(path for path in disc.parent.iterdir() if path.is_dir())
    for names in (
        [disc, disc.parent],
        [disc.parent, disc],
        [disc, first_folder],
        [first_folder, disc],
        [disc, *slices(disc)],
    ):
        assert sorted(set(sources(*names))) == everything
        assert len(sources(*names)) == len(everything) + (names[0] == disc.parent) + (
            names[-1] == disc.parent
        )


def test_a_file_that_is_not_there_is_accounted_for(disc: Path) -> None:
    gone = slices(disc)[1]
    gone.unlink()
    items = {item.source: item for item in expand([disc])}
    assert len(items) == 5
    assert items[str(gone)].error is not None


@pytest.mark.parametrize(
    "file_id",
    [
        ("..", "secret"),
        ("..\\secret",),
        ("/etc/passwd",),
        ("A/../..", "secret"),
        (".",),
        ("C:\\a",),
    ],
)
def test_names_that_lead_out_of_the_disc_are_left_out(disc: Path, file_id: tuple[str]) -> None:
    (disc.parent.parent / "secret").touch()
    found = list(referenced(renamed(disc, *file_id)))
    assert found == slices(disc)[1:]


def test_a_disc_whose_names_were_put_in_lower_case_is_found(disc: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for path in [disc, *slices(disc)]:
        target = copy / str(path.relative_to(disc.parent)).lower()
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    found = sources(copy / "dicomdir")
    assert len(found) == 5
    assert all(Path(name).is_file() for name in found)


def test_a_damaged_dicomdir_leads_to_what_it_names_before_and_says_that_there_is_more(
    disc: Path,
) -> None:
    whole = disc.read_bytes()
    third = [at for at in range(len(whole)) if whole.startswith(b"\x04\0\0\x15", at)][2]
    disc.write_bytes(whole[: third + 10])
    assert is_directory(disc)
    *found, last = expand([disc])
    assert [item.source for item in found] == [str(disc), *map(str, slices(disc)[:2])]
    assert last.source == str(disc)
    assert isinstance(last.error, DecodeError)


@pytest.mark.parametrize("left", [8, 11])
def test_a_dicomdir_that_ends_within_the_head_of_an_element_is_damaged(
    disc: Path, left: int
) -> None:
    whole = disc.read_bytes()
    version = whole.index(b"\x02\0\x01\0OB")  # a head of twelve bytes
    disc.write_bytes(whole[: version + left])
    with pytest.raises(DecodeError, match="damaged"):
        list(referenced(disc))


def test_a_dicomdir_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"cannot read DICOMDIR: No such file or directory$"):
        list(referenced(tmp_path / "DICOMDIR"))


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("undefined", [True, False])
def test_a_dicomdir_is_read_in_whatever_way_it_is_encoded(
    disc: Path, implicit: bool, undefined: bool
) -> None:
    made = pydicom.dcmread(disc)
    made.file_meta.TransferSyntaxUID = (
        ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    )
    made["DirectoryRecordSequence"].is_undefined_length = undefined
    for record in made.DirectoryRecordSequence:
        record.is_undefined_length_sequence_item = undefined
        icon = Dataset()
        icon.ReferencedFileID = ["NOT", "THIS"]
        record.IconImageSequence = [icon]
        record["IconImageSequence"].is_undefined_length = undefined
    made.save_as(disc, enforce_file_format=True)
    assert list(referenced(disc)) == slices(disc)


def test_a_dicomdir_of_very_many_records_takes_no_memory(disc: Path) -> None:
    whole = disc.read_bytes()
    records = whole.index(b"\x04\0\x20\x12SQ")
    empty = b"\xfe\xff\0\xe0\x08\0\0\0" + b"\x04\0\x30\x14CS\0\0"
    count = 40_000
    length = (count * len(empty)).to_bytes(4, "little")
    disc.write_bytes(whole[:records] + b"\x04\0\x20\x12SQ\0\0" + length + count * empty)
    tracemalloc.start()
    try:
        assert list(referenced(disc)) == []
        assert tracemalloc.get_traced_memory()[1] < 4 * count * len(empty)
    finally:
        tracemalloc.stop()


def test_other_files_are_no_dicomdir(disc: Path, tmp_path: Path) -> None:
    assert is_directory(disc)
    assert not is_directory(slices(disc)[0])
    assert not is_directory(tmp_path / "gone")
    assert not is_directory(tmp_path)
