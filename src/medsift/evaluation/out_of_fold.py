"""Answers over folds: what networks said of pictures whose groups they had never seen.

Training over folds leaves them beside the run (``run/out-of-fold.npz``), for all that is fitted
afterwards: calibration, the bounds of a cascade, of ``--recall`` and of ``accept``. The archive
holds ``keys`` (label, kind, source and file, joined by slashes), ``groups``, ``classes`` and
calibrated ``probabilities``.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.classify.card import ModelCard, read_card, write_card
from medsift.core.errors import ModelError

ARCHIVE = "out-of-fold.npz"
"""Name of the archive, in the folder of the run."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Answers by pictures.

    Attributes
    ----------
    keys, groups : tuple of str
        Which picture, and what must not be cut through.
    classes : tuple of str
    probabilities : ndarray of float64, shape (n, classes)
        Calibrated; rows sum to 1.
    """

    keys: tuple[str, ...]
    groups: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> OutOfFold:
        """Read an archive.

        Raises
        ------
        ModelError
            There is none, or it is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as found:
                rows = found["probabilities"].astype(np.float64)
                return cls(
                    tuple(map(str, found["keys"])),
                    tuple(map(str, found["groups"])),
                    tuple(map(str, found["classes"])),
                    # In half precision the small ones of a row are exact, and the large one is what
                    # they leave.
                    rows / rows.sum(axis=1, keepdims=True),
                )
        except (OSError, KeyError, ValueError) as error:
            raise ModelError(f"{path} holds no answers over folds: {error}") from error

    def without_names(self) -> OutOfFold:
        """The same with hashes for the names of files, sources and groups.

        What belongs together is still known to, and who has the pictures can find them again.
        """
        keys = (key.split("/", 3) for key in self.keys)
        return replace(
            self,
            keys=tuple("/".join((*key[:2], *map(_hashed, key[2:]))) for key in keys),
            groups=tuple(map(_hashed, self.groups)),
        )

    def write(self, path: Path, small: bool = False) -> None:
        """Write the archive; where it is to be small, in half precision."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            keys=np.array(self.keys),
            groups=np.array(self.groups),
            classes=np.array(self.classes),
            probabilities=self.probabilities.astype(np.float16 if small else np.float32),
        )


def _hashed(name: str) -> str:
    # 48 bits: two of 22,000 pictures share them once in a million times.
    return hashlib.sha256(name.encode()).hexdigest()[:12]


Fit: TypeAlias = Callable[[OutOfFold, "ModelCard | None"], tuple[dict[str, Any], str]]
"""Fits something on answers, for a model where one is given: fields of its card, and a table."""


def fit_command(argv: Sequence[str] | None, module: str, description: str, fit: Fit) -> int:
    """Fit, print, and with ``--model`` write into the card.

    Parameters
    ----------
    argv : sequence of str, optional
    module : str
        Of the command, ``python -m MODULE``.
    description : str
    fit : callable
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("answers", type=Path, metavar="FILE.npz", help="answers over folds")
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="write the bounds into the card of this model"
    )
    arguments = parser.parse_args(argv)
    card = read_card(arguments.model) if arguments.model is not None else None
    fields, table = fit(OutOfFold.read(arguments.answers), card)
    if card is not None:
        write_card(replace(card, **fields), arguments.model)
    sys.stdout.write(table)
    return 0
