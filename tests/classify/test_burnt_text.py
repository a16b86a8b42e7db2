"""Text burnt into pictures: found, measured, and read only where that is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import medsift
from medsift.classify import burnt_text
from medsift.classify.burnt_text import TextFinder, reduced
from medsift.classify.card import read_card, write_card
from medsift.classify.recall_spec import RecallBound, RecallSpec
from medsift.core.errors import UsageError
from tests.classify.tiny_model import write_model


def scan_of(text: str, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """A round shape on black, as scanners show it, with a line of text above."""
    image = Image.new("RGB", size, (60, 8, 8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 70, 440, 350), fill=(110, 40, 40))
    draw.text((12, 12), text, fill=(255, 255, 255), font=ImageFont.load_default(20))
    return image


def test_what_is_kept_is_grey_and_bounded() -> None:
    grey = reduced(np.zeros((3000, 1500, 3), dtype=np.uint8))
    assert grey.shape == (1280, 640)
    assert reduced(np.zeros((40, 30, 3), dtype=np.uint8)).shape == (40, 30)


def test_without_the_extra_it_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    with pytest.raises(UsageError, match=r"pip install medsift\[text\]"):
        medsift.scan("a.png", text=True)


def test_reading_goes_with_looking() -> None:
    with pytest.raises(UsageError, match="only read where"):
        medsift.scan("a.png", text_content=True)


class TestEngine:
    """What is made of the answers of the package, told without it."""

    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        """In place of the package: it has models, notes how it is started, and finds nothing."""
        made: Any = ModuleType("rapidocr")
        made.__spec__ = ModuleSpec("rapidocr", None)
        made.__file__ = str(tmp_path / "__init__.py")
        (tmp_path / "models").mkdir()
        for name in ("some_det_model.onnx", "some_rec_model.onnx"):
            (tmp_path / "models" / name).touch()

        def engine(params: dict[str, object]) -> object:
            made.params = params

            def found(_pixels: object, **parts: bool) -> object:
                # To find lines and read them takes two of its three parts.
                assert parts == {"use_det": True, "use_cls": False, "use_rec": True}
                return made.found

            return found

        made.RapidOCR = engine
        made.found = None
        monkeypatch.setitem(sys.modules, "rapidocr", made)
        return made

    @staticmethod
    def lines(*texts: str) -> SimpleNamespace:
        """Lines of text, each of 20 by 10 pixels."""
        box = np.array([[10, 10], [30, 10], [30, 20], [10, 20]], dtype=np.float32)
        return SimpleNamespace(boxes=np.stack([box] * len(texts)), txts=texts)

    def test_it_is_started_with_the_models_of_its_package(self, package: Any) -> None:
        TextFinder(threads=3).find(np.zeros((100, 200), dtype=np.uint8))
        folder = Path(str(package.__file__)).parent / "models"
        assert package.params["Det.model_path"] == str(folder / "some_det_model.onnx")
        assert package.params["Rec.model_path"] == str(folder / "some_rec_model.onnx")
        assert package.params["EngineConfig.onnxruntime.intra_op_num_threads"] == 3

    def test_a_package_without_models_is_told(self, package: Any) -> None:
        (Path(str(package.__file__)).parent / "models" / "some_rec_model.onnx").unlink()
        with pytest.raises(UsageError, match=r"no model for text \(rec\)"):
            TextFinder().find(np.zeros((100, 200), dtype=np.uint8))

    @pytest.mark.parametrize(
        "nothing",
        [None, SimpleNamespace(boxes=None, txts=None), SimpleNamespace(boxes=[[0]], txts=None)],
    )
    def test_where_it_finds_nothing_there_is_no_text(self, package: Any, nothing: object) -> None:
        package.found = nothing
        found = TextFinder().find(np.zeros((100, 200), dtype=np.uint8))
        assert (found.boxes, found.share) == (0, 0.0)

    @pytest.mark.parametrize(("content", "told"), [(False, ()), (True, ("DOE JOHN", "R 2b"))])
    def test_lines_of_some_letters_count_and_are_told_where_that_is_asked(
        self, package: Any, content: bool, told: Sequence[str]
    ) -> None:
        package.found = self.lines("DOE JOHN", "R 2b", "L", "-- --")
        found = TextFinder(content).find(np.zeros((100, 200), dtype=np.uint8))
        assert (found.boxes, found.share, found.content) == (2, 0.02, told)


@pytest.mark.text
class TestFound:
    @pytest.fixture(autouse=True)
    def _needs_the_extra(self) -> None:
        pytest.importorskip("rapidocr")

    def test_lines_are_counted_and_measured(self) -> None:
        found = TextFinder().find(reduced(np.asarray(scan_of("DOE JOHN 12345"))))
        assert found.boxes == 1
        assert 0.005 < found.share < 0.08
        assert found.content == ()

    def test_a_scan_without_text_has_none(self) -> None:
        assert TextFinder().find(reduced(np.asarray(scan_of("")))).boxes == 0

    def test_nothing_is_fetched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import socket

        def refuse(*_: object) -> None:
            raise AssertionError("a connection was asked for")

        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        found = TextFinder(content=True).find(reduced(np.asarray(scan_of("DOE JOHN"))))
        assert [text.replace(" ", "") for text in found.content] == ["DOEJOHN"]

    def test_only_what_may_be_medical_is_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_at = []
        find = TextFinder.find

        def counted(self: TextFinder, grey: burnt_text.Grey) -> burnt_text.BurntText:
            looked_at.append(grey.shape)
            return find(self, grey)

        monkeypatch.setattr(TextFinder, "find", counted)
        model = write_model(tmp_path / "model")
        scan_of("DOE JOHN").save(tmp_path / "scan.png")
        blue = Image.merge("RGB", scan_of("DOE JOHN").split()[::-1])
        blue.save(tmp_path / "photo.png")
        names = [tmp_path / "scan.png", tmp_path / "photo.png"]
        scan, photo = medsift.scan(names, model=str(model), text=True, threshold=0.5)
        assert (scan.label, scan.text_boxes, scan.text) == ("medical", 1, "")
        assert (photo.label, photo.text_boxes, photo.text_share) == ("non_medical", None, None)
        assert len(looked_at) == 1
        (read,) = medsift.scan(names[0], model=str(model), text=True, text_content=True)
        assert read.text.replace(" ", "") == "DOEJOHN"
        # Also what only a high recall calls possible.
        spec = RecallSpec((RecallBound(0.99, 0.0),))
        write_card(replace(read_card(model), recall=spec), model)
        (possible,) = medsift.scan(names[1], model=str(model), text=True, recall=0.99)
        assert (possible.label, possible.text_boxes) == ("uncertain", 1)

    def test_workers_look_as_well(self, tmp_path: Path) -> None:
        model = write_model(tmp_path / "model")
        folder = tmp_path / "scans"
        folder.mkdir()
        for number in range(10):  # more than are looked at without workers
            scan_of("DOE JOHN" if number % 2 else "").save(folder / f"{number}.png")
        records = list(medsift.scan(folder, model=str(model), text=True, workers=2))
        assert [record.text_boxes for record in records] == [0, 1] * 5


def test_the_share_of_text_is_that_of_the_boxes_however_they_are_turned() -> None:
    upright = [[10, 10], [30, 10], [30, 20], [10, 20]]
    diamond = [[50, 40], [60, 50], [50, 60], [40, 50]]
    boxes = np.array([upright, diamond], dtype=np.float64)
    assert burnt_text._covered(boxes, (100, 200)) == pytest.approx((200 + 200) / 20_000)
    assert burnt_text._covered(boxes * 100, (100, 200)) == 1
