"""Damaged DICOM files end in a clear problem; real ones are read, or refused cleanly."""

from __future__ import annotations

import csv
import logging
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.limits import Limits
from medsift.core.picture import Picture, Problem
from medsift.sources.base import Budget
from tests.sources.dicom_samples import dataset, ramp, read, sample, written
from tests.sources.inside import scan


class TestDamage:
    """Broken files end in an error without a word of what they hold."""

    def test_missing_ends_are_filled(self) -> None:
        content = written(dataset(ramp("uint8", 200)))
        (found,) = read(content[: len(content) - 64 * 20])
        assert isinstance(found, Picture)
        assert found.note == "truncated"
        assert found.pixels[10, -1, 0] == 255

    @pytest.mark.parametrize("kept", [133, 150, 200, 300])
    def test_a_file_that_ends_before_its_pixels_has_no_picture(self, kept: int) -> None:
        try:
            found = read(written(dataset(ramp()))[:kept])
        except DecodeError:
            return
        assert [type(f) for f in found] == [Problem]

    def test_a_file_that_ends_within_its_first_rows_is_an_error(self) -> None:
        content = written(dataset(ramp("uint8", 200)))
        with pytest.raises(DecodeError, match="truncated"):
            read(content[: len(content) - 64 * 46])

    @pytest.mark.parametrize("keyword", [b"\x28\x00\x50\x10DS", b"\x28\x00\x30\x00DS"])
    def test_an_element_of_no_known_representation_costs_no_picture(self, keyword: bytes) -> None:
        made = dataset(ramp(), WindowCenter=100, WindowWidth=50, PixelSpacing=[1, 1])
        content = written(made)
        at = content.index(keyword) + 4
        (found,) = read(content[:at] + b"ZZ" + content[at + 2 :])
        assert isinstance(found, Picture)

    def test_rows_of_no_known_representation_are_damage(self) -> None:
        content = written(dataset(ramp()))
        at = content.index(b"\x28\x00\x10\x00US") + 4
        with pytest.raises(DecodeError):
            read(content[:at] + b"ZZ" + content[at + 2 :])

    def test_pixels_are_bounded_by_the_header(self) -> None:
        made = dataset(ramp(), Rows=60_000, Columns=60_000)
        with pytest.raises(LimitError, match="60000 x 60000"):
            read(written(made))

    def test_bytes_are_bounded(self) -> None:
        with pytest.raises(LimitError):
            read(written(dataset(ramp())), limits=Limits(file_bytes=100))

    def test_inflation_is_bounded(self) -> None:
        content = sample("image_dfl.dcm")
        length = struct.unpack_from("<I", content, 140)[0]
        compress = zlib.compressobj(wbits=-15)
        bomb = compress.compress(bytes(50_000_000)) + compress.flush()
        budget = Budget()
        with pytest.raises(LimitError, match="inflates"):
            read(
                content[: 144 + length] + bomb, limits=Limits(file_bytes=10_000_000), budget=budget
            )
        assert budget.inflated_bytes < 13_000_000

    def test_no_tag_gets_into_errors_or_logs(self, caplog: pytest.LogCaptureFixture) -> None:
        made = dataset(ramp(), PatientBirthDate="19700101")
        content = written(made).replace(b"DA\x08\x0019700101", b"DS\x08\x00SecretNo")
        # A number of rows that is none, and a name where a number should be.
        at = content.index(b"\x28\x00\x10\x00US")
        content = content[: at + 4] + b"IS\x06\x00Secret" + content[at + 10 :]
        with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as caught:
            read(content)
        assert "Secret" not in caught.value.record_text
        assert "Secret" not in caplog.text
        assert caught.value.__suppress_context__ or caught.value.__cause__ is None

    @pytest.mark.parametrize("name", ["SeriesInstanceUID", "EncapsulatedDocument"])
    def test_nor_from_elements_that_are_looked_at_beside_the_pixels(self, name: str) -> None:
        made = dataset(ramp())
        if name == "EncapsulatedDocument":
            for keyword in ("PixelData", "Rows", "Columns"):
                delattr(made, keyword)
            made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = uid.BasicTextSRStorage
        # Six bytes are no number of doubles, and the parser quotes them.
        made.add_new(name, "LO", "Secret")
        tag = struct.pack("<HH", made[name].tag.group, made[name].tag.element)
        content = written(made).replace(tag + b"LO", tag + b"FD")
        with pytest.raises(InputError) as caught:
            read(content)
        assert "Secret" not in caught.value.record_text
        assert caught.value.__cause__ is None

    def test_want_of_memory_is_no_damage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise MemoryError

        content = written(dataset(ramp()))
        monkeypatch.setattr("pydicom.filereader.data_element_generator", refuse)
        with pytest.raises(LimitError, match="memory"):
            read(content)

    @settings(max_examples=120, deadline=None)
    @given(
        st.sampled_from(["MR_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm"]), st.data()
    )
    def test_flipped_bytes_raise_nothing_but_input_errors(
        self, name: str, data: st.DataObject
    ) -> None:
        content = bytearray(sample(name))
        for _ in range(data.draw(st.integers(1, 5))):
            at = data.draw(st.integers(132, min(len(content) - 1, 2500)))
            content[at] = data.draw(st.integers(0, 255))
        try:
            found = read(bytes(content), limits=Limits(pixels=4_000_000, frames=3))
        except InputError as error:
            assert error.record_text  # noqa: PT017 - either outcome is fine
        else:
            assert found


@pytest.mark.shared
def test_the_shared_files_are_read_or_refused_cleanly(shared: Path) -> None:
    with (shared / "docs" / "dicom_headers.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"].startswith("dicom/")]
    assert len(rows) > 80
    read_count = 0
    for row in rows:
        path = shared / "docs" / row["file"]
        found = scan(path, path.name)
        if any(isinstance(f, Problem) and f.error for f in found):
            # Some are images by their header, and hold no pixels.
            (problem,) = found
            assert isinstance(problem, Problem)
            is_told = "missing" in problem.error or problem.reason == "unsupported"
            assert row["has_pixels"] == "True" or is_told, path.name
            continue
        pictures = [f for f in found if isinstance(f, Picture)]
        if row["has_pixels"] != "True":
            # The list was made with pydicom, which loses the pixels of two of them.
            assert not pictures or "GH1339" in path.name or "GH626" in path.name, path.name
            continue
        read_count += 1
        assert len(pictures) == len(found) == int(row["frames"] or 1), path.name
        first = pictures[0]
        assert (str(first.height), str(first.width)) == (row["rows"], row["cols"])
        assert first.declared_modality == row["modality"]
        assert first.color_mode == row["pi"]
    assert read_count >= 40


def test_an_encapsulated_document_that_is_cut_is_a_failure() -> None:
    made = dataset(ramp())
    del made.PixelData, made.Rows, made.Columns
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = uid.EncapsulatedPDFStorage
    made.EncapsulatedDocument = b"%PDF-1.4" + bytes(5000)
    with pytest.raises(DecodeError, match="ends before"):
        read(written(made)[:-1000])
