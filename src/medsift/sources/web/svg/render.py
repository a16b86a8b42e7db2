"""Drawings become pixels, in a process of their own."""

from __future__ import annotations

import functools
import importlib.util
import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from medsift.core.errors import CrashedError, DecodeError, TimedOutError
from medsift.core.limits import Limits
from medsift.core.picture import Pixels
from medsift.decode.colour import to_rgb
from medsift.decode.guard import check_pixels, contained
from medsift.sources.web.svg.clean import Drawing

_SECONDS = 15.0


def can_render() -> bool:
    """Whether the extra ``svg`` is installed."""
    return bool(_renderer())


def rendered(drawing: Drawing, limits: Limits) -> Pixels:
    """Render a drawing.

    resvg is written in Rust, but endless recursion and endless work end it or keep it busy, so
    it runs in a process that has no rights, little memory and little time.

    Raises
    ------
    LimitError
        The picture would have too many pixels.
    DecodeError
        The renderer refuses the drawing.
    TimedOutError
        It took too long.
    CrashedError
        It died.
    """
    check_pixels(drawing.width, drawing.height, limits)
    child = str(Path(__file__).with_name("child.py"))
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", child, _renderer()],
            input=drawing.svg,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOutError(f"the drawing took longer than {_SECONDS:g} seconds") from error
    except OSError as error:
        raise CrashedError("no process to render the drawing in") from error
    if done.returncode < 0:
        raise CrashedError("the renderer of drawings died")
    if done.returncode:
        raise DecodeError("a drawing that cannot be rendered")
    with contained("rendered drawing"), Image.open(io.BytesIO(done.stdout), formats=["PNG"]) as png:
        if png.size != (drawing.width, drawing.height):
            raise DecodeError("a drawing of another size than it states")
        return to_rgb(png)


@functools.cache
def _renderer() -> str:
    """Folder of the renderer; empty where there is none."""
    spec = importlib.util.find_spec("resvg_py")
    if spec is None or spec.origin is None:
        return ""
    return str(Path(spec.origin).parent.parent)
