"""The same bytes are judged once, where the operator says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.core.record import Record
from medsift.server.remembered import Remembered, key_of
from tests.server.serving import PNG, Service, serving

pytestmark = pytest.mark.anyio


async def classified(service: Service, name: str, content: bytes, query: str = "") -> object:
    answer = await service.client.post(f"/v1/classify{query}", files={"file": (name, content)})
    return answer.json()


async def test_nothing_is_remembered_by_default() -> None:
    async with serving() as service:
        for _ in range(2):
            await classified(service, "a.png", PNG)
        assert len(service.dispatcher.jobs) == 2


async def test_the_same_bytes_are_judged_once_and_keep_their_own_name() -> None:
    async with serving(remember=10) as service:
        first = await classified(service, "a.png", PNG)
        second = await classified(service, "b.png", PNG)
        await classified(service, "c.png", PNG + b"more")
        assert len(service.dispatcher.jobs) == 2
        text = (await service.client.get("/metrics")).text
    assert isinstance(first, dict)
    assert second == {**first, "source": "b.png"}
    assert "medsift_files_remembered_total 1.0" in text


async def test_wishes_are_those_of_each_request() -> None:
    async with serving(remember=10) as service:
        for query, decision in (("", ""), ("?accept=ct", "reject"), ("?accept=skin", "reject")):
            record = await classified(service, "a.png", PNG, query)
            assert isinstance(record, dict)
            assert record["decision"] == decision
        assert len(service.dispatcher.jobs) == 1


async def test_a_scan_mixes_what_is_known_and_what_is_new_in_order() -> None:
    files = [("files", (f"{n}.png", PNG + bytes(n))) for n in range(6)]
    async with serving(remember=10) as service:
        await service.client.post("/v1/scan", files=files[1:4])
        answer = (await service.client.post("/v1/scan", files=files)).json()
        assert len(service.dispatcher.jobs) == 6
    assert [record["source"] for record in answer["records"]] == [f"{n}.png" for n in range(6)]
    assert [record["width"] for record in answer["records"]] == [len(PNG) + n for n in range(6)]


async def test_what_may_end_otherwise_next_time_is_not_remembered() -> None:
    lost = Record("a", status="failed", reason="timed_out", error="timed_out: x")
    async with serving(lambda _: [lost], remember=10) as service:
        for _ in range(2):
            await classified(service, "a.png", PNG)
        assert len(service.dispatcher.jobs) == 2


def test_the_oldest_is_forgotten_first() -> None:
    remembered = Remembered(2)
    keys = [(str(n), "") for n in range(3)]
    for key in keys[:2]:
        remembered.keep(key, [Record("a")])
    assert remembered.recall(keys[0], "x") == [Record("x")]
    remembered.keep(keys[2], [Record("a")])
    assert remembered.recall(keys[1], "x") is None
    assert remembered.recall(keys[0], "x") is not None


def test_files_with_many_pictures_are_not_kept() -> None:
    remembered = Remembered(2)
    remembered.keep(("k", ""), [Record("a")] * 101)
    assert remembered.recall(("k", ""), "x") is None


def test_the_same_bytes_under_another_suffix_may_be_another_type(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(b"abc")
    assert key_of("a.TXT", path) == key_of("b.txt", path)
    assert key_of("a.txt", path) != key_of("a.html", path)
