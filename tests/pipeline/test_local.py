"""The local engine survives the loss of any worker."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import OutputError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.pipeline import local
from medsift.pipeline.local import LocalEngine
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined
from medsift.sources.inputs import Input
from tests.pipeline import misbehaving
from tests.pipeline.misbehaving import task


def engine(workers: int = 1, seconds: float = 30) -> LocalEngine:
    limits = replace(DEFAULT_LIMITS, seconds=seconds)
    return LocalEngine(ScanOptions(workers=workers, limits=limits), task=task)


def inputs(*names: str) -> list[Input]:
    return [Input(name, path=Path(name)) for name in names]


def statuses(found: list[Examined]) -> list[tuple[str, str]]:
    return [
        (examined.item.source, outcome.record.reason or outcome.record.status)
        for examined in found
        for outcome in examined.outcomes
    ]


def test_results_come_in_the_order_of_the_inputs() -> None:
    names = [f"{i}.{'png' if i % 5 else 'pdf'}" for i in range(60)]
    found = list(engine(workers=2).run(inputs(*names)))
    assert [examined.item.source for examined in found] == names


def test_a_crash_costs_only_the_input_at_fault() -> None:
    found = list(engine().run(inputs("a.png", "crash.png", "b.png", "c.png")))
    assert statuses(found) == [
        ("a.png", "ok"),
        ("crash.png", "crashed"),
        ("b.png", "ok"),
        ("c.png", "ok"),
    ]


def test_a_crash_spares_the_inputs_whose_batch_was_not_full() -> None:
    names = ["a.png", "b.png", "c.png", "d.png", "crash.png", "e.png"]
    run = LocalEngine(ScanOptions(workers=1), task=misbehaving.task_in_batches).run
    assert statuses(list(run(inputs(*names)))) == [
        (name, "crashed" if name == "crash.png" else "ok") for name in names
    ]


def test_a_hang_costs_only_the_input_at_fault() -> None:
    found = list(engine(seconds=2).run(inputs("a.png", "hang.png", "b.png")))
    assert statuses(found) == [("a.png", "ok"), ("hang.png", "timed_out"), ("b.png", "ok")]


def test_running_out_of_memory_costs_only_the_input_at_fault() -> None:
    found = list(engine().run(inputs("memory.pdf", "b.pdf")))
    assert statuses(found) == [("memory.pdf", "crashed"), ("b.pdf", "ok")]


def test_a_fault_that_nobody_foresaw_costs_only_the_input_at_fault() -> None:
    found = list(engine().run(inputs("unforeseen.png", "b.png")))
    assert statuses(found) == [("unforeseen.png", "crashed"), ("b.png", "ok")]


def test_a_worker_that_ends_without_results_is_noticed() -> None:
    found = list(engine().run(inputs("silent.png", "b.png")))
    assert statuses(found) == [("silent.png", "crashed"), ("b.png", "ok")]


def test_a_full_disk_ends_the_run_with_its_reason() -> None:
    with pytest.raises(OutputError, match="temporary folder"):
        list(engine().run(inputs("full-disk.pdf", "b.pdf")))


def test_a_worker_that_is_killed_at_its_start_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSIFT_TEST_MARKER", str(tmp_path / "tried"))
    monkeypatch.setattr(local, "set_up", misbehaving.die_at_first_start)
    found = list(engine().run(inputs("a.pdf", "b.pdf", "c.png")))
    assert statuses(found) == [("a.pdf", "ok"), ("b.pdf", "ok"), ("c.png", "ok")]


def test_workers_that_never_start_fail_every_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "set_up", misbehaving.die_at_every_start)
    found = list(engine().run(inputs("a.pdf", "b.pdf")))
    assert statuses(found) == [("a.pdf", "crashed"), ("b.pdf", "crashed")]


def test_a_pool_that_broke_before_it_did_some_work_may_break_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSIFT_TEST_MARKER", str(tmp_path / "starts"))
    monkeypatch.setattr(local, "set_up", misbehaving.die_at_some_starts)
    found = list(engine().run(inputs("a.pdf", "crash.pdf", "b.pdf")))
    assert statuses(found) == [("a.pdf", "ok"), ("crash.pdf", "crashed"), ("b.pdf", "ok")]


def test_inputs_that_fit_the_time_limit_alone_are_all_done() -> None:
    names = [f"slow{number}.png" for number in range(4)]
    found = list(engine(seconds=1.8 * misbehaving.SLOW_SECONDS).run(inputs(*names)))
    assert statuses(found) == [(name, "ok") for name in names]


def test_kills_from_outside_fail_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSIFT_TEST_MARKER", str(tmp_path / "kills"))
    names = ["a.png", "killed-twice.png", "b.png"]
    assert statuses(list(engine().run(inputs(*names)))) == [(name, "ok") for name in names]


def test_one_that_runs_out_of_memory_among_others_fails_alone() -> None:
    found = list(engine().run(inputs("a.png", "memory.png", "b.png")))
    assert statuses(found) == [("a.png", "ok"), ("memory.png", "crashed"), ("b.png", "ok")]


def test_what_is_done_behind_a_slow_input_is_told_before_its_turn() -> None:
    told: list[str] = []
    items = inputs("hang.pdf", *[f"{number}.pdf" for number in range(5)])
    stream = engine(workers=2, seconds=4).run(items, lambda each: told.append(each.item.source))
    first = next(stream)
    assert first.item.source == "hang.pdf"
    assert sorted(told) == [f"{number}.pdf" for number in range(5)]
    assert len(list(stream)) == 5
    assert len(told) == 5


def test_what_is_done_is_told_when_nobody_wants_more() -> None:
    told: list[str] = []
    names = [f"{number}.png" for number in range(20)]
    stream = engine().run(inputs(*names), lambda each: told.append(each.item.source))
    first = next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert first.item.source not in told
    # The rest of its task, perhaps some of the next one.
    assert told[:15] == names[1:16]


def test_what_is_known_already_comes_at_its_turn() -> None:
    known = Examined(Input("known"), [], earlier=True)
    found = list(engine().run([*inputs("a.png"), known, *inputs("b.pdf")]))
    assert [examined.item.source for examined in found] == ["a.png", "known", "b.pdf"]
    assert found[1] is known


def test_what_was_found_before_a_crash_is_kept() -> None:
    (examined,) = engine().run(inputs("found-first-crash.pdf"))
    assert [o.record.locator for o in examined.outcomes] == ["before", ""]
    assert [o.record.status for o in examined.outcomes] == ["ok", "failed"]


def test_inputs_are_read_only_a_bounded_way_ahead() -> None:
    taken = 0

    def endless() -> Iterator[Input]:
        nonlocal taken
        while True:
            taken += 1
            yield Input(f"{taken}.pdf", path=Path("x"))

    stream = engine().run(endless())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert taken < 100


def test_no_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = engine().run(inputs("a.png", "b.pdf"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_a_script_without_a_main_guard_is_not_run_again_by_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('started')\n"
        "from pathlib import Path\n"
        "from tests.pipeline.misbehaving import task\n"
        "from medsift.pipeline.local import LocalEngine\n"
        "from medsift.pipeline.options import ScanOptions\n"
        "from medsift.sources.inputs import Input\n"
        "engine = LocalEngine(ScanOptions(workers=2), task=task)\n"
        "print(len(list(engine.run([Input('a.pdf', path=Path('a')), Input('b.pdf')]))))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("started\n2\n", 0), done.stderr
