"""What people say that pictures really are: kept with its time, taken away and brought back.

A session file holds the answers by the digests of the pictures, and none of the pictures: opened
again, it gives each picture its answer, also those that are uploaded only later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeAlias

from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.core.taxonomy import KINDS

Key: TypeAlias = "tuple[str, int | None]"
"""Digest of a picture, and its frame."""

_FORMAT = 1
_MOST = 200_000
LONGEST_FILE = 64 * 1024 * 1024
"""Bytes of a session file."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a picture.

    Attributes
    ----------
    kind : str
        Of the taxonomy.
    at : str
        When, in ISO 8601 and UTC.
    """

    kind: str
    at: str

    @property
    def label(self) -> str:
        """The side of the kind."""
        return KINDS[self.kind].label

    @classmethod
    def now(cls, kind: str) -> Judgement:
        """An answer that is given just now."""
        return cls(kind, datetime.now(timezone.utc).isoformat(timespec="seconds"))


def key_of(record: Record) -> Key:
    """By what a picture is known again."""
    return record.sha256, record.frame


def to_file(answers: Iterable[tuple[Record, Judgement]]) -> bytes:
    """A session file."""
    rows = [
        {
            "sha256": record.sha256,
            "frame": record.frame,
            "source": record.source,
            "locator": record.locator,
            "reviewed_label": answer.label,
            "reviewed_kind": answer.kind,
            "reviewed_at": answer.at,
        }
        for record, answer in answers
    ]
    return json.dumps({"medsift_session": _FORMAT, "answers": rows}, indent=1).encode()


def from_file(content: bytes) -> dict[Key, Judgement]:
    """The answers of a session file.

    Raises
    ------
    UsageError
        It is something else.
    """
    try:
        found = json.loads(content)
        if found["medsift_session"] != _FORMAT:
            raise UsageError("the session file is of another version of medsift")
        rows = found["answers"][:_MOST]
        return {(str(r["sha256"]), _frame(r["frame"])): _answer(r) for r in rows}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError("this is no session file of medsift") from error


def _frame(value: object) -> int | None:
    return None if value is None else int(str(value))


def _answer(row: Mapping[str, Any]) -> Judgement:
    kind, at = str(row["reviewed_kind"]), str(row["reviewed_at"])
    if kind not in KINDS:
        raise UsageError("the session file has kinds that this medsift does not know")
    datetime.fromisoformat(at)
    return Judgement(kind, at)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the model's verdicts compare with the answers.

    Attributes
    ----------
    reviewed : int
        Pictures with an answer.
    right, wrong, uncertain : int
        Labels of the model among them.
    missed : int
        Medical ones that the model called not medical.
    alarms : int
        Others that it called medical.
    kinds : int
        Pictures whose kind was right, too.
    """

    reviewed: int
    right: int
    wrong: int
    uncertain: int
    missed: int
    alarms: int
    kinds: int

    @classmethod
    def of(cls, answers: Iterable[tuple[Record, Judgement]]) -> Agreement:
        """Compare."""
        pairs = list(answers)
        sure = [(r, a) for r, a in pairs if r.label != "uncertain"]
        right = sum(r.label == a.label for r, a in sure)
        missed = sum(r.label == "non_medical" and a.label == "medical" for r, a in sure)
        return cls(
            reviewed=len(pairs),
            right=right,
            wrong=len(sure) - right,
            uncertain=len(pairs) - len(sure),
            missed=missed,
            alarms=len(sure) - right - missed,
            kinds=sum(r.kind == a.kind for r, a in pairs),
        )

    @property
    def sentence(self) -> str:
        """For people."""
        if not self.reviewed:
            return ""
        sure = self.right + self.wrong
        share = f"{self.right:,} of {sure:,} verdicts agree with you" if sure else "no verdict yet"
        parts = [share]
        if sure:
            parts[0] += f" ({self.right / sure:.0%})"
        parts.append(f"{self.missed:,} medical missed")
        parts.append(f"{self.alarms:,} taken for medical")
        if self.uncertain:
            parts.append(f"{self.uncertain:,} it was uncertain of")
        parts.append(f"kind right in {self.kinds:,} of {self.reviewed:,}")
        return ", ".join(parts) + "."
