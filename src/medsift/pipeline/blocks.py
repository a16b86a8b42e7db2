"""Inputs by reference, in blocks: what a cluster hands around instead of files.

A block holds names, or says which rows of a Parquet file of addresses they are in, so that a
billion of them never meet in one place. Each block becomes one shard of the output.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from medsift.sources import listing
from medsift.sources.inputs import Input, expand


@dataclass(frozen=True, slots=True)
class Block:
    """References to inputs.

    Attributes
    ----------
    number : int
        From 0, in the order of the inputs.
    names : tuple of str
        The inputs themselves, or empty.
    listed_in : str
        Parquet file that holds the names, or empty.
    column : str
    start, stop : int
        Its rows, from ``start`` to before ``stop``.
    """

    number: int
    names: tuple[str, ...] = ()
    listed_in: str = ""
    column: str = ""
    start: int = 0
    stop: int = 0

    @property
    def shard(self) -> str:
        """File name of the shard: its number, and a digest of what it is about.

        When the inputs of a resumed scan have changed, the names do not fit any more.
        """
        facts: tuple[object, ...] = self.names
        if self.listed_in:
            size = Path(self.listed_in).stat().st_size
            facts = (self.listed_in, size, self.column, self.start, self.stop)
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]
        return f"part-{self.number:08}-{digest}.parquet"

    def inputs(self) -> Iterator[Input]:
        """The inputs that the block refers to."""
        names: Iterable[str] = self.names
        if self.listed_in:
            names = listing.column_of(Path(self.listed_in), self.column, self.start, self.stop)
        return expand(names)

    def dump(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Block:
        """Inverse of :meth:`dump`."""
        row = json.loads(text)
        return cls(**{**row, "names": tuple(row["names"])})


def blocks(names: Iterable[str], lists: Iterable[str], size: int) -> Iterator[Block]:
    """Cut inputs into blocks.

    Parameters
    ----------
    names : iterable of str
        As :func:`medsift.sources.inputs.expand` takes them: folders and prefixes are listed here.
    lists : iterable of str
        As :func:`medsift.sources.listing.read` takes them. Of Parquet files only the directory
        is read here.
    size : int
        Inputs of a block.
    """
    count = itertools.count()
    texts = [name for name in lists if listing.split(name)[0].suffix.lower() != ".parquet"]
    listed = itertools.chain.from_iterable(map(listing.read, texts))
    sources = (item.source for item in expand(names))
    every = itertools.chain(sources, listed)
    while taken := tuple(itertools.islice(every, size)):
        yield Block(next(count), taken)
    for name in lists:
        if name in texts:
            continue
        path, column = listing.split(name)
        rows = listing.rows_of(path, column)
        for start in range(0, rows, size):
            stop = min(rows, start + size)
            yield Block(next(count), (), str(path.resolve()), column, start, stop)
