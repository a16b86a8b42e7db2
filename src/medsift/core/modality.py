"""DICOM modalities and the kinds that pictures of them may have.

Codes are the Defined Terms of Modality (0008,0060), DICOM PS3.3 C.7.3.1.1.1.
"""

from __future__ import annotations

from medsift.core.taxonomy import KINDS

# What may come of any modality: several pictures in one, or the screen that showed them.
_OF_ANY = frozenset({"multipanel", "viewer_screenshot"})

_PROJECTION = frozenset({"xray"})
_VESSELS = frozenset({"angiography", "xray"})
_SKIN = frozenset({"dermatology", "clinical_photo"})
_MICROSCOPE = frozenset({"histopathology", "cytology"})
_CURVES = frozenset({"biosignal"})

_KINDS_OF: dict[str, frozenset[str]] = {
    **dict.fromkeys(("CR", "DX", "RG", "PX", "IO"), _PROJECTION),
    "MG": frozenset({"mammography"}),
    **dict.fromkeys(("XA", "RF", "DF"), _VESSELS),
    "CT": frozenset({"ct"}),
    "MR": frozenset({"mri"}),
    **dict.fromkeys(("US", "IVUS", "BDUS"), frozenset({"ultrasound"})),
    **dict.fromkeys(("NM", "PT"), frozenset({"nuclear"})),
    "OP": frozenset({"fundus", "clinical_photo"}),
    **dict.fromkeys(("OPT", "IVOCT", "OCT"), frozenset({"oct"})),
    "ES": frozenset({"endoscopy"}),
    **dict.fromkeys(("DMS", "XC"), _SKIN),
    **dict.fromkeys(("SM", "GM"), _MICROSCOPE),
    **dict.fromkeys(("ECG", "EEG", "EMG", "HD"), _CURVES),
}


def expected_kinds() -> dict[str, frozenset[str]]:
    """DICOM codes, each with the kinds that its pictures may have."""
    return dict(_KINDS_OF)


def conflicts(declared: str, kind: str) -> bool:
    """Whether a picture of this kind contradicts the modality that its header declares.

    Parameters
    ----------
    declared : str
        DICOM code from the header; one that is not in the table never conflicts.
    kind : str
        What the picture looks like; a name that is not in the taxonomy never conflicts.

    Examples
    --------
    >>> conflicts("CT", "mri"), conflicts("CT", "ct"), conflicts("OT", "photo")
    (True, False, False)
    """
    expected = _KINDS_OF.get(declared.strip().upper())
    if expected is None or kind not in KINDS:
        return False
    return kind not in expected and kind not in _OF_ANY
