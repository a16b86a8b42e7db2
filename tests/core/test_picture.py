from __future__ import annotations

import numpy as np

from medsift.core.picture import Picture, Provenance


def test_printing_a_picture_does_not_print_its_pixels() -> None:
    picture = Picture(
        where=Provenance("a.png"),
        pixels=np.zeros((500, 500, 3), np.uint8),
        width=500,
        height=500,
        format="png",
        color_mode="RGB",
        sha256="0" * 64,
        data=b"x" * 10_000,
    )
    assert len(repr(picture)) < 1_000


def test_a_place_knows_only_its_source_at_first() -> None:
    where = Provenance("a.pdf")
    assert (where.page, where.index, where.frame, where.bbox) == (None, None, None, None)
    assert (where.source_type, where.locator, where.member, where.url) == ("", "", "", "")
