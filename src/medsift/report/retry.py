"""Inputs that failed are taken out of the outputs of an earlier scan, to be done again.

Rows cannot be cut out of the middle of files that are appended to, so each file is written anew
beside the old one, without the rows of those inputs. A kill at any moment must lose nothing: the
new journal, which appears whole, is the point of no return. It names the mark of the new files;
until it is there the old files and the old journal count, and from then on whatever new file has
not taken its place yet is put there by the next run, see :func:`finish`.
"""

from __future__ import annotations

import glob
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medsift.core.errors import OutputError
from medsift.report.journal import Checkpoint, Journal
from medsift.report.values import clean_text
from medsift.report.writers import layout_of, read_kept

SWAP = "swap"
"""Name in the header of a journal for the mark of new files."""


def without_failures(
    journal: Journal,
    checkpoint: Checkpoint,
    outputs: Sequence[Path],
    files: Sequence[Path],
    settings: dict[str, Any],
) -> tuple[Journal, Checkpoint]:
    """Take inputs with a failed record out of the outputs.

    Parameters
    ----------
    journal : Journal
        Is closed, unless there is nothing to take out.
    checkpoint : Checkpoint
    outputs : sequence of Path
    files : sequence of Path
        The files that rows of the outputs are appended to.
    settings : dict
        For the new journal.
    """
    failed = _failed(outputs[0]) if checkpoint.keys else frozenset()
    if not failed:
        return journal, checkpoint
    mark = secrets.token_hex(4)
    _sweep(files)
    sizes = tuple(
        _copy(output, file, failed, mark) for output, file in zip(outputs, files, strict=True)
    )
    kept = frozenset(key for key in checkpoint.keys if clean_text(key) not in failed)
    journal.close()
    path = journal.path
    entries = [(key, sizes) for key in kept]
    Journal.begin(path, files, entries, {**settings, SWAP: mark}).close()
    finish(files, mark)
    # Without the mark, so that it is never looked for again.
    return Journal.begin(path, files, entries, settings), Checkpoint(kept, sizes)


def finish(files: Sequence[Path], mark: str) -> None:
    """Put new files in the place of old ones, as far as that is still to be done."""
    for file in files:
        draft = _draft(file, mark)
        if draft.is_file():
            draft.replace(file)


def _sweep(files: Sequence[Path]) -> None:
    """Remove new files of an earlier try that did not come to its journal."""
    for file in files:
        for draft in file.parent.glob(f"{glob.escape(file.name)}.{'[0-9a-f]' * 8}.tmp"):
            draft.unlink(missing_ok=True)


def _failed(output: Path) -> frozenset[str]:
    return frozenset(row["source"] for row in read_kept(output) if row["status"] == "failed")


def _copy(output: Path, file: Path, failed: frozenset[str], mark: str) -> int:
    layout = layout_of(file)
    draft = _draft(file, mark)
    try:
        with draft.open("wb") as stream:
            stream.write(layout.header)
            for row in read_kept(output):
                if row["source"] not in failed:
                    stream.write(layout.encode(row))
            return stream.tell()
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"cannot write {draft}: {error.strerror or error}") from error


def _draft(file: Path, mark: str) -> Path:
    return file.with_name(f"{file.name}.{mark}.tmp")
