from __future__ import annotations

import pytest

from medsift.core import errors
from medsift.core.errors import InputError, MedsiftError

INPUT_ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, InputError) and value is not InputError
]


def test_everything_raised_on_purpose_has_one_base() -> None:
    raised = [
        v for v in vars(errors).values() if isinstance(v, type) and v.__module__ == errors.__name__
    ]
    assert all(issubclass(error, MedsiftError) for error in raised)


@pytest.mark.parametrize("error", INPUT_ERRORS)
def test_every_fault_of_an_input_has_a_code_of_its_own(error: type[InputError]) -> None:
    assert error.code != InputError.code
    assert [other for other in INPUT_ERRORS if other.code == error.code] == [error]
    assert error.code.replace("_", "").isalpha()
    assert error.code.islower()


@pytest.mark.parametrize("error", INPUT_ERRORS)
def test_the_drawing_at_the_top_of_the_module_shows_every_fault(error: type[InputError]) -> None:
    assert errors.__doc__
    (line,) = [line for line in errors.__doc__.splitlines() if f" {error.__name__} " in line]
    assert error.code in line.split()


@pytest.mark.parametrize(
    "code",
    [
        "not_found",
        "unreadable",
        "unsupported",
        "undecodable",
        "encrypted",
        "limit_exceeded",
        "fetch_failed",
        "timed_out",
        "crashed",
    ],
)
def test_codes_that_users_rely_on_stay(code: str) -> None:
    assert code in {error.code for error in INPUT_ERRORS}


def test_a_record_gets_code_and_sentence() -> None:
    error = errors.DecodeError("the file ends early")
    assert error.record_text == "undecodable: the file ends early"


def test_a_sentence_over_several_lines_becomes_one_line() -> None:
    assert errors.DecodeError("two\n  lines\tand a tab ").record_text == (
        "undecodable: two lines and a tab"
    )


@pytest.mark.parametrize("arguments", [(), ("",), (" \n",)])
def test_without_a_sentence_there_is_the_code_alone(arguments: tuple[str, ...]) -> None:
    assert errors.CrashedError(*arguments).record_text == "crashed"


@pytest.mark.parametrize("error", [errors.UsageError, errors.ModelError, errors.OutputError])
def test_a_fault_of_the_caller_is_not_one_of_an_input(error: type[MedsiftError]) -> None:
    assert not issubclass(error, InputError)
