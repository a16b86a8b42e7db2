"""What medsift says in codes, in the words of people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsift.core.record import Record

LABELS = {"medical": "Medical", "non_medical": "Not medical", "uncertain": "Uncertain"}

TABS = {"images": "Images", "documents": "PDF and documents", "url": "Web address"}

# What draws links, colours, code and formulas. No more than that: screen readers are told the label
# with its backslashes.
_MARKDOWN = re.compile(r"([\\`*\[\]<>|~$:])")

_NAMES = {
    "xray": "X-ray",
    "ct": "CT",
    "mri": "MRI",
    "oct": "OCT",
    "nuclear": "Nuclear medicine",
    "biosignal": "ECG or other biosignal",
    "multipanel": "Several panels",
    "clinical_photo": "Clinical photograph",
    "viewer_screenshot": "Screen of a viewer",
    "photo": "Photograph",
    "object": "Single object",
    "industrial_inspection": "Industrial X-ray or inspection",
    "sonar_radar": "Sonar or radar",
    "mask_overlay": "Mask or heat map",
    "render": "Computer graphics",
}

_FAULTS = {
    "not_found": "It was not found.",
    "unreadable": "It could not be read.",
    "unsupported": "medsift does not read this type of file.",
    "undecodable": "It is damaged or incomplete.",
    "encrypted": "It is protected by a password.",
    "limit_exceeded": "It is larger than medsift accepts.",
    "fetch_failed": "It could not be fetched.",
    "robots": "The site asks programs to stay away from it.",
    "robots_tag": "The site asks programs to leave it alone.",
    "timed_out": "It took too long and was stopped.",
    "crashed": "It broke the program that reads it; everything else went on.",
    "stopped": "Stopped before it was finished.",
}

_REASONS = {
    "no_image": "There is no picture in it.",
    "too_small": "Smaller than 32 pixels.",
    "blank": "A single colour, nothing to see.",
    "duplicate": "Same picture as an earlier one.",
    "low_confidence": "The model cannot decide.",
    "modality_conflict": "The file's header says another kind.",
    "frames_thinned": "Not all frames were looked at.",
    "truncated": "The file is incomplete.",
    "hidden": "It is out of sight on its page.",
}


def kind_name(kind: str) -> str:
    """A kind for people: ``clinical_photo`` becomes ``Clinical photograph``."""
    return _NAMES.get(kind) or kind.replace("_", " ").capitalize()


def label_name(label: str) -> str:
    """A label for people."""
    return LABELS.get(label, label)


def panel_name(panel: Record) -> str:
    """Its letter where it has one, else its number: ``Panel b``."""
    return panel.locator.rsplit(", ", 1)[-1].capitalize()


def panel_count(panels: Sequence[Record]) -> str:
    """How many panels of which verdict: ``4 panels, 3 of them medical``."""
    medical = sum(panel.label == "medical" for panel in panels)
    return f"{len(panels):,} panels, {medical:,} of them medical"


def plain(text: str) -> str:
    """Text from outside for where Streamlit expects Markdown: it means nothing there."""
    return _MARKDOWN.sub(r"\\\1", text)


def wants_password(record: Record) -> bool:
    """Whether a PDF could be read with a password, or with another one."""
    code, _, details = record.error.partition(": ")
    names = (record.member or record.source, record.url)
    is_pdf = record.source_type == "pdf" and not record.member
    is_pdf |= any(name.lower().endswith(".pdf") for name in names)
    return code == "encrypted" and "password" in details and is_pdf


def percent(p: float | None) -> str:
    """A probability for people; never a bare 0 or 100, which no model can promise."""
    if p is None:
        return ""
    if p > 0.99:
        return "over 99 %"
    return "under 1 %" if p < 0.01 else f"{p * 100:.0f} %"


def trouble(record: Record) -> str:
    """Why an input or picture gave no verdict: a sentence, and the details if there are any."""
    code, _, details = record.error.partition(": ")
    said = _FAULTS.get(code or record.reason) or reasons(record.reason)
    if not details:
        return said
    return f"{said} ({details[0].upper()}{details[1:]}.)" if said else f"{details}."


def reasons(text: str) -> str:
    """What the ``reason`` field of a record means."""
    found = [
        _REASONS.get(part) or f"{part.replace('_', ' ').capitalize()}." for part in _parts(text)
    ]
    return " ".join(found)


def where(record: Record) -> str:
    """Where in its source a picture was found; on the web also the name that it has there."""
    place = record.locator or record.member
    name = record.url.rsplit("/", 1)[-1] if record.url != record.source else ""
    return ", ".join(filter(None, (place, name)))


def _parts(text: str) -> list[str]:
    return [part for part in text.split(", ") if part]
