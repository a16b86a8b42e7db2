from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import UsageError
from medsift.core.taxonomy import GROUPS, KINDS
from medsift.core.wanted import kinds_of, names_of, parts_of


def test_groups_hold_kinds_of_one_label() -> None:
    for name, kinds in GROUPS.items():
        label = "non_medical" if name == "non_medical" else "medical"
        assert {KINDS[kind].label for kind in kinds} == {label}
    assert GROUPS["medical"] | GROUPS["non_medical"] == set(KINDS)
    assert not GROUPS.keys() & KINDS.keys()


def test_names_are_separated_by_commas_and_told_once() -> None:
    assert names_of(" ct,eye , ct,") == ("ct", "eye")
    assert names_of(["ct", "eye"]) == ("ct", "eye")


@pytest.mark.parametrize("text", ["", ",", "x-ray", "ct,teeth", "CT"])
def test_names_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        names_of(text)


def test_two_kinds_that_make_a_group_are_judged_as_that_group() -> None:
    kinds = kinds_of(names_of("clinical_photo,dermatology,ct"))
    assert [name for name, _ in parts_of(kinds)] == ["skin", "ct"]


def test_the_largest_group_goes_first() -> None:
    kinds = kinds_of(names_of("medical,photo"))
    assert [name for name, _ in parts_of(kinds)] == ["medical", "photo"]


@given(st.sets(st.sampled_from(sorted({*KINDS, *GROUPS})), min_size=1))
def test_parts_hold_each_wanted_kind_once_and_no_other(names: set[str]) -> None:
    kinds = kinds_of(names)
    parts = [part for _, part in parts_of(kinds)]
    assert frozenset().union(*parts) == kinds
    assert sum(map(len, parts)) == len(kinds)
