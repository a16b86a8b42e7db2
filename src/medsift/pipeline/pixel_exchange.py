"""A folder through which workers hand over pixels."""

from __future__ import annotations

import os
from pathlib import Path

from medsift.core.errors import OutputError
from medsift.core.picture import Pixels


class PixelExchange:
    """A folder through which a worker hands over pixels, a file for each picture.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def put(self, pixels: Pixels) -> bytes:
        """Write pixels down, and tell the name of their file.

        Raises
        ------
        OutputError
            There is no room for them.
        """
        import numpy as np

        self._count += 1
        name = f"{os.getpid()}-{self._count}.npy"
        try:
            np.save(self._folder / name, pixels, allow_pickle=False)
        except OSError as error:
            raise OutputError(f"cannot hand over pixels: {error.strerror or error}") from error
        return name.encode()

    def take(self, name: bytes) -> Pixels:
        """Read the pixels of a file, and remove it."""
        import numpy as np

        path = self._folder / name.decode()
        pixels: Pixels = np.load(path, allow_pickle=False)
        path.unlink()
        return pixels
