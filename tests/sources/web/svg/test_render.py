from __future__ import annotations

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import CrashedError, InputError, LimitError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Picture
from medsift.sources.web.svg import render
from medsift.sources.web.svg.clean import Drawing
from medsift.sources.web.svg.render import rendered
from tests.sources.inside import problems, scan, small

pytest.importorskip("resvg_py", reason="needs the extra svg")
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs limits of the system")

SHAPES = "<rect width='300' height='100' fill='#00f'/><circle cx='150' cy='100' r='40'/>"


def raw(inside: str, side: int = 64) -> Drawing:
    """A drawing that was not cleaned, to try the second wall alone."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="{side}" height="{side}">{inside}</svg>'
    )
    return Drawing(svg.encode(), side, side, (side, side))


def test_a_drawing_is_rendered_over_white() -> None:
    svg = f"<svg viewBox='0 0 300 150'>{SHAPES}</svg>".encode()
    [found] = scan(svg, "a.svg")
    assert isinstance(found, Picture)
    assert (found.width, found.height, found.format) == (512, 256, "svg")
    assert (found.where.extraction, found.where.source_type) == ("rendered", "image")
    assert found.data == svg
    assert found.pixels[5, 5].tolist() == [0, 0, 255]
    assert found.pixels[170, 256].tolist() == [0, 0, 0]
    assert found.pixels[250, 5].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    "svg",
    [
        "<svg width='16' height='16'><rect width='9' height='9'/></svg>",
        "<svg width='300' height='300'><rect></svg>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg><rect width='9'/></svg>",
    ],
)
def test_icons_and_doubtful_drawings_are_skipped(svg: str) -> None:
    assert problems(scan(svg.encode())) == [("svg", "")]


def test_what_would_have_too_many_pixels_is_refused() -> None:
    with pytest.raises(LimitError):
        rendered(raw(SHAPES), small(pixels=1000))


@posix_only
@pytest.mark.parametrize("name", ["{path}", "file://{path}"])
def test_the_renderer_cannot_open_files(tmp_path: Path, name: str) -> None:
    sentinel = tmp_path / "sentinel.png"
    Image.new("RGB", (64, 64), (255, 0, 0)).save(sentinel)
    link = name.format(path=sentinel)
    pixels = rendered(raw(f"<image href='{link}' width='64' height='64'/>"), DEFAULT_LIMITS)
    assert np.all(pixels == 255)


@posix_only
def test_the_renderer_cannot_reach_the_network() -> None:
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        link = f"http://127.0.0.1:{server.server_port}/a.png"
        inside = f"<style>@import '{link}';</style><image href='{link}' width='9' height='9'/>"
        assert np.all(rendered(raw(inside), DEFAULT_LIMITS) == 255)
        server.shutdown()
        thread.join()
    assert not asked


@posix_only
def test_a_renderer_that_dies_costs_one_drawing() -> None:
    deep = "<g transform='scale(1)'>" * 30_000 + "<rect width='9' height='9'/>" + "</g>" * 30_000
    with pytest.raises(InputError):
        rendered(raw(deep), DEFAULT_LIMITS)


@posix_only
def test_endless_work_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "_SECONDS", 1.0)
    blur = (
        "<filter id='f' filterUnits='userSpaceOnUse' width='9999' height='9999'>"
        + "<feMorphology operator='dilate' radius='4000'/>" * 40
        + "</filter><rect width='4000' height='4000' filter='url(#f)'/>"
    )
    with pytest.raises(InputError):
        rendered(raw(blur, 4000), DEFAULT_LIMITS)


@posix_only
def test_multiplied_references_end() -> None:
    ten = ["<use href='#l%d'/>" % n * 10 for n in range(12)]  # noqa: UP031
    levels = "".join(f"<g id='l{n}'>{inside}</g>" for n, inside in enumerate(ten, 1))
    bomb = f"<svg><defs><g id='l0'><rect width='9' height='9'/></g>{levels}</defs>"
    [found] = scan(f"{bomb}<use href='#l12'/></svg>".encode())
    assert not isinstance(found, Picture) or np.all(found.pixels == 255)


def test_without_a_program_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CrashedError):
        rendered(raw(SHAPES), DEFAULT_LIMITS)
