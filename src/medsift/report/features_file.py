"""Features of pictures as a file beside the records: ``.npy`` or ``.parquet``.

A row for each record that has a verdict, in their order. The array of NumPy is float32, (n, d);
the table has the columns ``source``, ``locator``, ``sha256``, ``kind`` and ``features``. Rows wait
in a nameless file beside it, and the file appears at the end, in one step.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

import numpy as np

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report.drafts import draft_beside

SUFFIXES = (".npy", ".parquet")
_BLOCK = 4096
_COLUMNS = ("source", "locator", "sha256", "kind")


def check(path: Path) -> None:
    """Refuse what cannot be written, before any picture is looked at.

    Raises
    ------
    UsageError
        An unknown suffix.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"features go into .npy or .parquet, not {path}")


class FeaturesFile:
    """Takes features of pictures, one by one.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._named: list[tuple[str, ...]] = []
        self._size = 0
        try:
            # Nothing is left of it after a crash.
            self._rows: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close
                dir=path.parent
            )
        except OSError as error:
            raise self._refused(error) from error

    def add(self, record: Record, features: bytes) -> None:
        """Add a row; ``features`` are the bytes of float32 values.

        Raises
        ------
        OutputError
            There is no room for it.
        """
        self._size = len(features) // 4
        if self._path.suffix.lower() == ".parquet":
            self._named.append(tuple(str(getattr(record, name)) for name in _COLUMNS))
        try:
            self._rows.write(features)
        except OSError as fault:
            raise self._refused(fault) from fault

    def close(self) -> None:
        """Make the file complete; also after an interruption, so that what there is can be read."""
        try:
            with self._rows:
                self._rows.flush()
                self._rows.seek(0)
                draft = draft_beside(self._path)
                try:
                    if self._path.suffix.lower() == ".parquet":
                        self._write_parquet(draft)
                    else:
                        self._write_npy(draft)
                    draft.replace(self._path)
                finally:
                    draft.unlink(missing_ok=True)
        except OSError as fault:
            raise self._refused(fault) from fault

    def _refused(self, fault: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {fault.strerror or fault}")

    def _count(self) -> int:
        return os.fstat(self._rows.fileno()).st_size // (4 * self._size) if self._size else 0

    def _write_npy(self, draft: Path) -> None:
        with draft.open("wb") as target:
            shape = (self._count(), self._size)
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(target, header)
            shutil.copyfileobj(self._rows, target)

    def _write_parquet(self, draft: Path) -> None:
        from arro3.core import Array, DataType, Table, fixed_size_list_array
        from arro3.io import write_parquet

        values = np.frombuffer(self._rows.read(), dtype="<f4")
        columns = list(zip(*self._named, strict=True)) or [()] * len(_COLUMNS)
        table = {
            name: Array(list(column), DataType.string())
            for name, column in zip(_COLUMNS, columns, strict=True)
        }
        inner = Array.from_numpy(values)
        table["features"] = fixed_size_list_array(inner, max(1, self._size))
        write_parquet(Table.from_pydict(table), draft)
