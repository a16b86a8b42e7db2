"""Whether a picture is what is wanted."""

from __future__ import annotations

import pytest

from medsift.classify import decision
from medsift.classify.accept_spec import FALLBACK, Bounds
from medsift.classify.decision import Acceptance
from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.core.taxonomy import GROUPS, KINDS

SKIN = {"skin": Bounds(take=0.5, leave=0.1)}


def judged(kinds: dict[str, float] | None) -> Record:
    return Record(source="a.png", label="medical", kinds=kinds)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, "accept"), (0.9, "accept"), (0.49, "look"), (0.1, "look"), (0.09, "reject")],
)
def test_the_bounds_of_the_card_decide(share: float, expected: str) -> None:
    kinds = {"photo": 1 - share, "dermatology": share}
    assert Acceptance.of("skin", SKIN).decided(judged(kinds)).decision == expected


def test_kinds_of_a_group_are_added_up() -> None:
    kinds = {"photo": 0.4, "dermatology": 0.3, "clinical_photo": 0.3}
    assert Acceptance.of("dermatology,clinical_photo", SKIN).decided(judged(kinds)).decision == (
        "accept"
    )


def test_one_part_is_enough_to_accept_and_all_must_agree_to_reject() -> None:
    bounds = {**SKIN, "ct": Bounds(take=0.9, leave=0.3)}
    acceptance = Acceptance.of("skin,ct", bounds)
    assert acceptance.decided(judged({"dermatology": 0.6})).decision == "accept"
    assert acceptance.decided(judged({"ct": 0.6})).decision == "look"
    assert acceptance.decided(judged({"ct": 0.2, "dermatology": 0.05})).decision == "reject"
    assert acceptance.decided(judged({"ct": 0.2, "dermatology": 0.2})).decision == "look"


def test_without_bounds_in_the_card_those_without_a_fit_decide() -> None:
    acceptance = Acceptance.of("eye", {})
    for share, expected in (
        (FALLBACK.take, "accept"),
        (FALLBACK.leave, "look"),
        (FALLBACK.leave - 0.01, "reject"),
    ):
        assert acceptance.decided(judged({"fundus": share})).decision == expected


def test_a_threshold_goes_before_the_card() -> None:
    acceptance = Acceptance.of("skin", SKIN, 0.95)
    assert acceptance.decided(judged({"dermatology": 0.94})).decision == "look"
    assert acceptance.decided(judged({"dermatology": 0.95})).decision == "accept"
    low = Acceptance.of("skin", SKIN, 0.05)
    assert low.decided(judged({"dermatology": 0.06})).decision == "accept"
    assert low.decided(judged({"dermatology": 0.04})).decision == "reject"


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01, float("nan")])
def test_thresholds_that_cannot_be(threshold: float) -> None:
    with pytest.raises(UsageError):
        Acceptance.of("skin", SKIN, threshold)


def test_sentences_tell_what_is_wanted_and_what_is_seen() -> None:
    record = Acceptance.of("skin", SKIN).decided(judged({"document": 0.9}))
    assert record.decision_reason == (
        "This looks like a page of text. Only a photograph of skin is accepted here."
    )
    two = Acceptance.of("xray,ct", {}).decided(judged({"ct": 0.9}))
    assert two.decision_reason == "This looks like an X-ray or a CT scan."


@pytest.mark.parametrize(
    ("reason", "status", "expected"),
    [
        ("blank", "skipped", "reject"),
        ("too_small", "skipped", "reject"),
        ("undecodable", "failed", "reject"),
        ("timed_out", "failed", "look"),
        ("crashed", "failed", "look"),
    ],
)
def test_what_could_not_be_judged(reason: str, status: str, expected: str) -> None:
    record = Acceptance.of("skin", SKIN).decided(Record("a", status=status, reason=reason))
    assert record.decision == expected
    assert record.decision_reason.endswith((".", "it."))


def test_every_kind_and_group_has_words_for_people() -> None:
    assert decision._NAMES.keys() == {*KINDS, *GROUPS}


@pytest.mark.parametrize(("take", "leave"), [(0.0, 0.0), (0.5, 0.6), (1.1, 0.0), (0.5, -0.1)])
def test_bounds_out_of_order_are_refused(take: float, leave: float) -> None:
    with pytest.raises(ValueError, match="in order"):
        Bounds(take, leave)
