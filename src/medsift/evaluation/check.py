"""What is wrong with a labelled data set: copies, files that cannot be read, empty classes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsift.core.taxonomy import Label
from medsift.evaluation.copies import Copy, Print, copies_in, prints_of
from medsift.evaluation.labelled import LABELS, Example, unlabelled
from medsift.evaluation.suspects import named
from medsift.report.csv_file import inert

_SHOWN = 20
_FEW = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or worth a look.

    Attributes
    ----------
    problem : str
        ``unreadable``, ``copy``, ``near_copy``, ``empty``, ``few`` or ``passed_over``.
    path : str
        File or folder, or the name of a class.
    other : str
        The other file of a pair; else empty.
    note : str
        Why, or how the two of a pair differ: ``label``, ``kind``, ``split``, ``source``.
    """

    problem: str
    path: str
    other: str = ""
    note: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether it should be mended: copies with the same label in one split need not be."""
        if self.problem in ("copy", "near_copy"):
            return bool({"label", "kind", "split"} & set(self.note.split()))
        return self.problem != "few"


def check(
    data: Path,
    examples: Sequence[Example],
    more: Mapping[str, Label] | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> list[Finding]:
    """Look through a data set.

    Parameters
    ----------
    data : Path
        Where the examples come from.
    examples : sequence of Example
    more : mapping, optional
        Labels of kinds that the taxonomy does not have.
    progress : callable
        Called with the number of pictures done since the last call.
    """
    prints = prints_of(examples, progress)
    found = [Finding("unreadable", str(p.example.path), note=p.error) for p in prints if p.error]
    found += [_pair(prints, copy) for copy in copies_in(prints)]
    found += list(_classes(data, examples))
    found += [
        Finding("passed_over", str(data / name), note="neither label nor kind nor split")
        for name in unlabelled(data, more)
    ]
    return found


def _pair(prints: Sequence[Print], copy: Copy) -> Finding:
    one, other = prints[copy.first].example, prints[copy.second].example
    differs = [
        name
        for name, same in (
            ("label", one.label == other.label),
            ("kind", named(one) == named(other) or one.label != other.label),
            ("split", one.split == other.split),
            ("source", one.source == other.source),
        )
        if not same
    ]
    problem = "copy" if copy.exact else "near_copy"
    return Finding(problem, str(one.path), str(other.path), " ".join(differs))


def _classes(data: Path, examples: Sequence[Example]) -> Iterator[Finding]:
    counts = Counter(named(example) for example in examples)
    labels = {label for label, _ in counts}
    for label in LABELS:
        if label not in labels:
            yield Finding("empty", label, note="no pictures with this label")
    top = data / "labelled" if (data / "labelled").is_dir() else data
    for label in LABELS:
        if (top / label).is_dir():
            for folder in sorted(e for e in (top / label).iterdir() if e.is_dir()):
                if not counts[label, folder.name] and not folder.name.startswith("."):
                    yield Finding("empty", str(folder), note="no pictures of this kind")
    for (side, kind), count in sorted(counts.items()):
        if kind and count < _FEW:
            yield Finding("few", f"{side}/{kind}", note=f"{count} pictures")


def render(findings: Sequence[Finding], count: int) -> str:
    """Lay the findings out as text, the first of each sort."""
    lines = [f"{count} labelled pictures"]
    titles = {
        "unreadable": "cannot be read",
        "copy": "copies",
        "near_copy": "near-copies",
        "empty": "empty classes",
        "few": f"kinds of fewer than {_FEW} pictures",
        "passed_over": "passed over, as they are neither label nor kind nor split",
    }
    for problem, title in titles.items():
        rows = [finding for finding in findings if finding.problem == problem]
        faults = sum(finding.is_fault for finding in rows)
        tail = f", {faults} across labels, kinds or splits" if problem.endswith("copy") else ""
        lines.append(f"{title}: {len(rows)}{tail}")
        # Those that matter come first.
        for row in sorted(rows, key=lambda r: not r.is_fault)[:_SHOWN]:
            other = f"  =  {row.other}" if row.other else ""
            lines.append(f"  {row.path}{other}  {row.note}".rstrip())
        if len(rows) > _SHOWN:
            lines.append(f"  and {len(rows) - _SHOWN} more")
    return "\n".join(lines) + "\n"


def write(findings: Sequence[Finding], path: Path) -> None:
    """Write a table, a row for each finding."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("problem", "path", "other", "note", "fault"))
        for row in findings:
            cells = (row.problem, row.path, row.other, row.note, str(row.is_fault).lower())
            writer.writerow([inert(cell) for cell in cells])
