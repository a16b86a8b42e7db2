"""The OpenAPI document, and the service held against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from medsift.core.record import FIELDS
from medsift.server.app import create_app
from medsift.server.schema import RecordModel
from medsift.server.settings import Settings
from tests.server.process import running

TOKEN = "a token of some length"


def test_records_are_documented_field_by_field() -> None:
    assert list(RecordModel.model_fields) == list(FIELDS)
    assert all(field.description for field in RecordModel.model_fields.values())


def test_each_path_is_documented_with_examples() -> None:
    document = create_app(Settings(token=TOKEN)).openapi()
    assert sorted(document["paths"]) == [
        "/healthz",
        "/metrics",
        "/readyz",
        "/v1/classify",
        "/v1/model",
        "/v1/scan",
    ]
    scan = document["paths"]["/v1/scan"]["post"]
    assert {"200", "400", "401", "403", "408", "413", "415", "422", "429", "507"} <= set(
        scan["responses"]
    )
    assert "example" in scan["responses"]["200"]["content"]["application/json"]
    assert scan["security"] == [{"bearer": []}]
    assert "security" not in document["paths"]["/healthz"]["get"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    folder = str(tmp_path_factory.mktemp("temporary"))
    with running("--workers", "1", TMPDIR=folder, MEDSIFT_TOKEN=TOKEN) as service:
        yield schemathesis.openapi.from_url(f"{service.url}/openapi.json")
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        problems = [row for row in service.rows if row["level"] == "error"]
        assert problems == []
    assert list(Path(folder).iterdir()) == []


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_service_does_as_its_document_says(case: Case[Any]) -> None:
    case.call_and_validate(headers={"authorization": f"Bearer {TOKEN}"})
