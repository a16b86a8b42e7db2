"""Many small pictures in one request."""

from __future__ import annotations

import json

import pytest

from medsift.core.record import Record
from medsift.sources.inputs import Input
from tests.server.serving import PNG, one_record, serving
from tests.server.test_refusals import assert_problem

pytestmark = pytest.mark.anyio

PATH = "/v1/classify/batch"


def look(item: Input) -> list[Record]:
    if item.error is not None:
        return [Record(item.source, status="skipped", reason=item.error.code, error="x")]
    first = one_record(item)
    return [*first, Record(source=item.source, frame=1)] if "anim" in item.source else first


async def test_each_picture_has_one_record_in_order() -> None:
    files = [("files", (f"{n}.png", PNG + bytes(n))) for n in range(150)]
    files[7] = ("files", ("anim.png", PNG))
    async with serving(look) as service:
        answer = await service.client.post(PATH, files=files)
        assert service.leftovers() == []
    records = answer.json()["records"]
    assert [record["source"] for record in records] == [name for _, (name, _) in files]
    assert records[7]["frame"] is None
    assert answer.json()["counts"]["medical"] == 150


async def test_a_document_is_told_from_a_picture_and_the_others_are_answered() -> None:
    files = [("files", ("a.pdf", b"%PDF-1.7\n")), ("files", ("b.png", PNG)), ("files", ("c", b""))]
    async with serving(look) as service:
        answer = await service.client.post(PATH, files=files)
    records = answer.json()["records"]
    assert [record["reason"] for record in records] == ["unsupported", "", "unsupported"]


async def test_records_can_be_had_as_they_come() -> None:
    files = [("files", (f"{n}.png", PNG)) for n in range(5)]
    async with serving(look) as service:
        answer = await service.client.post(f"{PATH}?stream=1&accept=ct", files=files)
    assert len([json.loads(line) for line in answer.text.splitlines()]) == 5


async def test_there_may_be_more_pictures_than_files_of_a_scan() -> None:
    files = [("files", ("a.png", PNG))] * 4
    async with serving(look, files=2, pictures=4) as service:
        assert (await service.client.post(PATH, files=files)).status_code == 200
        answer = await service.client.post(PATH, files=[*files, files[0]])
        assert_problem(answer, 413, "limit_exceeded")
        answer = await service.client.post("/v1/scan", files=files)
        assert_problem(answer, 413, "limit_exceeded")


async def test_a_picture_as_the_body_is_no_batch() -> None:
    async with serving(look) as service:
        answer = await service.client.post(PATH, content=PNG, headers={"content-type": "image/png"})
        assert_problem(answer, 415, "unsupported")
