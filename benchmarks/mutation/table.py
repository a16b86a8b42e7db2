"""What became of mutants, as a table for people."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.csv"
EQUIVALENT = HERE / "equivalent.csv"
TABLE = HERE / "results.md"

_HEAD = """# Do the tests notice?

Small faults ([mutants](https://en.wikipedia.org/wiki/Mutation_testing)), a sample of those that
cosmic-ray's operators make, and whether a test failed with them; `results.csv` has each with the
test that told it. Equivalent ones change nothing that anybody could see, or nothing but what is a
matter of taste, and do not count as survivors; they stand below with their reasons.

Open ones passed the tests named like their module, and have not met the others yet: `--again` asks
those. The last column counts them with the survivors, and so is an upper bound.

| package | modules | mutants | killed | equivalent | survived | open | share |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A mutant and its end; ``by`` is the test that failed, or why it is equivalent."""

    package: str
    module: str
    line: int
    before: str
    after: str
    outcome: str
    by: str

    @property
    def key(self) -> tuple[str, str, str]:
        """As that of the mutant."""
        return self.module, self.before, self.after

    @property
    def cells(self) -> tuple[str | int, ...]:
        """In the order of :data:`FIELDS`."""
        return astuple(self)


FIELDS = ("package", "module", "line", "before", "after", "outcome", "by")


def known(path: Path) -> dict[tuple[str, str, str], Row]:
    """Rows of a file, by their keys; none where there is no file."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [Row(**{**r, "line": int(r["line"])}) for r in csv.DictReader(stream)]  # type: ignore[arg-type]
    return {row.key: row for row in rows}


def written(
    rows: dict[tuple[str, str, str], Row], equivalent: dict[tuple[str, str, str], Row]
) -> None:
    """Write the table out of all rows."""
    ordered = sorted(rows.values(), key=lambda row: row.cells)
    lines = [_HEAD.rstrip("\n")]
    lines += [
        _line(package, [r for r in ordered if package in ("", r.package)], equivalent)
        for package in [*dict.fromkeys(row.package for row in ordered), ""]
    ]
    left = [r for r in ordered if r.outcome != "killed"]
    for title, chosen in (
        ("Survivors", [r for r in left if r.outcome == "survived" and r.key not in equivalent]),
        ("Open", [r for r in left if r.outcome == "open" and r.key not in equivalent]),
        ("Equivalent", [r for r in left if r.key in equivalent]),
    ):
        lines += ["", f"## {title}", ""]
        for r in chosen:
            why = f". {equivalent[r.key].by}" if r.key in equivalent else ""
            lines.append(f"- `{r.module}:{r.line}` `{r.before}` → `{r.after}`{why}")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(package: str, rows: list[Row], equivalent: dict[tuple[str, str, str], Row]) -> str:
    count = Counter(
        "equivalent" if r.outcome != "killed" and r.key in equivalent else r.outcome for r in rows
    )
    missed = count["survived"] + count["open"]
    counted = count["killed"] + missed
    share = f"{100 * missed / counted:.1f} %" if counted else ""
    cells = (
        package or "all", len({r.module for r in rows}), len(rows), count["killed"],
        count["equivalent"], count["survived"], count["open"], share,
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"
