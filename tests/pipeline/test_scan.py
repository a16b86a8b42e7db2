"""``medsift.scan``, in Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import medsift
from medsift.core.errors import ModelError, UsageError
from medsift.core.limits import MIB
from medsift.pipeline import local
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined
from medsift.pipeline.scan import examine_all, is_light
from medsift.sources.inputs import Input
from tests.samples import picture, write_folder


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr(local.LocalEngine, "run", refuse)


@pytest.mark.usefixtures("no_workers")
def test_a_few_small_images_do_not_pay_for_a_worker(tmp_path: Path) -> None:
    for n in range(3):
        picture(n).save(tmp_path / f"{n}.png")
    records = list(medsift.scan(tmp_path))
    assert [record.status for record in records] == ["ok"] * 3


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("name", ["a.tif", "a.pdf"])
def test_what_may_crash_its_parser_gets_a_worker(tmp_path: Path, name: str) -> None:
    picture(1).save(tmp_path / name)
    with pytest.raises(AssertionError, match="a worker was started"):
        list(medsift.scan(tmp_path / name))


def test_what_announces_many_pixels_or_frames_gets_a_worker(tmp_path: Path) -> None:
    frames = [picture(number) for number in range(3)]
    for name in ("a.gif", "a.webp", "a.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert not is_light(Input(name, path=tmp_path / name)), name
    frames[0].save(tmp_path / "single.webp")
    assert is_light(Input("single", path=tmp_path / "single.webp"))
    Image.new("1", (5000, 4000)).save(tmp_path / "large.png")
    assert not is_light(Input("large", path=tmp_path / "large.png"))


def test_a_long_file_gets_a_worker(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    picture(1).save(path)
    assert is_light(Input("a", path=path))
    with path.open("ab") as stream:
        stream.truncate(8 * MIB + 1)
    assert not is_light(Input("a", path=path))


def test_records_come_in_the_order_of_the_inputs_with_all_accounted_for(tmp_path: Path) -> None:
    count = write_folder(tmp_path)
    sources = list(dict.fromkeys(record.source for record in medsift.scan(tmp_path, workers=1)))
    assert sources == sorted(sources)
    assert len(sources) == count


@pytest.mark.parametrize(
    "settings", [{"treshold": 0.7}, {"threshold": 2}, {"workers": 0}, {"engine": "spark"}]
)
def test_an_impossible_option_is_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        medsift.scan("x.png", **settings)


def test_a_model_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        medsift.scan("x.png", model="no-such-model")


@pytest.mark.parametrize(
    ("inputs", "cores", "workers", "threads"),
    [(1, 8, 1, 8), (3, 8, 3, 2), (2, 2, 2, 1), (3, 2, 2, 1), (9, 16, 16, 1), (100, 16, 16, 1)],
)
def test_cores_that_no_input_keeps_busy_speed_up_the_networks(
    monkeypatch: pytest.MonkeyPatch, inputs: int, cores: int, workers: int, threads: int
) -> None:
    engines = []

    class Engine:
        def __init__(self, options: ScanOptions, threads: int = 1) -> None:
            engines.append((options.worker_count, threads))

        def run(self, items: Iterable[Input | None], _ahead: object) -> Iterator[Examined]:
            return (Examined(item, ()) for item in items if item is not None)

    monkeypatch.setattr(local, "LocalEngine", Engine)
    items = [Input(f"https://example.org/{number}") for number in range(inputs)]
    assert len(list(examine_all(items, ScanOptions(workers=cores)))) == inputs
    assert engines == [(workers, threads)]
