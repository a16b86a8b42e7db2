"""The program of a process that makes or reads one Parquet file, see :mod:`medsift.core.arrow`.

It runs alone, without the rest of medsift. The file is its standard input or output, and rows are
JSON Lines::

    FOLDER write COLUMNS FACTS ROWS   rows to a file, in groups of so many; ends with the system's
                                      number of what kept it from writing, or with 1
    FOLDER read NAMES                 a file to the types of its columns, and its rows; of some
                                      columns only, where names are given
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any, BinaryIO

_BATCH_ROWS = 4096
_MEMORY_BYTES = 4 << 30
_CREATED_BY = "medsift"


class _Output:
    """Standard output, with a note of what the system refused."""

    def __init__(self) -> None:
        self._stream = open(1, "wb", buffering=0, closefd=False)  # noqa: SIM115  until the end
        self.fault = 0

    def write(self, data: bytes) -> int:
        """Write all of it."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._stream.write(rest) or 0 :]
        except OSError as error:
            self.fault = error.errno or 0
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def seek(self, place: int, whence: int = 0) -> int:
        """Move on; the library wants to know that it could."""
        return self._stream.seek(place, whence)


def main() -> None:
    """Write or read."""
    folder, command, *words = sys.argv[1:]
    sys.path.append(folder)
    import arro3.core
    import arro3.io

    _bound_memory()
    if command == "write":
        _write(arro3.core, arro3.io, *words)
    else:
        _read(arro3.core, arro3.io, json.loads(words[0]))


def _write(core: Any, io: Any, columns: str, facts: str, group_rows: str) -> None:
    types = _types(core)
    # Text that is not known is empty, everything else is missing.
    fields = [
        core.Field(name, types[kind], nullable=kind != "str")
        for name, kind in json.loads(columns).items()
    ]
    output = _Output()
    try:
        with open(0, "rb", closefd=False) as lines:
            rows = io.read_json(lines, core.Schema(fields), batch_size=_BATCH_ROWS)
            io.write_parquet(
                rows,
                output,
                # The one codec that every reader knows.
                compression="gzip(6)",
                max_row_group_size=int(group_rows),
                created_by=_CREATED_BY,
                key_value_metadata=json.loads(facts) or None,
                skip_arrow_metadata=True,
            )
    except BaseException:  # noqa: BLE001  a panic is no Exception
        sys.exit(output.fault or 1)


def _read(core: Any, io: Any, names: list[str]) -> None:
    kinds = {str(each): kind for kind, each in _types(core).items()}
    output: BinaryIO = sys.stdout.buffer
    with open(0, "rb", closefd=False) as file:
        rows = io.read_parquet(file, batch_size=_BATCH_ROWS)
        known = {each.name: kinds.get(str(each.type), str(each.type)) for each in rows.schema}
        if names:
            there = [name for name in names if known.get(name) == "str"]
            fields = [rows.schema.field(name) for name in there]
            chosen = (batch.select(there) for batch in rows)
            rows = core.RecordBatchReader.from_batches(core.Schema(fields), chosen)
        output.write(json.dumps(known).encode() + b"\n")
        io.write_ndjson(rows, output, explicit_nulls=True)
    output.flush()


def _types(core: Any) -> dict[str, Any]:
    types, field = core.DataType, core.Field
    return {
        "str": types.utf8(),
        "int": types.int64(),
        "float": types.float64(),
        "bbox": types.list(field("element", types.float64(), nullable=False)),
        "box": types.list(field("element", types.int64(), nullable=False)),
    }


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:
        return  # Windows
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # macOS does not bound the address space
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    main()
