"""Do the tests notice? Small faults are put into the code, one at a time, and tests are run.

    python benchmarks/mutation/mutate.py --package decode --count 8
    python benchmarks/mutation/mutate.py --again               # only those that were not killed
    python benchmarks/mutation/mutate.py --table               # results.md out of what is known

The faults are those of cosmic-ray (``pip install cosmic-ray``; it is in no extra). They are made in
a copy of the working tree. Each meets the tests named like its module, then those of its package
that reach its line, then those of other packages that do, as far as these are known.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant, remade, sampled, stands
from table import EQUIVALENT, FIELDS, RESULTS, Row, known, written
from trying import Reached, failing, learn, load_libraries, recall

ROOT = Path(__file__).resolve().parents[2]
_ENOUGH_SECONDS = 40.0
"""Of tests that one mutant meets, the quickest first: half a test run for each would take weeks."""


@dataclass(frozen=True, slots=True)
class Package:
    """Modules that are looked at together, and the tests that mirror them; both as patterns."""

    modules: str
    tests: str
    elsewhere: str = ""


PACKAGES = {
    "core": Package("core/*.py", "tests/core/test_*.py"),
    "decode": Package("decode/*.py", "tests/decode/test_*.py"),
    "classify": Package(
        "classify/*.py", "tests/classify/test_*.py", "tests/adaptation/test_memory.py"
    ),
    "report": Package("report/*.py", "tests/report/test_*.py"),
    "dicom": Package(
        "sources/dicom/*.py", "tests/sources/test_dicom*.py", "tests/sources/test_series.py"
    ),
    "pipeline": Package("pipeline/**/*.py", "tests/pipeline/test_*.py"),
    "pdf": Package("sources/pdf/**/*.py", "tests/sources/pdf/**/test_*.py"),
    "web": Package("sources/web/**/*.py", "tests/sources/web/**/test_*.py"),
}


class Bench:
    """A copy of the project in which modules are exchanged, and what its tests reach."""

    def __init__(self, folder: Path) -> None:
        self.copy = folder / "medsift"
        self.notes = folder / "notes"
        self.notes.mkdir(parents=True, exist_ok=True)
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
        shutil.rmtree(self.copy, ignore_errors=True)
        for name in listed:
            if (ROOT / name).is_file():
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.copy / name)
        compileall.compile_dir(self.copy / "src", quiet=2)
        self._digests = {
            str(path.relative_to(self.source)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.source.rglob("*.py")
        }

    @property
    def source(self) -> Path:
        """Where the modules are."""
        return self.copy / "src" / "medsift"

    def modules(self, package: str) -> list[str]:
        """Modules of a package, below the source."""
        found = self.source.glob(PACKAGES[package].modules)
        return sorted(str(path.relative_to(self.source)) for path in found)

    def tests(self, package: str) -> list[str]:
        """Modules of tests of a package."""
        mirrors = PACKAGES[package]
        found = [
            path for p in (mirrors.tests, mirrors.elsewhere) if p for path in self.copy.glob(p)
        ]
        return sorted(str(path.relative_to(self.copy)) for path in found)

    def mirrors(self, package: str, module: str) -> list[str]:
        """Modules of tests that are named like a module."""
        stem = Path(module).stem
        names = (f"test_{stem}", f"test_dicom_{stem}")
        return [
            test
            for test in self.tests(package)
            if Path(test).stem in names or Path(test).stem.startswith(f"test_{stem}_")
        ]

    def killer(self, package: str, mutant: Mutant, *, quick: bool) -> str | None:
        """The test that fails with a mutant; empty where all pass, None where few were asked."""
        mirrors = self.mirrors(package, mutant.module)
        mirroring = self._reached(mirrors)
        at_line = _at_line(mirroring, mutant) or [set() for _ in mirroring]
        # What runs on import or in other processes, coverage.py does not see: then all others.
        others = [set(r.seconds) - seen for r, seen in zip(mirroring, at_line, strict=True)]
        for chosen in (at_line, others):
            if killer := self._first_failing(mutant, mirroring, chosen):
                return killer
        if quick:
            return None
        every = [test for p in PACKAGES for test in self.tests(p) if test not in mirrors]
        known = self._reached(every, run=False)
        at_line = _at_line(known, mutant)
        chosen = at_line or [set(r.anywhere(mutant.module)) for r in known]
        if killer := self._first_failing(mutant, known, chosen):
            return killer
        # Those of its package that nothing is known of, one by one, the nearest first.
        for test in sorted(self.tests(package), key=lambda t: _apart(t, mutant.module)):
            if test in mirrors or self._reached([test], run=False):
                continue
            (found,) = self._reached([test])
            here = _at_line([found], mutant)
            at_line = at_line or here
            chosen = here or ([] if at_line else [set(found.anywhere(mutant.module))])
            if chosen and (killer := self._first_failing(mutant, [found], chosen)):
                return killer
        return ""

    def _reached(self, tests: list[str], *, run: bool = True) -> list[Reached]:
        """What modules of tests reach; those that are not known are run, or left out.

        Known is what was learnt of the same tests while all modules that they reach were the same.
        """
        stores = {}
        for test in tests:
            digest = hashlib.sha256((self.copy / test).read_bytes()).hexdigest()
            name = test.replace("/", ".").removesuffix(".py")
            stores[test] = self.notes / f"{name}-{digest[:12]}.json"
        known = {test: recall(store) for test, store in stores.items() if store.is_file()}
        known = {test: r for test, r in known.items() if r.digests.items() <= self._digests.items()}
        unknown = {test: store for test, store in stores.items() if test not in known}
        for test, store in unknown.items() if run else ():
            learn(self.copy, test, store, self._digests)
            known[test] = recall(store)
        return list(known.values())

    def _first_failing(self, mutant: Mutant, known: list[Reached], chosen: list[set[str]]) -> str:
        tests = self._quickest(known, chosen)
        if not tests:
            return ""
        with self._mutated(mutant):
            return failing(self.copy, tests, self.notes / "mutant.json")

    @contextmanager
    def _mutated(self, mutant: Mutant) -> Iterator[None]:
        path = self.source / mutant.module
        sound = path.read_text(encoding="utf-8")
        try:
            path.write_text(mutant.code, encoding="utf-8")
            for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
                cached.unlink()
            yield
        finally:
            path.write_text(sound, encoding="utf-8")
            compileall.compile_file(path, quiet=2)

    @staticmethod
    def _quickest(known: list[Reached], chosen: list[set[str]]) -> list[str]:
        """Tests that pass on sound code, as many as there is time for."""
        seconds = {
            name: r.seconds[name]
            for r, names in zip(known, chosen, strict=True)
            for name in names & set(r.seconds)
        }
        tests: list[str] = []
        total = 0.0
        for name in sorted(seconds, key=lambda n: (seconds[n], n)):
            if tests and total + seconds[name] > _ENOUGH_SECONDS:
                break
            tests.append(name)
            total += seconds[name]
        return tests


def _at_line(known: list[Reached], mutant: Mutant) -> list[set[str]]:
    """Tests of each module of tests that reach the line; empty where there is none at all."""
    if mutant.on_import:
        return []
    found = [set(r.of(mutant.module, mutant.first, mutant.last)) & set(r.seconds) for r in known]
    return found if any(found) else []


def _apart(test: str, module: str) -> tuple[int, str]:
    """How far a module of tests is from another module, by their folders."""
    theirs, own = Path(test).parts[1:-1], Path(module).parts[:-1]
    alike = sum(1 for one, other in zip(theirs, own, strict=False) if one == other)
    return len(own) - alike, test


def main() -> None:
    """Try mutants, and note what became of them."""
    parser = argparse.ArgumentParser(description="small faults, and whether tests notice them")
    parser.add_argument("--package", action="append", choices=sorted(PACKAGES), default=[])
    parser.add_argument("--count", type=int, default=5, help="mutants of a module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="only those that were not killed")
    parser.add_argument("--quick", action="store_true", help="only tests named like the module")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin none after so long")
    parser.add_argument("--folder", type=Path, help="for the copy; kept, with what tests reach")
    parser.add_argument("--table", action="store_true", help="only write the table")
    arguments = parser.parse_args()
    rows = known(RESULTS)
    if not arguments.table:
        load_libraries()
        folder = arguments.folder or Path(tempfile.mkdtemp(prefix="mutants-"))
        bench = Bench(folder.resolve())
        try:
            until = time.monotonic() + arguments.seconds
            for row in tried(bench, arguments, rows):
                rows[row.key] = row
                print(f"{row.outcome:9} {row.module}:{row.line} {row.before} -> {row.after}")
                print(f"          {row.by}", flush=True)
                _save(rows)
                if time.monotonic() > until:
                    break
        finally:
            if arguments.folder is None:
                shutil.rmtree(folder, ignore_errors=True)
    written(rows, known(EQUIVALENT))


def tried(
    bench: Bench, arguments: argparse.Namespace, rows: dict[tuple[str, str, str], Row]
) -> Iterator[Row]:
    """What became of each mutant that is to be tried."""
    for package in arguments.package or PACKAGES:
        for mutant in _due(bench, package, arguments, rows):
            by = bench.killer(package, mutant, quick=arguments.quick)
            outcome = "open" if by is None else "killed" if by else "survived"
            lines = mutant.line, mutant.before, mutant.after
            yield Row(package, mutant.module, *lines, outcome, by or "")


def _due(
    bench: Bench,
    package: str,
    arguments: argparse.Namespace,
    rows: dict[tuple[str, str, str], Row],
) -> Iterator[Mutant]:
    """Mutants by turns of modules, so that whoever stops early has some of each."""
    if arguments.again:
        yield from _left(bench, package, rows)
        return
    samples = [
        sampled(bench.source, module, arguments.count, arguments.seed)
        for module in bench.modules(package)
    ]
    for turn in range(arguments.count):
        for sample in samples:
            if turn >= len(sample):
                continue
            mirrored = bench.mirrors(package, sample[turn].module) or not arguments.quick
            if sample[turn].key not in rows and mirrored:
                yield sample[turn]


def _left(bench: Bench, package: str, rows: dict[tuple[str, str, str], Row]) -> Iterator[Mutant]:
    """Mutants that no test has noticed yet, and that are not known to be equivalent.

    Those whose lines the code no longer has are dropped, whatever became of them.
    """
    settled = known(EQUIVALENT)
    for row in [row for row in rows.values() if row.package == package]:
        is_gone = not stands(bench.source, row.module, row.before)
        if row.outcome != "killed" and row.key not in settled and not is_gone:
            mutant = remade(bench.source, row.module, row.line, row.before, row.after)
            is_gone = mutant is None
            if mutant is not None:
                yield mutant
        if is_gone:
            print(f"gone      {row.module}:{row.line} {row.before}", flush=True)
            del rows[row.key]


def _save(rows: dict[tuple[str, str, str], Row]) -> None:
    made = RESULTS.with_suffix(".new")
    with made.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows(sorted(row.cells for row in rows.values()))
    made.replace(RESULTS)


if __name__ == "__main__":
    main()
