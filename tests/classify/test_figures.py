"""Panels judged one by one, and what they say of the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsift.classify import Classifier
from medsift.classify.card import read_card, write_card
from medsift.classify.ensemble import Output
from medsift.classify.figures import combined, letters_of, panels_of
from medsift.classify.panel_spec import PanelSpec
from medsift.core.picture import Pixels
from tests.classify.tiny_model import write_model


def figure() -> Pixels:
    """A panel of red noise (ct) beside two of blue (photo), with white gutters."""
    chance = np.random.default_rng(1)
    whole = np.full((140, 430, 3), 255, dtype=np.uint8)
    for left, channel in ((10, 2), (150, 0), (290, 2)):
        panel = chance.integers(0, 110, (120, 130, 3)).astype(np.uint8)
        panel[..., channel] += 110
        whole[10:130, left : left + 130] = panel
    return whole


def model(folder: Path, panels: PanelSpec | None) -> Path:
    write_model(folder, gain=12.0)
    write_card(replace(read_card(folder), panels=panels), folder)
    return folder


RULE = PanelSpec(low=0.05, high=0.95, whole=0.2, best=1.0, offset=0.0)


def test_each_panel_has_its_verdict_its_place_and_its_letter(tmp_path: Path) -> None:
    found = Classifier(model(tmp_path, None)).predict_panels(figure())
    assert [p.prediction.kind for p in found.panels] == ["photo", "ct", "photo"]
    assert [p.letter for p in found.panels] == ["a", "b", "c"]
    assert found.panels[1].box == pytest.approx((150, 10, 280, 130), abs=3)
    assert found.panels[1].locator == "panel b"


def test_a_picture_of_one_panel_has_none(tmp_path: Path) -> None:
    found = Classifier(model(tmp_path, RULE)).predict_panels(figure()[12:128, 152:278])
    assert found.panels == ()


def test_without_a_rule_in_the_card_panels_never_change_the_verdict(tmp_path: Path) -> None:
    classifier = Classifier(model(tmp_path, None))
    assert classifier.predict_panels(figure()).prediction == classifier.predict(figure())


def test_a_panel_decides_where_the_whole_is_unsure_and_the_reason_says_so(tmp_path: Path) -> None:
    plain = Classifier(model(tmp_path / "plain", None)).predict(figure())
    assert plain.label != "medical"
    found = Classifier(model(tmp_path / "rule", RULE)).predict_panels(figure())
    assert (found.prediction.label, found.prediction.kind) == ("medical", "ct")
    assert found.prediction.reason == "panel"
    assert found.decided == 2
    assert sum(found.prediction.kinds.values()) == pytest.approx(1, abs=0.01)


def test_predict_takes_panels_into_account_as_well(tmp_path: Path) -> None:
    assert Classifier(model(tmp_path, RULE)).predict(figure()).reason == "panel"


def test_where_the_whole_is_sure_no_panel_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(model(tmp_path, replace(RULE, low=0.94)))
    monkeypatch.setattr("medsift.classify.classifier.panels_of", lambda _: pytest.fail("looked"))
    classifier.predict(figure())


def test_an_explanation_stays_within_the_panel_that_decided(tmp_path: Path) -> None:
    explained = Classifier(model(tmp_path, RULE)).explain(figure())
    assert explained.prediction.reason == "panel"
    heat = explained.heat
    assert not heat[:, :145].any()
    assert not heat[:, 285:].any()
    assert heat[20:120, 160:270].mean() > 0


def test_boxes_are_in_pixels_of_large_pictures_too() -> None:
    large = np.kron(figure(), np.ones((4, 4, 1), dtype=np.uint8))
    assert panels_of(large)[1] == pytest.approx((600, 40, 1120, 520), abs=12)


def test_letters_need_rows_that_tell_their_order() -> None:
    assert letters_of([(0, 0, 50, 50), (60, 0, 110, 50), (0, 60, 50, 110)]) == ["a", "b", "c"]
    assert letters_of([(60, 0, 110, 40), (0, 0, 50, 100), (60, 50, 110, 90)]) == [""] * 3


@pytest.mark.parametrize("wrong", [{"low": 0.9, "high": 0.1}, {"best": -1.0}, {"offset": np.nan}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="panels"):
        replace(RULE, **wrong)


def test_a_card_keeps_its_rule(tmp_path: Path) -> None:
    assert read_card(model(tmp_path, RULE)).panels == RULE


MEDICAL = np.array([True, True, False, False])


def answer(*probabilities: float) -> Output:
    return Output(np.array(probabilities), sum(probabilities[:2]), [])


def test_medical_kinds_are_those_of_the_likeliest_panel_and_others_those_of_the_whole() -> None:
    panels = [answer(0.1, 0.1, 0.4, 0.4), answer(0.6, 0.2, 0.2, 0.0), answer(0.0, 0.3, 0.0, 0.7)]
    found, best = combined(RULE, answer(0.3, 0.1, 0.15, 0.45), panels, MEDICAL)
    assert best == 1
    p = found.p_medical
    assert p == pytest.approx(RULE.combined(0.4, 0.8))
    expected = [0.75 * p, 0.25 * p, 0.25 * (1 - p), 0.75 * (1 - p)]
    assert found.probabilities == pytest.approx(expected)


def test_kinds_that_nobody_thinks_of_share_alike() -> None:
    found, _ = combined(RULE, answer(0.5, 0.5, 0.0, 0.0), [answer(0.0, 0.0, 1.0, 0.0)], MEDICAL)
    p = found.p_medical
    assert found.probabilities == pytest.approx([p / 2, p / 2, (1 - p) / 2, (1 - p) / 2])
