from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from medsift.core.errors import DecodeError, InputError, TimedOutError
from medsift.sources.base import Blob
from medsift.sources.web.svg.source import read
from tests.sources.inside import problems, scan
from tests.sources.web.looking import look, png

EMBEDDED = "data:image/png;base64," + base64.b64encode(png()).decode()


def test_a_raster_inside_a_drawing_is_handed_on(save: Callable[..., Blob]) -> None:
    blob = save(
        f"""<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"
        xmlns:xlink="http://www.w3.org/1999/xlink"><g><image xlink:href="{EMBEDDED}"/></g></svg>""",
        name="a.svg",
    )
    [seen] = look(read, blob)
    assert (seen.content, seen.locator, seen.url) == (png(), "image 1", "data:image/png")


def test_a_drawing_without_rasters_is_reported(save: Callable[..., Blob]) -> None:
    [seen] = look(read, save("<svg><text>a</text></svg>", name="a.svg"))
    assert (seen.status, seen.reason) == ("skipped", "svg")


def test_without_the_renderer_drawings_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsift.sources.web.svg.source.can_render", lambda: False)
    assert problems(scan(b"<svg><rect width='300' height='150'/></svg>")) == [("svg", "")]


@pytest.mark.parametrize(
    ("error", "reason"), [(DecodeError("refused"), "svg"), (TimedOutError("slow"), "timed_out")]
)
def test_what_the_renderer_refuses_is_skipped_and_what_it_dies_of_is_told(
    monkeypatch: pytest.MonkeyPatch, error: InputError, reason: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("medsift.sources.web.svg.source.can_render", lambda: True)
    monkeypatch.setattr("medsift.sources.web.svg.source.rendered", refuse)
    assert problems(scan(b"<svg><rect width='300' height='150'/></svg>")) == [(reason, "")]


def test_entities_are_not_expanded(save: Callable[..., Blob]) -> None:
    levels = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    blob = save(f"<!DOCTYPE svg [<!ENTITY e0 'x'>{levels}]><svg><text>&e11;</text></svg>")
    assert [seen.reason for seen in look(read, blob)] == ["svg"]


def test_a_drawing_reads_no_file_outside_of_its_folder(save: Callable[..., Blob]) -> None:
    blob = save("<svg><image href='/etc/passwd'/></svg>", name="a.svg")
    assert [seen.reason for seen in look(read, blob)] == ["outside_folder"]
