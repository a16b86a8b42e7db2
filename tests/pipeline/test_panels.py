"""Records of panels, beneath the record of their figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.core.record import Record
from medsift.pipeline.examine import Examiner
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.panels import small_enough
from medsift.server.settings import Settings
from medsift.sources.inputs import Input
from tests.classify.test_figures import figure
from tests.classify.tiny_model import write_model
from tests.samples import write_pdf


def records(path: Path, tmp_path: Path, **options: object) -> list[Record]:
    model = str(write_model(tmp_path / "model", gain=12.0))
    scan = ScanOptions(model, **options)  # type: ignore[arg-type]
    return [o.record for o in Examiner(scan).examine(Input(path.name, path=path))]


def test_each_panel_has_a_record_beneath_that_of_its_figure(tmp_path: Path) -> None:
    Image.fromarray(figure()).save(tmp_path / "a.png")
    whole, *panels = records(tmp_path / "a.png", tmp_path, panels=True)
    assert (whole.panels, whole.panel, whole.panel_bbox) == (3, None, None)
    assert [record.panel for record in panels] == [1, 2, 3]
    assert [record.kind for record in panels] == ["photo", "ct", "photo"]
    assert [record.locator for record in panels] == ["panel a", "panel b", "panel c"]
    second = panels[1]
    assert second.panel_bbox == pytest.approx((150, 10, 280, 130), abs=3)
    assert (second.width, second.height) == pytest.approx((130, 120), abs=4)
    assert second.index == whole.index
    assert len({record.sha256 for record in (whole, *panels)}) == 4


def test_panels_of_a_picture_that_is_to_be_turned_lie_where_one_sees_them(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right
    Image.fromarray(np.rot90(figure())).save(tmp_path / "a.png", exif=turned)
    whole, _, second, _ = records(tmp_path / "a.png", tmp_path, panels=True)
    assert (whole.width, whole.height) == (140, 430)
    assert second.panel_bbox == pytest.approx((150, 10, 280, 130), abs=3)
    assert (second.width, second.height) == pytest.approx((130, 120), abs=4)


def test_the_locator_goes_on_from_that_of_the_figure(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [Image.fromarray(figure())])
    whole, first, *_ = records(tmp_path / "a.pdf", tmp_path, panels=True)
    assert first.locator == f"{whole.locator}, panel a"
    assert (first.page, first.bbox) == (whole.page, whole.bbox)


def test_without_the_option_there_is_no_record_of_a_panel(tmp_path: Path) -> None:
    Image.fromarray(figure()).save(tmp_path / "a.png")
    (whole,) = records(tmp_path / "a.png", tmp_path)
    assert (whole.panels, whole.panel) == (None, None)


def test_panels_are_saved_cropped_at_full_size(tmp_path: Path) -> None:
    large = np.kron(figure(), np.ones((5, 5, 1), dtype=np.uint8))
    Image.fromarray(large).save(tmp_path / "a.png")
    saved = tmp_path / "saved"
    _, _, second, _ = records(tmp_path / "a.png", tmp_path, panels=True, save_images=saved)
    with Image.open(saved / second.saved_as) as image:
        assert image.size == pytest.approx((650, 600), abs=20)
        red, _, blue = np.asarray(image).reshape(-1, 3).mean(axis=0)
    assert red > blue + 80


def test_copies_of_a_figure_have_records_of_their_panels_too(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [Image.fromarray(figure())] * 2)
    found = records(tmp_path / "a.pdf", tmp_path, panels=True)
    assert [record.panel for record in found] == [None, 1, 2, 3] * 2


def test_pictures_that_wait_are_bounded_in_pixels() -> None:
    assert small_enough(np.zeros((40, 50, 3), dtype=np.uint8)).shape == (40, 50, 3)
    waiting = small_enough(np.zeros((4000, 3000, 3), dtype=np.uint8))
    assert waiting.shape[0] * waiting.shape[1] <= 2_000_000


def test_services_can_be_told_to_give_panels() -> None:
    assert Settings(panels=True).scan_options.panels
    assert not Settings().scan_options.panels
