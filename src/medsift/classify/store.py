"""The models at hand: those bundled with medsift, and folders of the user's."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsift.core.errors import ModelError

CARD_FILE = "model.json"
"""What makes a folder a model, see :mod:`medsift.classify.card`."""

BUNDLED = Path(__file__).resolve().parents[1] / "models"
"""Folder of the bundled models, each in a folder of its own."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def bundled() -> Iterator[Path]:
    """Folders of the bundled models, by name."""
    yield from sorted(path.parent for path in BUNDLED.glob(f"*/{CARD_FILE}"))


def facts(folder: Path) -> dict[str, Any]:
    """What ``model.json`` says, unchecked but for ``name``, ``version`` and ``threshold``.

    For those who need no more: :func:`medsift.classify.card.read_card` loads NumPy and Pillow.

    Raises
    ------
    ModelError
        The folder holds no readable card.
    """
    path = folder / CARD_FILE
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return {**row, "threshold": float(row["threshold"])} | {
            name: str(row[name]) for name in ("name", "version")
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read: {error!r}") from error


def digest(folder: Path) -> str:
    """What tells one model from any other, whatever their cards call them.

    Returns
    -------
    str
        SHA-256, hex, of all files of the model, of its gate and of its second reader.

    Raises
    ------
    ModelError
        A file cannot be read.
    """
    total = hashlib.sha256()
    try:
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            if path.suffix.lower() == ".md":
                continue  # words for people
            total.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error!r}") from error
    known = facts(folder)
    for other in (known.get("gate"), known.get("second")):
        if isinstance(other, dict) and other.get("model"):
            total.update(digest(find_beside(folder, str(other["model"]))).encode())
    return total.hexdigest()


def find(model: str) -> Path:
    """Folder of a model given by the name of a bundled one, or by its folder.

    A bundled name is never a folder of the place that medsift is called from, which may be
    a share that anybody writes to: such a folder is ``./default``.

    Raises
    ------
    ModelError
        There is neither.
    """
    if is_bundled(model):
        return BUNDLED / model
    folder = Path(model)
    if (folder / CARD_FILE).is_file():
        return folder
    names = ", ".join(path.name for path in bundled()) or "none"
    raise ModelError(f"no model {model!r}: neither a model folder nor bundled (bundled: {names})")


def find_beside(folder: Path, model: str) -> Path:
    """Folder of a model that the card of another one names.

    Parameters
    ----------
    folder : Path
        Of the model that names it.
    model : str
        Name of a bundled model, or a folder relative to ``folder``: where medsift is called
        from does not matter, since what lies there may be anybody's.

    Raises
    ------
    ModelError
        There is neither.
    """
    return find(model if is_bundled(model) else str(folder / model))


def is_bundled(model: str) -> bool:
    """Whether a text is the name of a bundled model."""
    return bool(_NAME.fullmatch(model)) and (BUNDLED / model / CARD_FILE).is_file()
