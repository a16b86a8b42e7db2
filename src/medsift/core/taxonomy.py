"""The kinds of picture that medsift tells apart, and which of them are medical.

A picture is *medical* when it is an image made of a patient or a specimen for diagnosis or
care. DICOM codes are the Defined Terms of Modality (0008,0060), DICOM PS3.3 C.7.3.1.1.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Label: TypeAlias = Literal["medical", "non_medical"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A leaf of the taxonomy.

    Attributes
    ----------
    name : str
        As in the ``kind`` field of records and in labelled folders.
    label : {"medical", "non_medical"}
    dicom_modality : str
        The DICOM code that goes with the kind; empty where there is none.
    description : str
    """

    name: str
    label: Label
    dicom_modality: str
    description: str


def _medical(name: str, dicom_modality: str, description: str) -> Kind:
    return Kind(name, "medical", dicom_modality, description)


def _other(name: str, description: str) -> Kind:
    return Kind(name, "non_medical", "", description)


TAXONOMY: tuple[Kind, ...] = (
    _medical("xray", "DX", "projection radiograph, also dental and bone"),
    _medical("mammography", "MG", "mammogram"),
    _medical("angiography", "XA", "X-ray angiogram, fluoroscopy with contrast"),
    _medical("ct", "CT", "computed tomography"),
    _medical("mri", "MR", "magnetic resonance imaging"),
    _medical("ultrasound", "US", "ultrasound, Doppler, echocardiogram"),
    _medical("nuclear", "NM", "PET, SPECT, scintigraphy"),
    _medical("fundus", "OP", "colour, red-free or angiographic picture of the retina"),
    _medical("oct", "OPT", "optical coherence tomography"),
    _medical("endoscopy", "ES", "endoscopy, colonoscopy, laparoscopy, otoscopy"),
    _medical("dermatology", "DMS", "dermoscopy and close-ups of skin lesions"),
    _medical("clinical_photo", "XC", "photograph of a patient: wound, mouth, eye"),
    _medical("histopathology", "SM", "stained tissue under the microscope"),
    _medical("cytology", "SM", "smears, blood films, single cells"),
    _medical("biosignal", "ECG", "printed or drawn ECG, EEG and the like"),
    _medical("multipanel", "OT", "figure of several medical pictures"),
    _medical("viewer_screenshot", "OT", "screen of a viewer program that shows scans"),
    _other("photo", "photograph of everyday life, people, places, animals"),
    _other("document", "page or cut-out of mostly text"),
    _other("chart", "plot of data"),
    _other("diagram", "flow chart, architecture, circuit, molecule"),
    _other("logo", "logo, icon, emblem"),
    _other("screenshot", "screen of a program or web page"),
    _other("illustration", "drawing, painting, cartoon"),
    _other("anatomy_drawing", "drawn, not imaged, anatomy"),
    _other("map", "map of places"),
    _other("satellite", "picture of the ground from above"),
    _other("texture", "surface, material, pattern"),
    _other("astronomy", "sky, stars, planets"),
    _other("plant", "leaf, flower, crop"),
    _other("object", "single object or product"),
    _other("render", "computer graphics"),
    _other("industrial_inspection", "X-ray of baggage, castings, food; solar cells"),
    _other("thermal", "infrared picture of things or places"),
    _other("sonar_radar", "sonar or radar picture"),
    _other("biometric", "iris or fingerprint"),
    _other("electron_microscopy", "materials under the electron microscope"),
    _other("micrograph", "plankton, minerals and the like under the microscope"),
    _other("gel_blot", "gels, blots, agar and well plates"),
    _other("lab_fluorescence", "fluorescence micrograph of cells in culture"),
    _other("spectrogram", "time-frequency picture of a signal"),
    _other("depth_map", "distance coded as brightness or colour"),
    _other("mask_overlay", "segmentation mask, heat map, optical flow"),
    _other("test_pattern", "colour bars, noise, gradients"),
)

GROUPS: dict[str, frozenset[str]] = {
    "radiology": frozenset(
        {"xray", "mammography", "angiography", "ct", "mri", "ultrasound", "nuclear"}
    ),
    "skin": frozenset({"dermatology", "clinical_photo"}),
    "eye": frozenset({"fundus", "oct"}),
    "microscopy": frozenset({"histopathology", "cytology"}),
    "medical": frozenset(kind.name for kind in TAXONOMY if kind.label == "medical"),
    "non_medical": frozenset(kind.name for kind in TAXONOMY if kind.label == "non_medical"),
}
"""Kinds that are asked for together, by the name of the group.

A clinical photograph may also show a mouth or an eye; most show skin, and a close-up of a
wound is both. Figures of several pictures and screens of viewers are medical, and in no
smaller group: what they show may be of any.
"""

KINDS: dict[str, Kind] = {kind.name: kind for kind in TAXONOMY}
"""Kinds by name."""
