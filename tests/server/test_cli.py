"""What ``medsift serve`` refuses before it starts anything."""

from __future__ import annotations

import pytest

from medsift.cli import main
from medsift.core.errors import UsageError
from medsift.server import run as service
from medsift.server.settings import Settings


@pytest.fixture(autouse=True)
def never_served(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise AssertionError("it began to serve")

    monkeypatch.setattr(service, "serve", refuse)


@pytest.mark.parametrize(
    "words",
    [
        *(["--threshold", "7"], ["--threshold", "-1"], ["--workers", "0"], ["--workers", "-3"]),
        *(["--port", "99999"], ["--port", "-1"], ["--min-size", "-5"], ["--batch", "0"]),
        *(["--max-requests", "0"], ["--max-pictures", "0"], ["--remember", "-1"]),
        *(["--threshold-range", "0.9:0.5"], ["--threshold-range", "0:2"]),
        *(["--allow-origin", "example.org"], ["--allow-origin", "https://example.org/page"]),
        ["--allow-private"],
    ],
)
def test_values_that_cannot_be_are_refused_at_once(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == 2
    assert capsys.readouterr().err.startswith("medsift: ")


@pytest.mark.parametrize("words", [["--threshold-range", "x"], ["--port", "x"]])
def test_values_of_another_sort_are_refused_too(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["serve", *words])
    assert refusal.value.code == 2


@pytest.mark.parametrize("port", ["99999", "0", "-1"])
def test_the_app_refuses_ports_that_do_not_exist(port: str) -> None:
    pytest.importorskip("streamlit")
    assert main(["app", "--port", port]) == 2


@pytest.mark.parametrize("origin", ["*", "https://example.org", "http://localhost:3000"])
def test_origins_of_pages(origin: str) -> None:
    assert Settings(origins=(origin,)).origins == (origin,)


def test_a_threshold_that_cannot_be_is_refused_in_python() -> None:
    with pytest.raises(UsageError):
        Settings(threshold=7)
