"""The program of the process that decodes one Parquet file: from standard input to output.

A damaged file can end the process: Arrow's Rust code panics where it must not. The program runs
alone, without the rest of medsift, and gives up opening files before it sees this one.

It writes the names of the columns of bytes as a line of JSON, then for each value that is there a
:data:`HEADER` and its bytes, and at last a header that starts with :data:`END` or
:data:`TOO_MANY_ROWS`. Its arguments are the folder that holds arro3, and the most rows, seconds
and bytes of memory.
"""

from __future__ import annotations

import contextlib
import json
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

HEADER = struct.Struct("<qiiq")
"""Row from 0, column from 0, number in its list from 1 or 0 for none, length in bytes."""
END = -1
TOO_MANY_ROWS = -2

# One row at a time: values of a dictionary may be long, and each row gets a copy.
_BATCH_ROWS = 1


def main() -> None:
    """Decode."""
    folder, rows, seconds, memory_bytes = sys.argv[1:]
    sys.path.append(folder)
    import arro3.core
    import arro3.io

    _give_up_rights(int(seconds), int(memory_bytes))
    output = sys.stdout.buffer
    with open(0, "rb", closefd=False) as file:
        batches = arro3.io.read_parquet(file, batch_size=_BATCH_ROWS)
        columns = [each.name for each in batches.schema if _holds_bytes(each.type, arro3.core)]
        output.write(json.dumps(columns).encode() + b"\n")
        # What the parent does not read, it does not ask for: it ends this process.
        end = _write_values(batches, columns, int(rows), output) if columns else END
        output.write(HEADER.pack(end, 0, 0, 0))
        output.flush()


def _write_values(batches: Any, columns: list[str], most: int, output: BinaryIO) -> int:
    number = 0
    for batch in batches:
        values = [batch.column(name).to_pylist() for name in columns]
        for row in zip(*values, strict=True):
            # Empty rows take next to no room in a file, so there may be billions.
            if number >= most:
                return TOO_MANY_ROWS
            for column, value in enumerate(row):
                for order, content in _contents(value):
                    output.write(HEADER.pack(number, column, order, len(content)))
                    output.write(content)
            number += 1
    return END


def _contents(value: Any) -> Iterator[tuple[int, bytes]]:
    in_list = isinstance(value, list)
    for order, each in enumerate(value if in_list else [value], 1):
        content = each.get("bytes") if isinstance(each, dict) else each
        if isinstance(content, bytes) and content:
            yield order if in_list else 0, content


def _holds_bytes(kind: Any, arrow: Any) -> bool:
    types = arrow.DataType
    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
    if types.is_struct(kind):
        return any(each.name == "bytes" and _is_binary(each.type, types) for each in kind.fields)
    return _is_binary(kind, types)


def _is_binary(kind: Any, types: Any) -> bool:
    checks = (types.is_binary, types.is_large_binary, types.is_binary_view)
    return any(is_such(kind) for is_such in checks)


def _give_up_rights(seconds: int, memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows
    # No file and no connection can be opened any more; what is open stays.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # an inherited bound may be lower
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with contextlib.suppress(OSError, ValueError):  # macOS does not bound the address space
        if memory_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


if __name__ == "__main__":
    main()
