"""Public names that are loaded when they are first used."""

from __future__ import annotations

import pytest

from medsift.core.lazy import attach


def test_a_name_is_loaded_when_it_is_used() -> None:
    get, directory = attach("package", {"Fraction": "fractions", "sqrt": "cmath"})
    from fractions import Fraction

    assert get("Fraction") is Fraction
    assert directory() == ["Fraction", "sqrt"]


def test_an_unknown_name_is_an_attribute_error_that_names_the_package() -> None:
    get, _ = attach("package", {})
    with pytest.raises(AttributeError, match="'package' has no attribute 'nothing'"):
        get("nothing")
