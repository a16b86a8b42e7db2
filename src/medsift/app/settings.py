"""What the operator of the app may set; the people who use it need no settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from medsift.core.limits import Limits
from medsift.pipeline.options import ScanOptions
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS, WebOptions

PREVIEW_SIDE = 256
"""Longer side of a preview, in pixels: sharp on dense screens in cards half as wide."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What the operator of the app may set.

    Attributes
    ----------
    model : str
        Name of a bundled model, or a model folder.
    workers : int or None
        Worker processes for all users together; None takes the cores at hand.
    seconds : float
        Time for one file or address.
    allow_private : bool
        Let users scan addresses of private networks.
    ports : tuple of int
        Further ports of web servers that may be spoken to.
    """

    model: str = "default"
    workers: int | None = None
    seconds: float = 900.0
    allow_private: bool = False
    ports: tuple[int, ...] = ()

    def scan_options(
        self, images: Path | None = None, hosts: Path | None = None, password: str = ""
    ) -> ScanOptions:
        """Options for the pipeline.

        Parameters
        ----------
        images : Path, optional
            Folder for the original bytes of what is found.
        hosts : Path, optional
            Where workers agree on who speaks to which host.
        password : str
            Tried on encrypted PDFs.
        """
        return ScanOptions(
            model=self.model,
            workers=self.workers,
            limits=Limits(seconds=self.seconds),
            web=WebOptions(
                allow_private=self.allow_private,
                ports=(*DEFAULT_WEB_OPTIONS.ports, *self.ports),
                hosts=hosts,
            ),
            save_images=images,
            pdf_password=password,
            panels=True,
            thumbnails=True,
            thumbnail_side=PREVIEW_SIDE,
        )

    def to_text(self) -> str:
        """As one word of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> AppSettings:
        """Undo :meth:`to_text`."""
        values = json.loads(text)
        return cls(**{**values, "ports": tuple(values["ports"])})
