"""What the service answers to good requests."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from medsift.core.record import FIELDS, Record
from medsift.sources.inputs import Input
from tests.server.serving import PNG, serving

pytestmark = pytest.mark.anyio


async def test_a_form_with_a_picture_gets_its_record() -> None:
    async with serving() as service:
        answer = await service.client.post("/v1/classify", files={"file": ("a.png", PNG)})
    assert answer.status_code == 200
    record = answer.json()
    assert list(record) == list(FIELDS)
    assert (record["source"], record["label"], record["width"]) == ("a.png", "medical", len(PNG))


async def test_a_body_that_is_a_picture_gets_its_record() -> None:
    headers = {"content-type": "image/png"}
    async with serving() as service:
        answer = await service.client.post("/v1/classify", content=PNG, headers=headers)
    assert (answer.status_code, answer.json()["width"]) == (200, len(PNG))


async def test_a_scan_answers_in_the_order_of_the_files() -> None:
    files = [("files", (f"{n}.png", PNG + bytes(n))) for n in range(20)]
    async with serving(batch=3) as service:
        answer = (await service.client.post("/v1/scan", files=files)).json()
    assert [record["source"] for record in answer["records"]] == [f"{n}.png" for n in range(20)]
    assert answer["counts"]["medical"] == 20


async def test_files_of_the_same_name_are_told_apart() -> None:
    files = [("files", ("a.png", PNG)), ("files", ("a.png", PNG + b"more"))]
    async with serving() as service:
        answer = (await service.client.post("/v1/scan", files=files)).json()
    assert [record["width"] for record in answer["records"]] == [len(PNG), len(PNG) + 4]


@pytest.mark.parametrize("how", [{"params": {"stream": "1"}}, {"headers": {"accept": "*/*"}}])
async def test_a_stream_has_one_record_a_line(how: dict[str, dict[str, str]]) -> None:
    if "headers" in how:
        how = {"headers": {"accept": "application/x-ndjson"}}
    files = [("files", (f"{n}.png", PNG)) for n in range(5)]
    async with serving() as service:
        answer = await service.client.post("/v1/scan", files=files, **how)  # type: ignore[arg-type]
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert sorted(line["source"] for line in lines) == [f"{n}.png" for n in range(5)]


async def test_names_are_given_back_as_they_were_but_for_control_characters() -> None:
    files = [("files", ("Röntgen/../../x.png", PNG))]
    async with serving() as service:
        answer = (await service.client.post("/v1/scan", files=files)).json()
        seen = service.dispatcher.jobs[0].item.path
        assert seen is not None
        assert seen.is_relative_to(service.dispatcher.folder)
    assert answer["records"][0]["source"] == "Röntgen/../../x.png"


async def test_no_file_outlives_its_request() -> None:
    files = [("files", ("a.png", PNG)), ("files", ("b.png", PNG))]
    async with serving() as service:
        await service.client.post("/v1/scan", files=files)
        await service.client.post("/v1/scan", files=files, params={"stream": "1"})
        await service.client.post("/v1/classify", files={"file": PNG})
        await service.client.post("/v1/scan", files=files, params={"stream": "neither"})
        assert service.leftovers() == []


async def test_the_temporary_folder_goes_with_the_service(own_temporary_folder: Path) -> None:
    async with serving():
        assert len(list(own_temporary_folder.iterdir())) == 1
    assert list(own_temporary_folder.iterdir()) == []


async def test_addresses_are_scanned_where_the_operator_allows_it() -> None:
    def look(item: Input) -> list[Record]:
        assert item.is_url
        return [Record(source=item.source)]

    urls = ["https://example.org/a", "http://example.org/b.pdf"]
    async with serving(look, allow_urls=True) as service:
        answer = await service.client.post("/v1/scan", json={"urls": urls})
        assert not service.dispatcher._light
    assert [record["source"] for record in answer.json()["records"]] == urls


async def test_the_model_and_the_limits_are_told() -> None:
    async with serving(files=7) as service:
        answer = (await service.client.get("/v1/model")).json()
    assert {"xray", "photo"} <= {kind["name"] for kind in answer["kinds"]}
    assert answer["limits"]["files"] == 7
    assert answer["limits"]["urls"] is False


async def test_health_and_metrics() -> None:
    async with serving() as service:
        assert (await service.client.get("/healthz")).status_code == 200
        assert (await service.client.get("/readyz")).json() == {"status": "ok"}
        await service.client.post("/v1/classify", files={"file": ("a.png", PNG)})
        text = (await service.client.get("/metrics")).text
    assert 'medsift_records_total{label="medical",status="ok"} 1.0' in text
    assert 'medsift_requests_total{method="POST",route="/v1/classify",status="200"} 1.0' in text
    assert "medsift_requests_active 0.0" in text
    assert "medsift_spooled_bytes 0.0" in text


async def test_documentation_fetches_nothing_from_elsewhere() -> None:
    async with serving() as service:
        page = (await service.client.get("/docs")).text
        assert "http://" not in page.replace("http://service", "")
        assert "https://" not in page
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
            assert f"/docs/static/{name}" in page
            assert (await service.client.get(f"/docs/static/{name}")).status_code == 200


async def test_a_request_keeps_its_identifier() -> None:
    async with serving() as service:
        given = await service.client.get("/healthz", headers={"x-request-id": "abc-1"})
        odd = await service.client.get("/healthz", headers={"x-request-id": "a\tb c"})
    assert given.headers["x-request-id"] == "abc-1"
    assert odd.headers["x-request-id"] != "a\tb c"


async def test_logs_tell_nothing_of_contents(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "medsift.server")
    files = [("files", ("Jane Doe.png", PNG + b"secret"))]
    async with serving(allow_urls=True) as service:
        await service.client.post("/v1/scan?stream=0", files=files, headers={"x-name": "Jane"})
        await service.client.post("/v1/scan", json={"urls": ["ftp://Jane"]})
        await service.client.get("/Jane")
    rows = [{**getattr(record, "fields", {}), "": record.getMessage()} for record in caplog.records]
    requests = [row for row in rows if row[""] == "request"]
    assert [row["status"] for row in requests] == [200, 422, 404]
    assert requests[0]["records"] == {"medical": 1}
    assert "Jane" not in str(rows)
    assert "secret" not in str(rows)
