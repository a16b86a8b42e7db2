"""The ``srcset`` attribute, parsed as the HTML standard says.

Source: HTML Living Standard, section 4.8.4.2 "Sizes attributes and source sets", "parse a
srcset attribute".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPACE = " \t\n\f\r"
_DELIMITERS = re.compile(r"[ \t\n\f\r,]*")
_ADDRESS = re.compile(r"[^ \t\n\f\r]+")
_WIDTH = re.compile(r"[0-9]{1,9}w")
_HEIGHT = re.compile(r"[0-9]{1,9}h")
_DENSITY = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?x")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address of an image source set.

    Attributes
    ----------
    address : str
        As written.
    width : int
        Width descriptor in pixels; 0 where there is none.
    density : float
        Pixel density descriptor; 1.0 where there is none.
    """

    address: str
    width: int = 0
    density: float = 1.0


def parse_srcset(text: str) -> list[Candidate]:
    """Candidates of a ``srcset`` attribute, in order; those with bad descriptors left out."""
    candidates: list[Candidate] = []
    position = 0
    while True:
        start = _DELIMITERS.match(text, position)
        address = _ADDRESS.match(text, start.end() if start else position)
        if address is None:
            return candidates
        position = address.end()
        written = address.group()
        descriptors: list[str] = []
        if written.endswith(","):
            written = written.rstrip(",")
        else:
            descriptors, position = _descriptors(text, position)
        candidate = _candidate(written, descriptors)
        if candidate is not None:
            candidates.append(candidate)


def largest_first(candidates: list[Candidate]) -> list[Candidate]:
    """Candidates ordered by how many pixels they promise; equal ones keep their order."""
    return sorted(candidates, key=lambda c: (-c.width, -c.density))


def _descriptors(text: str, position: int) -> tuple[list[str], int]:
    """Words up to the comma that ends the candidate; commas within parentheses do not."""
    words: list[str] = []
    word = ""
    in_parentheses = False
    while position < len(text):
        character = text[position]
        position += 1
        if in_parentheses:
            word += character
            in_parentheses = character != ")"
        elif character == ",":
            break
        elif character in _SPACE:
            words.append(word)
            word = ""
        else:
            word += character
            in_parentheses = character == "("
    words.append(word)
    return [w for w in words if w], position


def _candidate(address: str, descriptors: list[str]) -> Candidate | None:
    width, density, with_height = 0, 0.0, False
    for word in descriptors:
        if _WIDTH.fullmatch(word) and not width and not density:
            width = int(word[:-1])
            if width == 0:
                return None
        elif _DENSITY.fullmatch(word) and not width and not density and not with_height:
            density = float(word[:-1])
            if not 0.0 <= density < float("inf"):
                return None
        elif _HEIGHT.fullmatch(word) and not with_height and not density:
            with_height = True
        else:
            return None
    if with_height and not width:
        return None
    return Candidate(address, width, density or 1.0)
