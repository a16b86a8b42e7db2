"""Outputs of many parts: a folder of Parquet shards, and a marker that they are all there.

::

    OUTPUT/_medsift.json                  what the records depend on; written first
    OUTPUT/part-00000012-5c0ffee5.parquet one shard for each block of inputs
    OUTPUT/_SUCCESS                       counts over all shards; written last

A shard appears whole or not at all, so resuming means making those that are missing. Each holds
the counts of its records in its directory, so that counting does not read the records again. The
folder may be in an object store, by an address that fsspec knows.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report import jsonl, parquet
from medsift.report.journal import check_settings
from medsift.report.summary import LABELS, ScanSummary
from medsift.report.values import row_of

SUCCESS = "_SUCCESS"
PLAN = "_medsift.json"
_COUNTS = "medsift"
_FORMAT = 1


@dataclass(slots=True)
class ShardTotals:
    """What shards hold, added up."""

    inputs: int = 0
    records: int = 0
    pictures: int = 0
    skipped: int = 0
    failed: int = 0
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, row: dict[str, Any]) -> None:
        """Add the counts of another shard, as :meth:`to_dict` gives them."""
        for name in ("inputs", "records", "pictures", "skipped", "failed"):
            setattr(self, name, getattr(self, name) + int(row[name]))
        self.labels.update(row["labels"])

    def sentence(self, seconds: float) -> str:
        """All counts in one line."""
        labels = ", ".join(f"{self.labels[label]:,} {label}" for label in LABELS)
        return (
            f"{self.inputs:,} inputs, {self.pictures:,} pictures: {labels}; "
            f"{self.skipped:,} skipped, {self.failed:,} failed; {seconds:.1f} s"
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "inputs": self.inputs,
            "records": self.records,
            "pictures": self.pictures,
            "skipped": self.skipped,
            "failed": self.failed,
            "labels": dict(self.labels),
        }


class ShardFolder:
    """A folder of shards.

    Parameters
    ----------
    name : str
        A local folder, or an address that fsspec knows.
    """

    def __init__(self, name: str) -> None:
        import fsspec

        self.name = name
        self._system, self._path = fsspec.core.url_to_fs(name.rstrip("/"))

    def begin(self, settings: dict[str, Any], resume: bool) -> None:
        """Make the folder and note what the records depend on; or check that it is the same.

        Raises
        ------
        UsageError
            There are shards of another scan already, which are not overwritten, or resuming needs
            other settings.
        OutputError
            The folder cannot be written.
        """
        with self._writing(self.name):
            self._system.makedirs(self._path, exist_ok=True)
            plan = self._read(PLAN)
            if plan is None:
                if self.shards():
                    raise UsageError(f"{self.name} holds other files than those of a scan")
                row = {"format": _FORMAT, "settings": settings}
                self._system.pipe_file(self._at(PLAN), json.dumps(row, indent=2).encode())
                return
        if not resume:
            raise UsageError(
                f"{self.name} holds the shards of an earlier scan: --resume goes on with them; "
                "remove them to start anew"
            )
        if plan.get("format") != _FORMAT:
            raise OutputError(f"{self.name} was not written by this version of medsift")
        check_settings(plan["settings"], settings)

    def shards(self) -> frozenset[str]:
        """Names of the shards that are there."""
        self._system.invalidate_cache()
        try:
            found = self._system.ls(self._path, detail=False)
        except FileNotFoundError:
            return frozenset()  # object stores know no empty folders
        names = (str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)
        return frozenset(n for n in names if n.startswith("part-") and n.endswith(".parquet"))

    def counts(self, shard: str) -> dict[str, Any]:
        """What a shard says of its records.

        Raises
        ------
        OutputError
            It is damaged, or none of medsift.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self._system.open(self._at(shard), "rb") as stream:
                metadata = pq.read_metadata(stream).metadata or {}
            row: dict[str, Any] = json.loads(metadata[_COUNTS.encode()])
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise OutputError(f"{self._at(shard)} is no whole shard: remove it") from error
        return row

    def write(
        self, shard: str, records: Iterable[Record], inputs: Callable[[], int]
    ) -> dict[str, Any]:
        """Write a shard; it appears whole or not at all. Returns its counts.

        Parameters
        ----------
        shard : str
        records : iterable of Record
        inputs : callable
            Tells how many inputs the records came of, after the last of them.
        """
        with tempfile.TemporaryDirectory(prefix="medsift-shard-") as folder:
            rows, made = Path(folder) / "rows", Path(folder) / shard
            summary, number = ScanSummary(), 0
            with rows.open("wb") as stream:
                for record in records:
                    summary.add(record)
                    number += 1
                    stream.write(jsonl.encode(row_of(record)))
            counts = ShardTotals(
                inputs(), number, summary.pictures, summary.skipped, summary.failed, summary.labels
            ).to_dict()
            parquet.write(rows, made, {_COUNTS: json.dumps(counts)})
            self._publish(made)
        return counts

    def finish(self, counts: ShardTotals, expected: Iterable[str]) -> None:
        """Put up the marker, once all shards are there.

        Raises
        ------
        OutputError
            A shard is missing, or there are more: the inputs have changed since.
        """
        wanted, there = frozenset(expected), self.shards()
        if wanted - there:
            raise OutputError(f"{len(wanted - there)} shards are missing in {self.name}")
        if there - wanted:
            raise OutputError(
                f"{len(there - wanted)} shards in {self.name} are of other inputs than these, "
                f"such as {min(there - wanted)}: remove them, or scan into another folder"
            )
        row = {"shards": len(there), **counts.to_dict()}
        with self._writing(self.name):
            self._system.pipe_file(self._at(SUCCESS), json.dumps(row, indent=2).encode())

    def remove(self, shard: str) -> None:
        """Remove a shard, to be made again."""
        with self._writing(shard):
            self._system.rm_file(self._at(shard))

    def reopen(self) -> None:
        """Take the marker down, while shards are being made."""
        with self._writing(self.name):
            if self._system.exists(self._at(SUCCESS)):
                self._system.rm_file(self._at(SUCCESS))

    def _publish(self, made: Path) -> None:
        target = self._at(made.name)
        with self._writing(target):
            if "file" not in _protocols(self._system):
                # Object stores show an object when all of it is there.
                self._system.put_file(str(made), target)
                return
            draft = Path(self._path) / f".{made.parent.name}.{made.name}.tmp"
            try:
                shutil.copyfile(made, draft)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            row: dict[str, Any] = json.loads(self._system.cat_file(self._at(name)))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise OutputError(f"{self._at(name)} is damaged") from error
        return row

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}"

    @contextmanager
    def _writing(self, target: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error


def _protocols(system: Any) -> tuple[str, ...]:
    protocol = system.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
