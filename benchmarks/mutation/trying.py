"""Tests run against a copy of the project, each time in a fork that has loaded the libraries.

Loading NumPy, ONNX Runtime and the like takes longer than most tests: it is done once. What a
test covers is asked of coverage.py first, so that a mutant meets only tests that reach it, the
quickest first.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_LIBRARIES = (
    "numpy", "PIL.Image", "PIL.ImageFile", "PIL.TiffImagePlugin", "PIL.PngImagePlugin", "pi_heif",
    "pypdfium2", "pypdf", "pydicom", "pydicom.pixels", "justhtml", "olefile", "pebble", "httpx",
    "httpcore", "h2", "protego", "warcio", "tqdm", "hypothesis", "hypothesis.extra.numpy",
    "nibabel", "arro3.core", "arro3.io", "coverage", "asyncio", "multiprocessing", "email", "html",
)  # fmt: skip
_CPU_SECONDS = 60
_WALL_SECONDS = 600
_MEMORY = 6 << 30
_MARKS = "not train and not ray and not text and not e2e"
_CODES = (0, 1, 5)
"""Of pytest: all pass, some fail, there are none."""


@dataclass(slots=True, eq=False)
class Watched:
    """A plug-in of pytest: which tests failed, how long each took, and what it covered."""

    cover: Any = None
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Tell coverage whose lines the next ones are."""
        if self.cover is not None:
            self.cover.switch_context(item.nodeid)
        started = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - started

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what failed."""
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note modules that cannot even be imported."""
        if report.failed:
            self.failed.append(report.nodeid)


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of the tests of a package.

    Attributes
    ----------
    seconds : dict of str to float
        Tests that pass, and the processor time of each.
    lines : dict of str to dict of int to set of str
        Tests by module and line.
    digests : dict of str to str
        What these modules were like.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]
    digests: dict[str, str]

    def of(self, module: str, first: int, last: int) -> list[str]:
        """Tests that reach lines of a module."""
        by_line = self.lines.get(module, {})
        return [name for line in range(first, last + 1) for name in by_line.get(line, ())]

    def anywhere(self, module: str) -> list[str]:
        """Tests that reach a function of a module: lines that run on import matter to them all."""
        return [name for names in self.lines.get(module, {}).values() for name in names]


def load_libraries() -> None:
    """Load what tests need and mutants do not change."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    for name in (*_LIBRARIES, "onnxruntime"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def learn(copy: Path, test: str, store: Path, digests: Mapping[str, str]) -> None:
    """Run a module of tests once on sound code, and keep what its tests reach.

    Parameters
    ----------
    copy : Path
    test : str
        The module, below the copy.
    store : Path
        The file that keeps it.
    digests : mapping of str to str
        What modules are like.
    """
    from coverage import CoverageData

    run_to, cover = (copy.parent / name for name in ("learnt.run", "learnt.cov"))
    cover.unlink(missing_ok=True)
    _fork(copy, [test], run_to, cover=cover, limit=None)
    run = json.loads(run_to.read_text(encoding="utf-8"))
    if run["code"] not in _CODES:
        raise RuntimeError(f"the tests cannot be run: {run_to.with_suffix('.log')}")
    data = CoverageData(str(cover))
    data.read()
    root = copy / "src" / "medsift"
    lines = {}
    for file in data.measured_files():
        by_line = data.contexts_by_lineno(file)
        # What runs on import, before any test, has an empty name.
        by_line = {n: names for n, tests in by_line.items() if (names := [t for t in tests if t])}
        if by_line:
            lines[str(Path(file).relative_to(root))] = by_line
    passed = {name: s for name, s in run["seconds"].items() if name not in run["failed"]}
    kept = {"seconds": passed, "lines": lines, "digests": {name: digests[name] for name in lines}}
    store.write_text(json.dumps(kept), encoding="utf-8")
    recall.cache_clear()


@functools.cache
def recall(store: Path) -> Reached:
    """What was learnt of a module of tests."""
    row = json.loads(store.read_text(encoding="utf-8"))
    lines = {m: {int(n): names for n, names in by.items()} for m, by in row["lines"].items()}
    return Reached(row["seconds"], lines, row["digests"])


def failing(copy: Path, tests: Sequence[str], note: Path) -> str:
    """The first test that fails; ``time`` or ``crash`` where they do not end; empty for none."""
    note.unlink(missing_ok=True)
    ended = _fork(copy, ["-x", *tests], note, cover=None, limit=_WALL_SECONDS)
    if ended != "ended":
        return ended
    run = json.loads(note.read_text(encoding="utf-8"))
    return str(run["failed"][0]) if run["failed"] else "crash" if run["code"] else ""


def _fork(copy: Path, words: list[str], note: Path, cover: Path | None, limit: float | None) -> str:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            _run(copy, words, note, cover, limit)
        except BaseException:  # noqa: BLE001  nothing may come back into the parent's code
            traceback.print_exc()
        finally:
            os._exit(3)
    until = time.monotonic() + (limit or 1e9)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "time"
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # workers that it left behind
    if os.WIFSIGNALED(status):
        return "time" if os.WTERMSIG(status) == signal.SIGXCPU else "crash"
    return "ended" if note.is_file() else "crash"


def _run(copy: Path, words: list[str], note: Path, cover: Path | None, limit: float | None) -> None:
    """In the child: never returns to the caller's code."""
    os.setsid()
    os.chdir(copy)
    log = os.open(note.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for stream, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(stream, target)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    source = str(copy / "src")
    sys.path[:] = [source, *(p for p in sys.path if not p.endswith("/src"))]
    os.environ.update(PYTHONPATH=source, PYTHONDONTWRITEBYTECODE="1")
    # Plug-ins that these tests do not use take longer to load than most tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("COV_CORE_SOURCE", None)
    sys.dont_write_bytecode = limit is not None
    import hypothesis

    # The same examples each time, and no failure for a machine that is busy.
    hypothesis.settings.register_profile(
        "mutants", deadline=None, derandomize=True, database=None, max_examples=25,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    hypothesis.settings.load_profile("mutants")
    measured: Any = None
    if cover is not None:
        from coverage import Coverage

        measured = Coverage(data_file=str(cover), source=[f"{source}/medsift"], config_file=False)
        measured.start()
    watched = Watched(measured)
    quiet = ["-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider"]
    quiet += ["-p", "no:xdist", "--tb=short", "-m", _MARKS]
    code = pytest.main([*quiet, *words], plugins=[watched])
    if measured is not None:
        measured.stop()
        measured.save()
    seconds = {name: round(s, 4) for name, s in watched.seconds.items()}
    told = {"code": int(code), "failed": watched.failed, "seconds": seconds}
    note.write_text(json.dumps(told), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)
