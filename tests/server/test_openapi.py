"""The OpenAPI document, and the service held against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from medsift.core.record import FIELDS
from medsift.server.app import create_app
from medsift.server.schema import RecordModel
from medsift.server.settings import Settings
from tests.server.process import running

TOKEN = "a token of some length"
EXAMPLES = 8
# Bytes of chance are no picture, and addresses are not allowed: good data may be refused. And
# what is no longer good data as JSON may be as a form, where a list of one is its only member.
EXCLUDED = [positive_data_acceptance, negative_data_rejection]


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
        "/v1/classify/batch",
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
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("temporary")
    with running("--workers", "1", TMPDIR=str(folder), MEDSIFT_TOKEN=TOKEN) as service:
        yield schemathesis.openapi.from_url(f"{service.url}/openapi.json")
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        assert [row for row in service.rows if row["level"] == "error"] == []
    assert list(folder.iterdir()) == []


_WORK = ("/v1/scan", "/v1/classify", "/v1/classify/batch")
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
_GETS = ("/v1/model", "/healthz", "/readyz", "/metrics")
_CASES = [
    *(("POST", path, mode) for path in _WORK for mode in _MODES),
    *(("GET", path, GenerationMode.POSITIVE) for path in _GETS),
]


@pytest.mark.parametrize(("method", "path", "mode"), _CASES)
def test_the_service_does_as_its_document_says(
    api: Any, method: str, path: str, mode: GenerationMode
) -> None:
    operation = api[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        shown = {"authorization": f"Bearer {TOKEN}"}
        answer = case.call(headers=shown, timeout=120)
        case.validate_response(answer, excluded_checks=EXCLUDED, headers=shown)

    check()
