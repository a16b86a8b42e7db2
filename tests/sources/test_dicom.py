"""DICOM files become pictures, without any of their tags."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from medsift.core.limits import Limits
from medsift.core.picture import Finding, Picture, Problem
from medsift.sources.base import Blob, Budget, Context, SourceOptions
from medsift.sources.dicom.pixels import FrameReader
from tests.sources.dicom_samples import dataset, only, ramp, read, sample, written


def test_a_file_gives_its_picture_and_no_tag() -> None:
    values = ramp()
    picture = only(dataset(values))
    assert (picture.width, picture.height) == (64, 48)
    assert (picture.format, picture.color_mode) == ("dicom", "MONOCHROME2")
    assert (picture.where.source_type, picture.where.extraction) == ("dicom", "decoded")
    assert (picture.where.frame, picture.where.locator) == (None, "")
    assert picture.declared_modality == "CT"
    assert picture.sha256 == hashlib.sha256(values.tobytes()).hexdigest()
    assert picture.data is None
    assert picture.pixels.shape == (48, 64, 3)
    assert picture.pixels.dtype == np.uint8
    assert "Secret" not in repr(picture)


@pytest.mark.parametrize("value", ["SECRET JOHN", "", "SECRET"])
def test_only_codes_of_the_standard_are_passed_on(value: str) -> None:
    made = dataset(ramp(), Modality=value)
    made.PhotometricInterpretation = "MONOCHROME2"
    assert only(made).declared_modality == ""


class TestGrey:
    """Stored values are shown as a viewer would show them."""

    def test_without_a_window_values_are_scaled(self) -> None:
        line = only(dataset(ramp(top=900, low=100))).pixels[0, :, 0].astype(int)
        assert (line[0], line[-1]) == (0, 255)
        assert (np.diff(line) >= 0).all()

    def test_the_window_decides_what_is_seen(self) -> None:
        made = dataset(ramp("int16", 1000, -1000), WindowCenter=40, WindowWidth=400)
        line = only(made).pixels[0, :, 0]
        values = ramp("int16", 1000, -1000)[0]
        assert set(line[values < -160]) == {0}
        assert set(line[values > 240]) == {255}
        middle = line[np.argmin(np.abs(values - 40))]
        assert abs(int(middle) - 128) <= 12

    @pytest.mark.parametrize("slope", [2.0, -2.0, 0.5])
    def test_the_window_is_in_rescaled_units(self, slope: float) -> None:
        values = ramp(top=2000)
        rescaled = values[0] * slope - 100
        center = float(np.median(rescaled))
        made = dataset(
            values, RescaleSlope=slope, RescaleIntercept=-100, WindowCenter=center, WindowWidth=200
        )
        line = only(made).pixels[0, :, 0].astype(int)
        assert set(line[rescaled < center - 110]) == {0}
        assert set(line[rescaled > center + 110]) == {255}

    def test_a_negative_slope_inverts_also_without_a_window(self) -> None:
        line = only(dataset(ramp(), RescaleSlope=-1, RescaleIntercept=0)).pixels[0, :, 0]
        assert (line[0], line[-1]) == (255, 0)

    def test_the_first_of_several_windows_is_taken(self) -> None:
        made = dataset(ramp(), WindowCenter=[100, 3000], WindowWidth=[50, 50])
        assert only(made).pixels[0, 40, 0] == 255

    @pytest.mark.parametrize(
        ("center", "width"), [(100_000, 10), (-100_000, 10), (100, 0), (100, -5)]
    )
    def test_a_window_that_shows_nothing_is_ignored(self, center: int, width: int) -> None:
        line = only(dataset(ramp(), WindowCenter=center, WindowWidth=width)).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_a_sigmoid_window_is_smooth(self) -> None:
        made = dataset(ramp(top=1000), WindowCenter=500, WindowWidth=500, VOILUTFunction="SIGMOID")
        line = only(made).pixels[0, :, 0].astype(int)
        assert 0 < line[0] < 10
        assert 245 < line[-1] < 255
        assert abs(line[32] - 128) < 12

    def test_monochrome1_is_inverted(self) -> None:
        plain = only(dataset(ramp())).pixels
        made = dataset(ramp(), PhotometricInterpretation="MONOCHROME1")
        assert (only(made).pixels == 255 - plain).all()
        assert only(made).color_mode == "MONOCHROME1"

    def test_padding_does_not_count(self) -> None:
        values = ramp("int16", 100)
        values[:24] = -2000
        made = dataset(values, PixelPaddingValue=-2000)
        line = only(made).pixels[40, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_a_table_of_values_of_interest(self) -> None:
        table = Dataset()
        table.LUTDescriptor = [4, 0, 16]
        table.LUTData = [0, 65535, 0, 65535]
        table["LUTDescriptor"].VR = "US"
        table["LUTData"].VR = "US"
        values = np.tile(np.arange(4, dtype=np.uint16), (4, 1))
        line = only(dataset(values, VOILUTSequence=[table])).pixels[0, :, 0]
        assert line.tolist() == [0, 255, 0, 255]

    def test_a_table_of_the_modality(self) -> None:
        table = Dataset()
        table.LUTDescriptor = [4, 0, 16]
        table.LUTData = [3000, 2000, 1000, 0]
        table.ModalityLUTType = "US"
        table["LUTDescriptor"].VR = "US"
        table["LUTData"].VR = "US"
        values = np.tile(np.arange(4, dtype=np.uint16), (4, 1))
        line = only(dataset(values, ModalityLUTSequence=[table])).pixels[0, :, 0]
        assert line.tolist() == [255, 170, 85, 0]

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32"])
    def test_every_depth(self, dtype: str) -> None:
        top = min(int(np.iinfo(dtype).max), 100_000)
        line = only(dataset(ramp(dtype, top))).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_floating_point_pixels(self) -> None:
        made = dataset(ramp("float32", 1))
        made.FloatPixelData = made.PixelData
        del made.PixelData
        made.BitsAllocated = 32
        line = only(made).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_one_bit(self) -> None:
        assert set(np.unique(only(sample("liver_1frame.dcm")).pixels)) == {0, 255}


@pytest.mark.parametrize(
    ("colour", "missing"),
    [
        (False, ["SamplesPerPixel"]),
        (False, ["SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation"]),
        (False, ["BitsStored", "HighBit"]),
        (True, ["PhotometricInterpretation", "PlanarConfiguration"]),
    ],
)
def test_what_old_files_leave_out_is_filled_in(colour: bool, missing: list[str]) -> None:
    values = ramp("uint8", 255)
    made = dataset(np.stack([values, values[::-1], 255 - values], -1) if colour else values)
    whole = only(made)
    for keyword in missing:
        delattr(made, keyword)
    found = only(made)
    assert (found.pixels == whole.pixels).all()
    assert found.color_mode == whole.color_mode == ("RGB" if colour else "MONOCHROME2")


def test_large_pictures_are_shrunk_to_what_is_enough() -> None:
    made = dataset(np.tile(np.linspace(0, 4095, 600), (450, 1)).astype(np.uint16))
    (picture,) = read(written(made), target=50)
    assert isinstance(picture, Picture)
    assert picture.pixels.shape == (113, 150, 3)
    assert (picture.width, picture.height) == (600, 450)


class TestColour:
    """Colours are read as the header says."""

    @staticmethod
    def stripes(dtype: str = "uint8") -> np.ndarray[Any, Any]:
        values = np.zeros((6, 8, 3), dtype=dtype)
        values[:, :4, 0] = np.iinfo(dtype).max
        values[:, 4:, 2] = np.iinfo(dtype).max
        return values

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_rgb(self, dtype: str) -> None:
        picture = only(dataset(self.stripes(dtype)))
        assert (picture.pixels == self.stripes()).all()
        assert picture.color_mode == "RGB"

    def test_planes(self) -> None:
        made = dataset(self.stripes(), PlanarConfiguration=1)
        made.PixelData = self.stripes().transpose(2, 0, 1).tobytes()
        assert (only(made).pixels == self.stripes()).all()

    def test_ybr(self) -> None:
        made = dataset(self.stripes(), PhotometricInterpretation="YBR_FULL")
        made.PixelData = pydicom.pixels.convert_color_space(
            self.stripes(), "RGB", "YBR_FULL"
        ).tobytes()
        assert np.abs(only(made).pixels.astype(int) - self.stripes()).max() <= 3

    @pytest.mark.parametrize("bits", [8, 16])
    def test_palette(self, bits: int) -> None:
        made = dataset(
            np.array([[0, 1], [1, 0]], dtype=np.uint8), PhotometricInterpretation="PALETTE COLOR"
        )
        top = 2**bits - 1
        for name, entries in (("Red", (top, 0)), ("Green", (0, 0)), ("Blue", (0, top))):
            setattr(made, f"{name}PaletteColorLookupTableDescriptor", [2, 0, bits])
            made[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
            table = np.array(entries, dtype=f"u{bits // 8}").tobytes()
            setattr(made, f"{name}PaletteColorLookupTableData", table)
        assert only(made).pixels.tolist() == [
            [[255, 0, 0], [0, 0, 255]],
            [[0, 0, 255], [255, 0, 0]],
        ]


class TestFrames:
    """Frames are decoded one at a time, and thinned."""

    @staticmethod
    def movie(count: int) -> Dataset:
        values = np.stack([ramp("uint8", 200) + i for i in range(count)])
        return dataset(values, NumberOfFrames=count)

    def test_each_frame_is_a_picture(self) -> None:
        found = read(written(self.movie(3)))
        assert [f.where.frame for f in found] == [0, 1, 2]
        assert [f.where.locator for f in found] == ["frame 0", "frame 1", "frame 2"]
        assert len({f.sha256 for f in found if isinstance(f, Picture)}) == 3

    def test_long_ones_are_thinned_evenly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        decoded: list[int] = []
        reader = FrameReader
        whole = reader.pixels

        def counted(self: Any, frame: int, target: int) -> Any:
            decoded.append(frame)
            return whole(self, frame, target)

        monkeypatch.setattr(reader, "pixels", counted)
        found = read(written(self.movie(41)), limits=Limits(frames=5))
        assert decoded == [f.where.frame for f in found] == [0, 10, 20, 30, 40]
        assert {f.note for f in found if isinstance(f, Picture)} == {"frames_thinned"}

    def test_all_frames_on_demand(self) -> None:
        options = SourceOptions(all_frames=True)
        assert len(read(written(self.movie(40)), options=options)) == 40

    def test_windows_of_enhanced_objects_are_per_frame(self) -> None:
        made = dataset(np.stack([ramp(), ramp()]), NumberOfFrames=2)
        groups = []
        for center in (100, 4000):
            window = Dataset()
            window.WindowCenter, window.WindowWidth = center, 20
            group = Dataset()
            group.FrameVOILUTSequence = [window]
            groups.append(group)
        made.PerFrameFunctionalGroupsSequence = groups
        first, second = (f for f in read(written(made)) if isinstance(f, Picture))
        assert first.pixels[0, 32, 0] == 255
        assert second.pixels[0, 32, 0] == 0

    def test_a_damaged_frame_leaves_the_others(self) -> None:
        made = pydicom.dcmread(io.BytesIO(sample("examples_ybr_color.dcm")))
        items = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=30))
        made.PixelData = encapsulate([items[0], b"\xff\xd8 no jpeg", items[2]])
        made.NumberOfFrames = 3
        found = read(written(made))
        assert [type(f) for f in found] == [Picture, Problem, Picture]
        assert found[1].where.locator == "frame 1"

    def test_a_header_that_announces_millions_of_frames_is_not_believed(self) -> None:
        made = dataset(ramp("uint8", 200))
        made.NumberOfFrames = 2**31 - 1
        (found,) = read(written(made))
        assert isinstance(found, Picture)


@pytest.mark.parametrize(
    "name", ["test-SR.dcm", "rtplan.dcm", "rtstruct.dcm", "waveform_ecg.dcm", "DICOMDIR"]
)
def test_a_file_without_pixels_is_skipped(name: str) -> None:
    (found,) = read(sample(name))
    assert isinstance(found, Problem)
    assert (found.status, found.reason, found.error) == ("skipped", "no_image", "")


def test_an_encapsulated_pdf_is_read_as_one() -> None:
    made = dataset(ramp())
    del made.PixelData
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = b"%PDF-1.4\n1 0 obj\n"
    seen: list[tuple[Blob, int]] = []

    def recurse(blob: Blob, context: Context) -> Iterator[Finding]:
        seen.append((blob, context.depth))
        yield Problem(blob.where, "skipped", "no_image")

    budget = Budget()
    read(written(made), recurse=recurse, budget=budget)
    ((inner, depth),) = seen
    assert inner.where.member == "encapsulated.pdf"
    assert inner.data is not None
    assert inner.data.startswith(b"%PDF-1.4\n1 0 obj\n")
    assert depth == 1
    assert budget.members == 1
