"""Which pictures are shown, and in which order."""

from __future__ import annotations

import pytest

from medsift.app.shown import Choice, LabelCounts, Order, stacks
from tests.app.samples import compound, found

FOUND = [
    found(1, label="medical", kind="ct", p_medical=0.8, confidence=0.8),
    found(2, label="non_medical", kind="chart", p_medical=0.01, confidence=0.99),
    found(3, label="uncertain", kind="mri", p_medical=0.55, confidence=0.55),
    found(4, label="medical", kind="mri", p_medical=0.97, confidence=0.97, source="Böse.pdf"),
]


def numbers(choice: Choice) -> list[int]:
    return [each.number for each in choice.of(FOUND)]


def test_uncertain_ones_are_left_out_until_asked_for() -> None:
    assert numbers(Choice()) == [1, 2, 4]
    assert numbers(Choice(labels=frozenset({"uncertain"}))) == [3]


def test_kinds_and_labels_both_have_to_match() -> None:
    assert numbers(Choice(kinds=frozenset({"mri"}))) == [4]
    assert numbers(Choice(kinds=frozenset({"mri", "chart"}))) == [2, 4]


@pytest.mark.parametrize(("text", "expected"), [("BÖSE", [4]), ("image 2", [2]), (" ", [1, 2, 4])])
def test_text_is_looked_for_in_names_and_places(text: str, expected: list[int]) -> None:
    assert numbers(Choice(text=text)) == expected


@pytest.mark.parametrize(
    ("order", "expected"), [("found", [1, 2, 4]), ("medical", [4, 1, 2]), ("unsure", [1, 4, 2])]
)
def test_orders(order: Order, expected: list[int]) -> None:
    assert numbers(Choice(order=order)) == expected


def test_counts_are_of_all_pictures() -> None:
    counts = LabelCounts.of(FOUND)
    assert counts.labels == {"medical": 2, "non_medical": 1, "uncertain": 1}
    assert counts.kinds["mri"] == 2


def test_of_many_the_medical_come_first_and_logos_last() -> None:
    few = [
        found(1, label="non_medical", kind="logo", p_medical=0.02, width=300),
        found(2, label="non_medical", kind="chart", p_medical=0.01, width=300),
        found(3, label="medical", kind="ct", p_medical=0.9),
        found(4, label="non_medical", kind="photo", p_medical=0.3, width=40, height=40),
    ]
    more = [
        found(n, label="non_medical", kind="chart", p_medical=0.0, width=300) for n in range(5, 30)
    ]
    assert [each.number for each in Choice().of(few)] == [1, 2, 3, 4]
    order = [each.number for each in Choice().of([*few, *more])]
    assert order[0] == 3
    assert order[1] == 2
    assert order[-2:] == [4, 1]


def test_frames_of_one_loop_are_one_card() -> None:
    loop = [found(n, frame=n, source="cine.dcm", page=None) for n in range(1, 6)]
    other = [found(6, frame=0, source="other.dcm", page=None), found(7, source="cine.dcm")]
    cards = [(stack.front.number, len(stack.frames)) for stack in stacks([*loop, *other])]
    assert cards == [(3, 5), (6, 1), (7, 1)]


def test_frames_of_a_card_are_in_their_order_whatever_order_is_shown() -> None:
    loop = [found(n, frame=n, source="cine.dcm", page=None) for n in (4, 1, 3, 2, 5)]
    (stack,) = stacks(loop)
    assert [each.number for each in stack.frames] == [1, 2, 3, 4, 5]


def test_a_figure_is_found_by_the_kinds_of_its_panels() -> None:
    figure = compound(8)
    assert Choice(kinds=frozenset({"chart"})).of([figure]) == [figure]
    assert Choice(kinds=frozenset({"mri"})).of([figure]) == []
    assert LabelCounts.of([figure]).kinds == {"multipanel": 1, "ct": 1, "chart": 1}
    assert LabelCounts.of([figure]).labels == {"medical": 1}
