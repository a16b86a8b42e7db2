"""What requests may ask for beyond their files: kinds that are wanted, another threshold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from medsift.classify.card import read_card
from medsift.core.record import Record
from medsift.server import app
from medsift.sources.inputs import Input
from tests.server.serving import PNG, Service, serving
from tests.server.test_refusals import assert_problem

pytestmark = pytest.mark.anyio

KINDS = {"ct": 0.55, "photo": 0.3, "mri": 0.15}


@pytest.fixture(autouse=True)
def card_without_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wanted is judged by the same bounds, whichever model ships."""
    monkeypatch.setattr(app, "read_card", lambda folder: replace(read_card(folder), accept={}))


def look(item: Input) -> list[Record]:
    record = Record(item.source, label="medical", p_medical=0.7, confidence=0.7, kind="ct")
    return [replace(record, p_kind=0.8, dicom_modality="CT", kinds=KINDS)]


async def one(service: Service, query: str) -> dict[str, Any]:
    answer = await service.client.post(f"/v1/classify?{query}", files={"file": ("a.png", PNG)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_all_kinds_are_told_largest_first() -> None:
    async with serving(look) as service:
        record = await one(service, "")
    assert record["kinds"] == KINDS
    assert list(KINDS) == list(record["kinds"])
    assert (record["decision"], record["decision_reason"]) == ("", "")


@pytest.mark.parametrize(
    ("query", "decision"),
    [
        ("accept=ct", "look"),
        ("accept=ct&threshold=0.5", "accept"),
        ("accept=ct&threshold=0.55", "accept"),
        ("accept=ct&threshold=0.56", "look"),
        ("accept=ct,mri", "look"),
        ("accept=ct&accept=mri&threshold=0.5", "accept"),
        ("accept=radiology", "accept"),
        ("accept=medical", "accept"),
        ("accept=skin", "reject"),
        ("accept=photo", "look"),
    ],
)
async def test_what_is_wanted_is_accepted(query: str, decision: str) -> None:
    async with serving(look) as service:
        record = await one(service, query)
    assert record["decision"] == decision
    assert str(record["decision_reason"]).endswith(".")
    assert record["label"] == "medical"


async def test_a_scan_decides_too_and_so_does_its_stream() -> None:
    files = [("files", (f"{n}.png", PNG)) for n in range(3)]
    async with serving(look) as service:
        path = "/v1/scan?accept=skin"
        answer = (await service.client.post(path, files=files)).json()
        lines = (await service.client.post(f"{path}&stream=1", files=files)).text.splitlines()
    rows = [*answer["records"], *map(json.loads, lines)]
    assert [row["decision"] for row in rows] == ["reject"] * 6


async def test_a_file_that_cannot_be_read_is_rejected_in_a_scan() -> None:
    failed = Record("a", status="failed", reason="undecodable", error="undecodable: x")
    async with serving(lambda _: [failed]) as service:
        answer = await service.client.post("/v1/scan?accept=ct", files={"files": PNG})
    (record,) = answer.json()["records"]
    assert record["decision"] == "reject"
    assert record["kinds"] is None


@pytest.mark.parametrize(
    "query",
    [
        *("accept=", "accept=teeth", "accept=ct,teeth", "threshold=x", "threshold=nan"),
        *("threshold=0.2", "threshold=0.95", "accept=ct&threshold=7", "accepts=ct"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/scan", "/v1/classify", "/v1/classify/batch"])
async def test_wishes_that_cannot_be_granted(path: str, query: str) -> None:
    async with serving(look, thresholds=(0.3, 0.9)) as service:
        answer = await service.client.post(f"{path}?{query}", files={"file": PNG})
        assert_problem(answer, 422, "invalid_request")


async def test_a_threshold_alone_makes_labels_uncertain() -> None:
    async with serving(look) as service:
        below, above = await one(service, "threshold=0.7"), await one(service, "threshold=0.71")
    assert (below["label"], below["reason"]) == ("medical", "")
    assert (above["label"], above["reason"]) == ("uncertain", "low_confidence")
    assert above["p_kind"] == 0.55


async def test_the_model_tells_its_limits() -> None:
    async with serving(thresholds=(0.3, 0.9)) as service:
        answer = (await service.client.get("/v1/model")).json()
    assert answer["limits"]["thresholds"] == [0.3, 0.9]
    assert isinstance(answer["accept"], dict)
