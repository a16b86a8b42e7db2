"""Whether a picture is what somebody wants: accept it, reject it, or have a person look.

The decision follows from the record alone, so it can be made where the pixels are long gone: the
probabilities of the wanted kinds are added up and held against two bounds of the model's card.
What is wanted is cut into the parts that the card has bounds for. One part is enough to accept,
and all must agree to reject, so that the share of others that are accepted is at most the sum of
the parts' shares, and that of wanted pictures that are rejected at most the part's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from medsift.classify.accept_spec import FALLBACK, Bounds
from medsift.core.errors import CrashedError, TimedOutError, UsageError
from medsift.core.record import Record
from medsift.core.taxonomy import KINDS
from medsift.core.wanted import kinds_of, names_of, parts_of

Decision: TypeAlias = Literal["accept", "look", "reject"]

_UNJUDGED = frozenset({TimedOutError.code, CrashedError.code, "storage_full"})
"""Faults that say more of the machine than of the file: a person looks."""

_LEFT_OUT: dict[str, str] = {
    "too_small": "The picture is too small to be judged. Please send a larger one.",
    "blank": "The picture shows a single colour and nothing else.",
    "no_image": "There is no picture in this file.",
    "encrypted": "The file is locked with a password.",
    "limit_exceeded": "The picture is larger than may be sent here.",
    "unsupported": "Files of this type cannot be read as a picture.",
}
_UNREADABLE = "The file cannot be read as a picture; it may be damaged."

_NAMES: dict[str, str] = {
    "xray": "an X-ray",
    "mammography": "a mammogram",
    "angiography": "an angiogram",
    "ct": "a CT scan",
    "mri": "an MRI scan",
    "ultrasound": "an ultrasound picture",
    "nuclear": "a PET scan or scintigram",
    "fundus": "a picture of the retina",
    "oct": "an OCT scan",
    "endoscopy": "an endoscopic picture",
    "dermatology": "a close-up of skin",
    "clinical_photo": "a clinical photograph",
    "histopathology": "tissue under the microscope",
    "cytology": "cells under the microscope",
    "biosignal": "an ECG or the like",
    "multipanel": "a figure of several medical pictures",
    "viewer_screenshot": "a screen that shows scans",
    "photo": "an everyday photograph",
    "document": "a page of text",
    "chart": "a chart",
    "diagram": "a diagram",
    "logo": "a logo",
    "screenshot": "a screenshot",
    "illustration": "a drawing",
    "anatomy_drawing": "a drawing of anatomy",
    "map": "a map",
    "satellite": "a picture from above",
    "texture": "a surface",
    "astronomy": "a picture of the sky",
    "plant": "a plant",
    "object": "an object",
    "render": "computer graphics",
    "industrial_inspection": "an inspection of goods",
    "thermal": "a thermal picture",
    "sonar_radar": "a sonar or radar picture",
    "biometric": "an iris or a fingerprint",
    "electron_microscopy": "an electron micrograph",
    "micrograph": "a micrograph",
    "gel_blot": "a gel or a culture plate",
    "lab_fluorescence": "cells in culture",
    "spectrogram": "a spectrogram",
    "depth_map": "a depth map",
    "mask_overlay": "a mask or heat map",
    "test_pattern": "a test pattern",
    "radiology": "an X-ray, CT, MRI, ultrasound or nuclear scan",
    "skin": "a photograph of skin",
    "eye": "a picture of the retina or an OCT scan",
    "microscopy": "tissue or cells under the microscope",
    "medical": "a medical picture",
    "non_medical": "a picture that is not medical",
}
"""How a sentence to an uploader calls them."""


@dataclass(frozen=True, slots=True)
class _Part:
    kinds: frozenset[str]
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is wanted, and from which probability on.

    Made by :meth:`of`.
    """

    names: tuple[str, ...]
    parts: tuple[_Part, ...]

    @classmethod
    def of(
        cls,
        wanted: str | Iterable[str],
        bounds: Mapping[str, Bounds],
        threshold: float | None = None,
    ) -> Acceptance:
        """Look up the bounds of what is wanted.

        Parameters
        ----------
        wanted : str or iterable of str
            Names of kinds or groups; a text holds them separated by commas.
        bounds : mapping of str to Bounds
            Those of the model's card, see :attr:`medsift.classify.card.ModelCard.accept`;
            what it lacks is judged by :data:`medsift.classify.accept_spec.FALLBACK`.
        threshold : float, optional
            Accept from this probability on instead, above 0 and up to 1.

        Raises
        ------
        UsageError
            A name is neither a kind nor a group, or the threshold is out of range.
        """
        if threshold is not None and not 0 < threshold <= 1:
            raise UsageError(f"the threshold must be above 0 and at most 1, not {threshold}")
        names = names_of(wanted)
        parts = []
        for name, kinds in parts_of(kinds_of(names)):
            found = bounds.get(name, FALLBACK)
            if threshold is not None:
                found = Bounds(threshold, min(found.leave, threshold))
            parts.append(_Part(kinds, found))
        return cls(names, tuple(parts))

    def decided(self, record: Record) -> Record:
        """The record with ``decision`` and ``decision_reason``.

        Its ``kinds`` must be there where it has a label.
        """
        decision, sentence = self._decide(record)
        return replace(record, decision=decision, decision_reason=sentence)

    def _decide(self, record: Record) -> tuple[Decision, str]:
        if not record.label or record.kinds is None:
            if record.reason in _UNJUDGED:
                return "look", "The picture could not be judged. A person will look at it."
            return "reject", _LEFT_OUT.get(record.reason, _UNREADABLE)
        wanted = _listed([_named(name) for name in self.names])
        seen = _named(next(iter(record.kinds), ""))
        shares = [sum(record.kinds.get(k, 0.0) for k in part.kinds) for part in self.parts]
        pairs = list(zip(shares, self.parts, strict=True))
        if any(share >= part.bounds.take for share, part in pairs):
            return "accept", f"This looks like {wanted}."
        if all(share < part.bounds.leave for share, part in pairs):
            return "reject", f"This looks like {seen}. Only {wanted} is accepted here."
        return "look", f"This may or may not be {wanted}. A person will look at it."


def _named(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    return name.replace("_", " ") if name and name not in KINDS else "something else"


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return names[0]
    return ", ".join(names[:-1]) + " or " + names[-1]
