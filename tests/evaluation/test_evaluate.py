"""``medsift evaluate`` from labelled folders to files."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from medsift.classify import Classifier, FigurePrediction
from medsift.classify.ensemble import Prepared
from medsift.cli import main
from medsift.core.errors import InputError
from medsift.core.limits import Limits
from medsift.core.picture import Pixels
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import read_pixels
from medsift.evaluation.report import contact_sheet, worst_mistakes, write_report
from medsift.evaluation.summary import summarise
from tests.evaluation.test_summary import MEASURED, UNREAD, measurement
from tests.samples import picture


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for place in ("medical/ct/a", "non_medical/photo/b", "non_medical/photo/c"):
        (folder / place).mkdir(parents=True)
        for seed in range(2):
            picture(seed).save(folder / place / f"{seed}.png")
    return folder


def test_evaluate_prints_the_figures_and_writes_them(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written, rows = tmp_path / "out/figures.json", tmp_path / "rows.jsonl"
    code = main(["evaluate", str(data), "--json", str(written), "--predictions", str(rows)])
    assert code == 0
    shown = capsys.readouterr().out
    figures = json.loads(written.read_text())
    assert figures["accuracy"]["n"] == 6
    assert figures["failed"] == 0
    assert set(figures["by_source"]) == {
        "medical/ct/a",
        "non_medical/photo/b",
        "non_medical/photo/c",
    }
    assert f"({figures['accuracy']['right']} / 6)" in shown
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    assert [line["true_kind"] for line in lines] == ["ct"] * 2 + ["photo"] * 4
    assert all(0 <= line["p_medical"] <= 1 for line in lines)


def test_names_of_folders_do_nothing_to_the_terminal(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "medical/ct/a").rename(data / "medical/ct/a\x1b[2J")
    assert main(["evaluate", str(data)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "a\\x1b[2J" in shown


def test_evaluate_tells_of_sources_and_of_pictures_made_worse(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "figures.json"
    words = ["evaluate", str(data), "--json", str(written), "--leave-one-source-out"]
    assert main([*words, "--corruptions", "1", "--no-progress"]) == 0
    shown = capsys.readouterr().out
    assert "bootstrap over whole sources" in shown
    figures = json.loads(written.read_text())
    assert figures["over_sources"]["accuracy"]["sources"] == 3
    assert len(figures["without_source"]) == 3
    assert "settings that were fitted on the others" in shown
    assert {row["source"] for row in figures["refit_without_source"]["rows"]} == {"a", "b", "c"}
    rows = figures["corruptions"]["rows"]
    assert len(rows) == 20
    assert all(share["n"] == 1 for row in rows for share in row["shares"])


def test_panels_count_as_they_do_for_scan_unless_they_are_left_out(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    judge = Classifier.classify_figures

    def spy(
        self: Classifier,
        batch: Sequence[Prepared],
        figures: Sequence[Pixels | None],
        every: bool = False,
    ) -> list[FigurePrediction]:
        looked.extend(figure is not None for figure in figures)
        return judge(self, batch, figures, every)

    monkeypatch.setattr(Classifier, "classify_figures", spy)
    assert main(["evaluate", str(data)]) == 0
    assert looked == [True] * 6
    looked.clear()
    assert main(["evaluate", str(data), "--no-panels"]) == 0
    assert looked == [False] * 6


def test_unreadable_images_are_counted_and_told_by_the_exit_code(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "medical/ct/a/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    assert main(["evaluate", str(data)]) == 3
    assert "Could not be read   1" in capsys.readouterr().out


def test_a_threshold_of_one_makes_everything_uncertain(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(data), "--threshold", "1", "--json", str(tmp_path / "f")]) == 0
    assert "Uncertain           6" in capsys.readouterr().out


def test_without_labelled_folders_the_usage_is_at_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(tmp_path)]) == 2
    assert "medical" in capsys.readouterr().err


def test_an_unwritable_place_is_a_failure(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["evaluate", str(data), "--json", str(tmp_path / "file/f.json")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_the_worst_mistakes_come_first_and_unread_pictures_are_none() -> None:
    worst = worst_mistakes([*MEASURED, measurement("ct", 0.01, "photo")], most=2)
    assert [m.prediction.p_medical for m in worst if m.prediction] == [0.01, 0.2]
    assert worst_mistakes([UNREAD], most=2) == []


def test_a_sheet_of_mistakes_survives_pictures_that_are_gone() -> None:
    sheet = contact_sheet([measurement("ct", 0.2, "photo")] * 9)
    assert sheet.width > sheet.height > 0


def test_the_report_has_the_mistakes_and_plots_where_matplotlib_is(tmp_path: Path) -> None:
    written = write_report(MEASURED, summarise(MEASURED, "test 1"), tmp_path / "report")
    names = {path.name for path in (tmp_path / "report").iterdir()}
    plots = {"roc.png", "reliability.png", "risk-coverage.png", "confusion.png"}
    expected = plots if importlib.util.find_spec("matplotlib") else set()
    assert written.mistakes == 2
    assert names == {"worst-mistakes.png", "suspects.csv"} | expected


def test_pictures_are_read_under_the_limits(tmp_path: Path) -> None:
    Image.new("RGB", (50, 50)).save(tmp_path / "a.png")
    example = Example(tmp_path / "a.png", "medical")
    assert read_pixels(example, 0).shape == (50, 50, 3)
    with pytest.raises(InputError):
        read_pixels(example, 0, Limits(pixels=100))
    with pytest.raises(InputError, match="cannot read"):
        read_pixels(Example(tmp_path / "none.png", "medical"), 0)
