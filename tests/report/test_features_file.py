"""Features of pictures go into a file that appears at the end."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.report.features_file import FeaturesFile, check
from tests.report.samples import picture


def added(path: Path) -> FeaturesFile:
    file = FeaturesFile(path)
    for number in range(3):
        values = np.arange(4, dtype="<f4") + number
        file.add(picture("a.pdf", number), values.tobytes())
    return file


def test_rows_come_in_the_order_of_the_records(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    file = added(path)
    assert list(tmp_path.iterdir()) == []
    file.close()
    assert np.load(path).tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
def test_without_rows_it_is_a_whole_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"features{suffix}"
    FeaturesFile(path).close()
    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", ["features.csv", "features"])
def test_other_formats_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"\.npy or \.parquet"):
        check(Path(name))
    check(Path("FEATURES.NPY"))


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^cannot write .*: No such file or directory$"):
        FeaturesFile(tmp_path / "gone" / "features.npy")


def test_a_file_that_cannot_take_its_place_is_an_output_error(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    file = added(path)
    path.mkdir()
    with pytest.raises(OutputError, match=r"^cannot write .*features\.npy: Is a directory$"):
        file.close()
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_is_an_output_error(tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def write(self, _data: object, /) -> int:
            raise OSError(28, "No space left on device")

    file = FeaturesFile(tmp_path / "features.npy")
    file._rows.close()
    file._rows = Full()
    with pytest.raises(OutputError, match=r"^cannot write .*: No space left on device$"):
        file.add(picture("a.pdf"), bytes(16))
