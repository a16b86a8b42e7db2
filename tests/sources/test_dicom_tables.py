"""Lookup tables of DICOM files: palettes and what is put on grey values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from medsift.core.errors import DecodeError
from tests.sources.dicom_samples import dataset, only, ramp, read, written


class TestTables:
    """Tables are used by what they hold, not by what they say."""

    @staticmethod
    def table(entries: list[int] | bytes, declared: int, bits: int, first: int = 0) -> Dataset:
        made = Dataset()
        made.LUTDescriptor = [declared, first, bits]
        made["LUTDescriptor"].VR = "SS" if first < 0 else "US"
        made.LUTData = entries
        made["LUTData"].VR = "OW" if isinstance(entries, bytes) else "US"
        made.ModalityLUTType = "US"
        return made

    @pytest.mark.parametrize("bits", [8, 12, 16])
    @pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_the_largest_entry_is_white(self, bits: int, sequence: str) -> None:
        table = self.table(list(range(4096)), 4096, bits)
        line = only(dataset(ramp(), **{sequence: [table]})).pixels[0, :, 0].astype(int)
        assert (line[0], line[-1]) == (0, 255)
        assert abs(line[32] - 128) < 6

    def test_bits_that_the_entries_need_are_believed(self) -> None:
        table = self.table(list(range(2100)), 2100, 12)
        line = only(dataset(ramp(top=2099), VOILUTSequence=[table])).pixels[0, :, 0]
        assert line[-1] == round(2099 / 4095 * 255)

    @pytest.mark.parametrize(
        "table", [([], 0, 16), ([7] * 50, 50, 8), (b"", 4096, 16)], ids=["empty", "flat", "bytes"]
    )
    @pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
    def test_a_table_of_no_use_is_ignored(self, table: tuple[Any, ...], sequence: str) -> None:
        line = only(dataset(ramp(), **{sequence: [self.table(*table)]})).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)

    def test_entries_of_eight_bits(self) -> None:
        table = self.table(bytes(range(255, -1, -1)), 256, 8)
        line = only(dataset(ramp("uint8", 255), VOILUTSequence=[table])).pixels[0, :, 0]
        assert (line[0], line[-1]) == (255, 0)

    def test_values_before_the_first_entry(self) -> None:
        table = self.table([0, 100, 200, 255], 4, 8, first=-2)
        values = np.tile(np.array([-5, -2, -1, 0, 1, 9], dtype=np.int16), (6, 1))
        line = only(dataset(values, VOILUTSequence=[table])).pixels[0, :, 0]
        assert line.tolist() == [0, 0, 100, 200, 255, 255]

    def test_the_first_of_a_table_may_be_large(self) -> None:
        table = self.table([0, 100, 255], 3, 8, first=40_000)
        values = np.tile(np.array([5, 39_999, 40_000, 40_001, 60_000], dtype=np.uint16), (5, 1))
        line = only(dataset(values, VOILUTSequence=[table])).pixels[0, :, 0]
        assert line.tolist() == [0, 0, 0, 100, 255]

    def test_a_window_that_leaves_a_few_dark_levels_shows_nothing(self) -> None:
        line = only(dataset(ramp(), WindowCenter=32768, WindowWidth=65536)).pixels[0, :, 0]
        assert (line[0], line[-1]) == (0, 255)


def test_five_samples_a_pixel_are_no_picture() -> None:
    made = dataset(np.zeros((8, 8, 5), dtype=np.uint8), SamplesPerPixel=5)
    with pytest.raises(DecodeError, match="more than four samples a pixel"):
        read(written(made))


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(("bits", "scale"), [(8, 1), (16, 257), (16, 1)])
def test_palettes_of_either_depth_have_their_colours(bits: int, scale: int, alpha: bool) -> None:
    levels = np.arange(256, dtype=np.uint16)
    colours = np.stack([levels, 255 - levels, levels * 7 % 256], axis=1)
    tables = {"Red": colours[:, 0], "Green": colours[:, 1], "Blue": colours[:, 2]}
    tables |= {"Alpha": levels} if alpha else {}
    indices = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    made = dataset(indices, PhotometricInterpretation="PALETTE COLOR")
    for name, values in tables.items():
        entries = (values * scale).astype("<u2" if bits == 16 else "u1")
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
        setattr(made, f"{name}PaletteColorLookupTableData", entries.tobytes())
    assert np.array_equal(only(made).pixels, colours[indices])
