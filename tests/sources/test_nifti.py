"""NIfTI volumes become a few slices, shown as a reader would see them."""

from __future__ import annotations

import contextlib
import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.errors import DecodeError, InputError, LimitError, UnsupportedError
from medsift.core.limits import Limits
from medsift.core.picture import Picture, Problem, Provenance
from medsift.decode.sniff import sniff
from medsift.sources import nifti
from medsift.sources.base import Blob, Context, SourceOptions, sha256_of
from medsift.sources.registry import findings

nibabel = pytest.importorskip("nibabel", reason="needs the extra nifti")

WHERE = Provenance(source="a.nii")
SECRET = "Doe^Secret"
VOXELS = np.random.default_rng(0).integers(0, 1000, (40, 48, 56)).astype(np.int16)


def volume(values: np.ndarray[Any, Any] = VOXELS, spacing: tuple[float, ...] = (1, 1, 1)) -> bytes:
    image = nibabel.Nifti1Image(values, np.diag([*spacing, 1.0]), dtype=values.dtype)
    image.header["descrip"] = SECRET
    return bytes(image.to_bytes())


def read(data: bytes, **context: Any) -> list[Picture]:
    found = list(nifti.read(Blob(WHERE, data=data), Context(**context)))
    assert all(isinstance(each, Picture) for each in found)
    return [each for each in found if isinstance(each, Picture)]


def locators(found: list[Picture]) -> list[str]:
    return [picture.where.locator for picture in found]


def test_axial_quarters_and_the_middle_of_the_other_planes_are_shown() -> None:
    found = read(volume())
    assert locators(found) == [
        "axial slice 14",
        "axial slice 28",
        "axial slice 42",
        "sagittal slice 20",
        "coronal slice 24",
    ]
    assert [picture.where.frame for picture in found] == [14, 28, 42, 20, 24]
    assert [(p.width, p.height) for p in found] == [(40, 48)] * 3 + [(48, 56), (40, 56)]
    assert {(p.format, p.color_mode, p.note) for p in found} == {
        ("nifti", "I;16", "frames_thinned")
    }
    assert found[0].where.extraction == "decoded"


def test_the_digest_is_that_of_the_samples_as_shown() -> None:
    shown = np.ascontiguousarray(VOXELS[::-1, ::-1, 14].T)
    assert read(volume())[0].sha256 == sha256_of(shown.tobytes())


def test_right_is_left_and_the_front_and_the_head_are_up() -> None:
    values = np.zeros((40, 48, 56), np.uint8)
    values[30:, 40:, 50:] = 200  # right, front, head
    image = nibabel.Nifti1Image(values, np.eye(4))
    axial = read(image.to_bytes(), options=SourceOptions(all_frames=True))[52]
    assert axial.pixels[:8, :10].min() == 255
    assert axial.pixels[8:].max() == axial.pixels[:, 10:].max() == 0


@pytest.mark.parametrize("codes", ["LPS", "PIR", "SAL"])
def test_the_order_of_the_voxels_in_the_file_makes_no_difference(codes: str) -> None:
    straight = nibabel.Nifti1Image(VOXELS, np.eye(4))
    target = nibabel.orientations.axcodes2ornt(codes)
    turned = straight.as_reoriented(target)
    assert turned.shape != straight.shape or codes == "LPS"
    for expected, found in zip(read(volume()), read(turned.to_bytes()), strict=True):
        assert found.where == expected.where
        assert found.sha256 == expected.sha256
        assert np.array_equal(found.pixels, expected.pixels)


def test_quarters_lie_along_the_coarsest_spacing() -> None:
    found = read(volume(spacing=(4, 1, 1)))
    assert locators(found)[:3] == ["sagittal slice 10", "sagittal slice 20", "sagittal slice 30"]


def test_pixels_are_made_square_but_the_size_is_as_found() -> None:
    coronal = read(volume(spacing=(1, 1, 2)))[-1]
    assert (coronal.width, coronal.height) == (40, 56)
    assert coronal.pixels.shape == (112, 40, 3)


def test_planes_that_nobody_acquired_are_left_out_where_too_small() -> None:
    assert {text.split()[0] for text in locators(read(volume(VOXELS[:, :, :9])))} == {"axial"}


def test_every_slice_is_shown_where_all_frames_are_asked_for() -> None:
    found = read(volume(), options=SourceOptions(all_frames=True))
    assert [p.where.frame for p in found[:56]] == list(range(56))
    assert found[0].note == ""


def test_of_a_series_the_first_volume_is_taken() -> None:
    series = np.stack([VOXELS, VOXELS[::-1]], axis=-1)
    assert [p.sha256 for p in read(volume(series))] == [p.sha256 for p in read(volume())]


def test_a_flat_image_is_one_slice() -> None:
    (found,) = read(volume(VOXELS[:, :, 0], spacing=(2, 2, 1)))
    assert found.where.locator == "axial slice 0"
    assert found.note == ""


def test_a_negative_slope_inverts() -> None:
    data = bytearray(volume())
    struct.pack_into("<ff", data, 112, -1.0, 0.0)
    expected = 255 - read(volume())[0].pixels
    assert np.array_equal(read(bytes(data))[0].pixels, expected)


@pytest.mark.parametrize("code", ["u1", "i1", "<u2", ">i2", "<f4", ">f8", "<i8", "<c8"])
def test_all_kinds_of_numbers_are_shown(code: str) -> None:
    found = read(volume((VOXELS // 10).astype(code)))
    assert len(found) == 5
    assert found[0].pixels.std() > 30


def test_values_that_are_no_numbers_do_no_harm() -> None:
    values = VOXELS.astype(np.float32)
    values[::3] = np.nan
    values[1::7] = np.inf
    assert read(volume(values))[0].pixels.std() > 30


def test_colours_are_kept() -> None:
    values = np.zeros((40, 40, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    values["R"], values["B"] = 250, 20
    found = read(volume(values))[0]
    assert found.color_mode == "RGB"
    assert found.pixels[5, 5].tolist() == [250, 0, 20]


def test_a_second_version_of_the_format_is_read() -> None:
    data = nibabel.Nifti2Image(VOXELS, np.eye(4)).to_bytes()
    assert sniff(data[:4096]) == "nifti"
    assert [p.sha256 for p in read(data)] == [p.sha256 for p in read(volume())]


def test_a_compressed_file_is_read_as_a_member(tmp_path: Path) -> None:
    path = tmp_path / "brain.nii.gz"
    path.write_bytes(gzip.compress(volume()))
    found = list(findings(Blob(Provenance(str(path)), path=path), Context(recurse=findings)))
    assert len(found) == 5
    assert found[0].where.member == "brain.nii"
    assert found[0].where.locator == "member brain.nii, axial slice 14"


def test_a_file_on_disk_is_mapped_and_not_read(tmp_path: Path, capfd: Any) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(volume())
    found = list(nifti.read(Blob(WHERE, path=path), Context()))
    assert len(found) == 5
    assert capfd.readouterr().err == ""


def test_no_text_of_the_header_is_told() -> None:
    for data in (volume(), volume()[:400]):
        told = str(list(findings(Blob(WHERE, data=data), Context(recurse=findings))))
        assert SECRET not in told
        assert "Doe" not in told


def test_slices_that_are_there_are_shown_where_the_last_ones_are_missing() -> None:
    each = VOXELS[..., 0].nbytes
    found = read(volume()[: -each - 1])
    assert {picture.note for picture in found} == {"truncated"}
    whole = VOXELS[..., : VOXELS.shape[2] - 2]
    assert [p.sha256 for p in found] == [p.sha256 for p in read(volume(whole))]


def test_less_than_a_slice_is_damage() -> None:
    with pytest.raises(DecodeError, match="truncated"):
        read(volume()[: 352 + VOXELS[..., 0].nbytes - 1])


def test_voxels_do_not_begin_within_the_header() -> None:
    data = bytearray(volume())
    data[108:112] = struct.pack("<f", 0)
    assert [p.sha256 for p in read(bytes(data))] == [p.sha256 for p in read(volume())]


def test_a_size_that_would_fill_the_memory_is_refused_before_any_is_taken() -> None:
    data = bytearray(volume())
    struct.pack_into("<8h", data, 40, 3, 32767, 32767, 32767, 1, 1, 1, 1)
    with pytest.raises(DecodeError, match="truncated"):
        read(bytes(data))


def test_too_many_pixels_in_a_slice_are_a_limit() -> None:
    with pytest.raises(LimitError):
        read(volume(), limits=Limits(pixels=1000))


def test_a_useless_affine_is_no_reason_to_fail() -> None:
    data = bytearray(volume())
    struct.pack_into("<hh", data, 252, 0, 2)  # qform_code, sform_code
    data[280:328] = struct.pack("<12f", *[float("nan")] * 12)
    assert [p.sha256 for p in read(bytes(data))] == [p.sha256 for p in read(volume())]


class TestPairs:
    """Voxels in a file beside the header."""

    KINDS = ("Nifti1Pair", "Nifti2Pair", "AnalyzeImage")

    @staticmethod
    def written(folder: Path, kind: str) -> Path:
        affine = np.diag([-1.0 if kind == "AnalyzeImage" else 1.0, 1, 1, 1])
        image = getattr(nibabel, kind)(VOXELS, affine)
        if kind == "AnalyzeImage":
            image.header["regular"] = b"r"
        image.to_filename(folder / "scan.hdr")
        return folder / "scan.hdr"

    @staticmethod
    def found(path: Path) -> list[Picture]:
        found = list(findings(Blob(WHERE, path=path), Context(recurse=findings)))
        assert all(isinstance(each, Picture) for each in found), found
        return [each for each in found if isinstance(each, Picture)]

    @pytest.mark.parametrize("kind", KINDS)
    def test_slices_are_those_of_one_file(self, tmp_path: Path, kind: str) -> None:
        found = self.found(self.written(tmp_path, kind))
        assert locators(found) == locators(read(volume()))
        if kind != "AnalyzeImage":
            assert [p.sha256 for p in found] == [p.sha256 for p in read(volume())]

    def test_compressed_voxels(self, tmp_path: Path) -> None:
        path = self.written(tmp_path, "Nifti1Pair")
        voxels = path.with_suffix(".img")
        (tmp_path / "scan.img.gz").write_bytes(gzip.compress(voxels.read_bytes()))
        voxels.unlink()
        assert len(self.found(path)) == 5
        limits = Limits(file_bytes=1000)
        with pytest.raises(LimitError):
            list(nifti.read(Blob(WHERE, path=path), Context(limits=limits)))

    def test_voxels_that_are_not_there_are_a_failure(self, tmp_path: Path) -> None:
        path = self.written(tmp_path, "Nifti1Pair")
        path.with_suffix(".img").unlink()
        (problem,) = findings(Blob(WHERE, path=path), Context(recurse=findings))
        assert isinstance(problem, Problem)
        assert problem.status == "failed"
        assert ".img" in problem.error

    def test_voxels_that_end_early_are_a_failure(self, tmp_path: Path) -> None:
        path = self.written(tmp_path, "Nifti1Pair")
        voxels = path.with_suffix(".img")
        voxels.write_bytes(voxels.read_bytes()[:1000])
        with pytest.raises(DecodeError, match="truncated"):
            list(nifti.read(Blob(WHERE, path=path), Context()))

    def test_one_half_alone_in_a_container_is_not_read(self) -> None:
        data = bytearray(volume())
        data[344:348] = b"ni1\0"
        with pytest.raises(UnsupportedError, match="another file"):
            read(bytes(data))


def test_without_the_library_the_record_names_the_command(monkeypatch: Any) -> None:
    monkeypatch.setattr("medsift.sources.nifti.find_spec", lambda _name: None)
    (found,) = findings(Blob(WHERE, data=volume()), Context(recurse=findings))
    assert isinstance(found, Problem)
    assert found.status == "skipped"
    assert "pip install 'medsift[nifti]'" in found.error


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), max_size=12))
def test_a_damaged_header_gives_pictures_or_an_input_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(volume(VOXELS[:, :40, :34]))
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(InputError):
        read(bytes(data))
