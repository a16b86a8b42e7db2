"""Which inputs an interrupted scan had finished, and how far its files were good by then.

The journal lies beside the outputs for as long as a scan is not finished. Its first line says
which files it is about; after that comes a line for each input whose records are all written::

    {"medsift_journal": 1, "outputs": ["a.csv", "b.parquet.rows"], "fields": ["source", ...],
     "settings": {"model": "default 0.2.0", "threshold": null, ...}}
    {"done": "scans/1.png", "bytes": [512, 498]}
    {"done": "scans/2.png", "bytes": [733, 701]}

One line covers all files of the scan, so they cannot disagree about what is finished, and it
is written after the rows have left the process, so a kill at any moment leaves either both or
no line. On resuming, whatever lies behind the last good line is cut off: the rows of an input
that was not finished, and the torn half of a row. A line whose bytes are not there (the
machine, not the process, went down) ends what counts as good.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from medsift.core.errors import OutputError
from medsift.core.filelock import try_lock
from medsift.core.record import FIELDS

_VERSION = 1
_SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a scan can go on.

    Attributes
    ----------
    keys : frozenset of str
        Inputs that are finished.
    sizes : tuple of int
        Bytes of each file that are good, in the order of the files.
    """

    keys: frozenset[str] = field(default=frozenset(), repr=False)
    sizes: tuple[int, ...] = ()


class Journal:
    """The open journal of a running scan; made by :meth:`begin` or :meth:`resume`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Unbuffered: each line is with the system when `complete` returns.
        self._stream = path.open("ab", buffering=0)
        _lock(self._stream, path)

    @classmethod
    def begin(
        cls,
        path: Path,
        files: Sequence[Path],
        entries: Iterable[tuple[str, Sequence[int]]] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> Journal:
        """Start a journal, in place of any other; it appears whole or not at all.

        Parameters
        ----------
        path : Path
        files : sequence of Path
            The files that rows are appended to.
        entries : iterable of (key, sizes)
            Inputs that are finished already.
        settings : mapping, optional
            What the records depend on, besides the inputs; JSON values.
        """
        _refuse_if_locked(path)
        draft = _draft(path)
        with draft.open("wb") as stream:
            stream.write(_line(_header(path, files, settings)))
            stream.writelines(_entry(key, sizes) for key, sizes in entries)
        draft.replace(path)
        return cls(path)

    @classmethod
    def resume(
        cls, path: Path, files: Sequence[Path], settings: Mapping[str, Any] | None = None
    ) -> tuple[Journal, Checkpoint]:
        """Open the journal of an interrupted scan and cut off what is not good.

        Raises
        ------
        OutputError
            It belongs to other files, to another version of medsift, or to a scan with other
            settings.
        """
        _refuse_if_locked(path)
        _check_header(path, files, settings)
        at_hand = [file.stat().st_size if file.is_file() else 0 for file in files]
        keys: set[str] = set()
        sizes: tuple[int, ...] = (0,) * len(files)
        good = 0
        for row, end in _lines(path):
            if "done" in row:
                entry_sizes = tuple(row["bytes"])
                if any(size > there for size, there in zip(entry_sizes, at_hand, strict=True)):
                    break
                keys.add(row["done"])
                sizes = entry_sizes
            good = end
        os.truncate(path, good)
        return cls(path), Checkpoint(frozenset(keys), sizes)

    def complete(self, key: str, sizes: Sequence[int]) -> None:
        """Note that all rows of an input are in the files, up to ``sizes`` bytes."""
        self._stream.write(_entry(key, sizes))

    def close(self) -> None:
        """Leave the journal where it is, for another run to resume."""
        self._stream.close()

    def remove(self) -> None:
        """Take the journal away: the scan is finished, nothing is left to resume."""
        self._stream.close()
        _draft(self.path).unlink(missing_ok=True)  # of a scan killed while it began
        self.path.unlink(missing_ok=True)


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _lock(stream: IO[bytes], path: Path) -> None:
    """Hold the journal for as long as it is open; no other scan may write these outputs."""
    if try_lock(stream) is False:
        stream.close()
        raise OutputError(f"another scan is writing the outputs of {path}")


def _refuse_if_locked(path: Path) -> None:
    if path.is_file():
        with path.open("ab") as stream:
            _lock(stream, path)


def journal_path(output: Path) -> Path:
    """Where the journal of a scan lies whose first output, in order of name, is ``output``."""
    return output.with_name(output.name + _SUFFIX)


def journals_naming(files: Sequence[Path]) -> Iterator[Path]:
    """Journals of interrupted scans, also of other sets of outputs, that wrote these files."""
    for folder in {file.parent for file in files}:
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            row = _first_row(path) or {}
            named = row.get("outputs") if row.get("medsift_journal") else None
            places = {os.path.realpath(folder / name) for name in named or ()}
            if any(os.path.realpath(file) in places for file in files):
                yield path


def settings_of(path: Path) -> dict[str, Any]:
    """What the journal of an interrupted scan says of its settings."""
    return dict((_first_row(path) or {}).get("settings") or {})


def check_settings(before: Mapping[str, Any], now: Mapping[str, Any] | None) -> None:
    """Refuse to put records of different settings into one output.

    Raises
    ------
    OutputError
        A setting that both know differs.
    """
    for name, value in (now or {}).items():
        if name in before and before[name] != value:
            raise OutputError(
                f"cannot resume: the earlier scan had {name.replace('_', ' ')} "
                f"{_shown(before[name])}, this one has {_shown(value)}; give the same options, or "
                "leave out --resume to start anew"
            )


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _header(
    path: Path, files: Sequence[Path], settings: Mapping[str, Any] | None
) -> dict[str, Any]:
    # Relative, so that a folder can be moved between two runs.
    names = [os.path.relpath(file, path.parent) for file in files]
    return {
        "medsift_journal": _VERSION,
        "outputs": names,
        "fields": list(FIELDS),
        "settings": dict(settings or {}),
    }


def _check_header(path: Path, files: Sequence[Path], settings: Mapping[str, Any] | None) -> None:
    first = _first_row(path)
    if first is None or first.get("medsift_journal") != _VERSION or first["fields"] != list(FIELDS):
        raise OutputError(f"{path} was not written by this version of medsift; cannot resume")
    if first["outputs"] != _header(path, files, settings)["outputs"]:
        raise OutputError(
            f"the interrupted scan wrote {', '.join(first['outputs'])}: "
            "give the same outputs to resume it"
        )
    check_settings(first.get("settings") or {}, settings)


def _first_row(path: Path) -> dict[str, Any] | None:
    return next((row for row, _ in _lines(path)), None)


def _lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Whole lines, each with the offset of its end; stops at a torn one."""
    end = 0
    with path.open("rb") as stream:
        for line in stream:
            end += len(line)
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
            except ValueError:
                return
            if not isinstance(row, dict):
                return
            yield row, end


def _entry(key: str, sizes: Sequence[int]) -> bytes:
    return _line({"done": key, "bytes": list(sizes)})


def _line(row: dict[str, Any]) -> bytes:
    # ASCII only: keys come back exactly, also file names that are not valid text.
    return json.dumps(row, ensure_ascii=True).encode() + b"\n"
