"""Two models side by side: paired figures, what only one gets right, and requirements."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from medsift.cli import main
from medsift.core.errors import UsageError
from medsift.evaluation import predictions
from medsift.evaluation.compare import (
    compare,
    differing,
    mcnemar,
    pairs,
    render,
    write_differing,
)
from medsift.evaluation.measure import Measurement
from medsift.evaluation.requirements import Requirement, figure, unmet
from tests.classify.tiny_model import write_model
from tests.evaluation.test_summary import measurement


def _named(name: str, *made: Measurement) -> list[Measurement]:
    return [
        replace(m, example=replace(m.example, path=Path(f"{name}/{i}.png")))
        for i, m in enumerate(made)
    ]


FIRST = _named(
    "x",
    measurement("ct", 0.9, "ct", source="a"),
    measurement("ct", 0.2, "photo", source="a"),
    measurement("photo", 0.1, "photo", source="b"),
    measurement("photo", 0.3, "chart", source="c"),
)
SECOND = _named(
    "x",
    measurement("ct", 0.8, "ct", source="a"),
    measurement("ct", 0.7, "ct", source="a"),
    measurement("photo", 0.8, "ct", source="b"),
    measurement("photo", 0.2, "photo", source="c"),
)


def test_differences_are_of_the_same_pictures() -> None:
    comparison = compare(pairs(FIRST, SECOND), ("one", "two"))
    row = comparison.figures["accuracy_medical"]
    assert (row.first, row.second, row.difference) == (0.5, 1.0, 0.5)
    assert comparison.figures["kind_accuracy"].difference == pytest.approx(0.25)
    assert (comparison.label.only_first, comparison.label.only_second) == (1, 1)
    assert (comparison.kind.only_first, comparison.kind.only_second) == (1, 2)
    assert (comparison.n, comparison.sources) == (4, 3)


def test_a_model_compared_with_itself_differs_by_nothing() -> None:
    comparison = compare(pairs(FIRST, FIRST), ("one", "one"))
    for row in comparison.figures.values():
        assert row.difference == row.low == row.high == 0
    assert comparison.label.p == 1


def test_the_interval_holds_the_difference() -> None:
    row = compare(pairs(FIRST, SECOND), ("one", "two")).figures["accuracy"]
    assert row.low <= row.difference <= row.high
    assert row.low < row.high


def test_mcnemar_is_the_binomial_test() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 9) == pytest.approx(2 * 11 / 1024)
    assert mcnemar(5, 5) == 1


def test_pictures_that_one_model_could_not_read_are_left_out() -> None:
    unread = replace(SECOND[0], prediction=None, error="undecodable")
    assert len(pairs(FIRST, [unread, *SECOND[1:]])) == 3


def test_what_only_one_gets_right_is_told_mistakes_of_the_label_first() -> None:
    rows = [(p[0].example.path.name, what, who) for p, what, who in differing(pairs(FIRST, SECOND))]
    assert rows == [("1.png", "label", "B"), ("2.png", "label", "A"), ("3.png", "kind", "B")]


def test_the_table_and_the_sheets_are_written(tmp_path: Path) -> None:
    moved = [
        [replace(m, example=replace(m.example, path=tmp_path / m.example.path.name)) for m in side]
        for side in (FIRST, SECOND)
    ]
    for m in moved[0]:
        Image.new("RGB", (40, 40), "navy").save(m.example.path)
    assert write_differing(pairs(*moved), tmp_path / "out") == 3
    with (tmp_path / "out/differing.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["right"], row["a_kind"], row["b_kind"]) for row in rows] == [
        ("B", "photo", "ct"),
        ("A", "photo", "ct"),
        ("B", "chart", "photo"),
    ]
    for name in ("only-a-is-right.png", "only-b-is-right.png"):
        with Image.open(tmp_path / "out" / name) as sheet:
            assert sheet.width > 100


def test_a_comparison_is_shown_with_both_names() -> None:
    shown = render(compare(pairs(FIRST, SECOND), ("one", "two")))
    assert "A: one" in shown
    assert "only A 1, only B 1" in shown


FIGURES = {
    "accuracy": {"right": 97, "n": 100, "value": 0.97},
    "auroc": 0.99,
    "ece": None,
    "by_source": {"medical/ct/v1.0.set": {"value": 0.5}},
    "operating_points": [{"fpr": 0.01, "recall": {"value": 0.9}}],
}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("accuracy>=0.97", True),
        ("accuracy >= 97%", True),
        ("accuracy>0.97", False),
        ("auroc<0.999", True),
        ("by_source.medical/ct/v1.0.set>=0.6", False),
        ("recall@0.01>=0.9", True),
        ("recall@1e-2>0.95", False),
        ("accuracy.right==97", True),
        ("ece<=0.1", False),
    ],
)
def test_requirements_are_met_or_not(text: str, met: bool) -> None:
    assert (not unmet([Requirement.parse(text)], FIGURES)) == met


@pytest.mark.parametrize("text", ["accuracy", "accuracy>=", ">=1", "accuracy>=1.2.3", "a>=b"])
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Requirement.parse(text)


@pytest.mark.parametrize("name", ["accuracies", "accuracy.v", "by_source", "recall@0.5", "auroc.x"])
def test_what_is_no_figure_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        figure(FIGURES, name)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for place, colour in (("medical/ct/a", "red"), ("non_medical/photo/b", "blue")):
        (tmp_path / "data" / place).mkdir(parents=True)
        for number in range(3):
            picture = Image.new("RGB", (40, 40), colour)
            picture.putpixel((0, number), (9, 9, 9))
            picture.save(tmp_path / "data" / place / f"{number}.png")
    return tmp_path / "data"


def test_evaluate_compares_two_models(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write_model(tmp_path / "good"), write_model(tmp_path / "bad", gain=-8.0)
    words = ["evaluate", str(data), "--model", str(good), "--model", str(bad)]
    written = tmp_path / "figures.json"
    assert main([*words, "--json", str(written), "--report", str(tmp_path / "report")]) == 0
    figures = json.loads(written.read_text())["comparison"]
    assert figures["accuracy"]["first"] == 1
    assert figures["accuracy"]["difference"] < 0
    assert "McNemar" in capsys.readouterr().out
    assert (tmp_path / "report/differing.csv").is_file()
    assert (tmp_path / "report/only-a-is-right.png").is_file()


def test_evaluate_compares_with_an_earlier_run_although_the_data_moved(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write_model(tmp_path / "good"), write_model(tmp_path / "bad", gain=-8.0)
    earlier = tmp_path / "earlier.jsonl"
    main(["evaluate", str(data), "--model", str(bad), "--predictions", str(earlier)])
    data = data.rename(tmp_path / "moved")
    words = ["evaluate", str(data), "--model", str(good), "--baseline", str(earlier)]
    assert main([*words, "--require", "comparison.accuracy.difference>=0.5"]) == 0
    assert "A: tiny 1 (" in capsys.readouterr().out
    words = ["evaluate", str(data), "--model", str(bad), "--baseline", str(earlier)]
    assert main([*words, "--require", "comparison.accuracy.difference>0"]) == 5
    assert "required: comparison.accuracy.difference > 0" in capsys.readouterr().err


def test_a_baseline_of_other_pictures_is_refused(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    lines = "".join(map(predictions.line, FIRST)).replace(".png", ".jpg")
    other.write_text(lines, encoding="utf-8")
    assert main(["evaluate", str(data), "--baseline", str(other)]) == 2
    other.write_text("[1]", encoding="utf-8")
    assert main(["evaluate", str(data), "--baseline", str(other)]) == 2


def test_predictions_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    unread = replace(FIRST[3], prediction=None, error="undecodable: x")
    before = [*FIRST[:3], unread]
    file.write_text("".join(map(predictions.line, before)), encoding="utf-8")
    after = predictions.read(file, [m.example for m in before], Path("x"))
    assert [(m.example, m.error) for m in after] == [(m.example, m.error) for m in before]
    assert [m.prediction and m.prediction.p_medical for m in after] == [0.9, 0.2, 0.1, None]


def test_two_models_and_a_baseline_do_not_go_together(data: Path) -> None:
    words = ["evaluate", str(data), "--model", "fast", "--model", "default"]
    assert main([*words, "--baseline", "x.jsonl"]) == 2
    assert main([*words, "--model", "fast"]) == 2
