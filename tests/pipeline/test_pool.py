"""What ended a task early, as the fault of an input."""

from __future__ import annotations

from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool

import pytest
from pebble import ProcessExpired

from medsift.core.errors import (
    CrashedError,
    DecodeError,
    InputError,
    ModelError,
    OutputError,
    TimedOutError,
)
from medsift.pipeline.pool import PoolBrokenError, fault_of


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (TimeoutError(), TimedOutError, "time limit"),
        (FutureTimeoutError(), TimedOutError, "time limit"),
        (ProcessExpired("gone", code=9), CrashedError, r"exit code 9"),
        (BrokenProcessPool(), PoolBrokenError, "could not be started"),
        (CancelledError(), PoolBrokenError, "could not be started"),
        (MemoryError(), CrashedError, "memory"),
        (ZeroDivisionError("Secret"), CrashedError, "unexpectedly: ZeroDivisionError$"),
    ],
)
def test_each_end_has_its_fault(error: BaseException, kind: type[InputError], told: str) -> None:
    fault = fault_of(error)
    assert type(fault) is kind
    with pytest.raises(kind, match=told):
        raise fault


def test_a_fault_of_the_input_stays_what_it_is() -> None:
    error = DecodeError("damaged")
    assert fault_of(error) is error


@pytest.mark.parametrize("error", [ModelError("no model"), OutputError("no room")])
def test_what_no_input_is_to_blame_for_ends_the_scan(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        fault_of(error)
    assert caught.value is error
