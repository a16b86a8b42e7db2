"""What other lists of picture classes call medsift's kinds.

Cells hold names exactly as their source writes them. A cell is empty where the other list has no
such class, or where what the class means could not be read in a copy of its source; what was left
out for that reason stands in the source's note. Classes of other lists are mostly broader than the
kind, so that the table leads from kinds to names, and not always back.
"""

from __future__ import annotations

from dataclasses import dataclass

from medsift.core.modality import expected_kinds
from medsift.core.taxonomy import TAXONOMY, Kind


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Where the names of a column come from.

    Attributes
    ----------
    column : str
        Name of the field of :class:`Equivalents`.
    title : str
    address : str
    version : str
        Edition, revision or commit that the names were compared with.
    note : str
        What was compared, and what could not be.
    """

    column: str
    title: str
    address: str
    version: str
    note: str


@dataclass(frozen=True, slots=True)
class Equivalents:
    """The names of one kind in other lists; empty tuples where there are none.

    Attributes
    ----------
    kind : Kind
    dicom : tuple of str
        Defined Terms of Modality (0008,0060); the first is that of records.
    imageclef : tuple of str
        Classes of the subfigure classification task of ImageCLEF 2016.
    docling : tuple of str
        Classes of docling's DocumentFigureClassifier.
    biomedica : tuple of str
        ``global`` or ``global / local`` names; a global name alone stands for all below it.
    """

    kind: Kind
    dicom: tuple[str, ...]
    imageclef: tuple[str, ...]
    docling: tuple[str, ...]
    biomedica: tuple[str, ...]


SOURCES: tuple[Vocabulary, ...] = (
    Vocabulary(
        "dicom",
        "DICOM PS3.3 C.7.3.1.1.1, Modality (0008,0060)",
        "https://dicom.nema.org/medical/dicom/current/output/html/part03.html#sect_C.7.3.1.1.1",
        "an older edition of the section, as quoted at "
        "<https://wiki.cancerimagingarchive.net/pages/viewpage.action?pageId=4556030>; DMS, EEG "
        "and EMG, which are younger, in the DCM codes of pydicom 3.0.2",
        "The current edition of the section could not be read. DF is a retired term.",
    ),
    Vocabulary(
        "imageclef",
        "ImageCLEF 2016 medical task, subfigure classification, 30 classes",
        "http://imageclef.org/2016/medical",
        "the classes of the ground truth in github.com/jtrells/biomedical-image-classification, "
        "nb/Higher-Level Classification Data.ipynb at commit 3cdb424, and their meaning in "
        "src/utils/datasets.py at commit 18f9fc4 (where DVDM is misspelt DRDM)",
        "The organisers' own list of meanings could not be read. That copy only sorts some classes "
        "into groups: GFIG among graphics, DVEN among photographs, DRCO among radiology, and GTAB, "
        "GPLI, GSCR, GSYS, GNCP, GMAT, GHDR among others, which does not tell their kind; they are "
        "left out, so that the cells of endoscopy, photo, document, chart, screenshot and "
        "illustration are empty. Also left out: COMP of the task of 2013, which is not among the "
        "30. DMFL also holds fluorescence of biopsies, which is histopathology here. D3DR and GGEN "
        "have no kind. The cells of the other kinds are empty as no class of the 30 is theirs.",
    ),
    Vocabulary(
        "docling",
        "docling, DocumentFigureClassifier v2.5: 26 classes",
        "https://huggingface.co/docling-project/DocumentFigureClassifier-v2.5",
        "README.md at revision c336a7a",
        "No class is medical. Left out as no kind is theirs: bar_code, calendar, crossword_puzzle, "
        "music, other, qr_code, signature, stamp.",
    ),
    Vocabulary(
        "biomedica",
        "BIOMEDICA, global and local classes",
        "https://github.com/minwoosun/biomedica-etl",
        "annotations/taxonomy_collapsed_and_filtered.json at commit c5bbea9",
        "Left out where the name does not say what kind of picture it is: brain, eye, skull, "
        "teeth, intraoral imaging, specimen and the like.",
    ),
)

_ECG_AND_THE_LIKE = ("DSEC", "DSEE", "DSEM")

_IMAGECLEF: dict[str, tuple[str, ...]] = {
    "xray": ("DRXR",),
    "angiography": ("DRAN",),
    "ct": ("DRCT",),
    "mri": ("DRMR",),
    "ultrasound": ("DRUS",),
    "nuclear": ("DRPE",),
    "dermatology": ("DVDM",),
    "clinical_photo": ("DVOR",),
    "histopathology": ("DMLI",),
    "cytology": ("DMLI",),
    "biosignal": _ECG_AND_THE_LIKE,
    "diagram": ("GFLO", "GCHE"),
    "electron_microscopy": ("DMEL", "DMTR"),
    "gel_blot": ("GGEL",),
    "lab_fluorescence": ("DMFL",),
}

_DOCLING: dict[str, tuple[str, ...]] = {
    "photo": ("photograph",),
    "document": ("table", "full_page_image", "page_thumbnail"),
    "chart": ("line_chart", "bar_chart", "pie_chart", "scatter_plot", "box_plot"),
    "diagram": ("flow_chart", "engineering_drawing", "chemistry_structure"),
    "logo": ("logo", "icon"),
    "screenshot": ("screenshot_from_computer", "screenshot_from_manual"),
    "map": ("geographical_map", "topographical_map"),
}

_BIOMEDICA: dict[str, tuple[str, ...]] = {
    "xray": ("Clinical Imaging / x-ray radiography",),
    "mammography": ("Clinical Imaging / mammography",),
    "angiography": ("Clinical Imaging / angiography",),
    "ct": ("Clinical Imaging / computerized tomography",),
    "mri": (
        "Clinical Imaging / magnetic resonance",
        "Clinical Imaging / functional magnetic resonance",
    ),
    "ultrasound": ("Clinical Imaging / ultrasound",),
    "oct": ("Clinical Imaging / optical coherence tomography",),
    "endoscopy": ("Clinical Imaging / endoscopy", "Clinical Imaging / laryngoscopy"),
    "dermatology": ("Clinical Imaging / skin lesion",),
    "clinical_photo": ("Clinical Imaging / patient photo",),
    "histopathology": ("Microscopy / light microscopy", "Immuno Assays / immunohistochemistry"),
    "cytology": ("Microscopy / light microscopy", "Immuno Assays / immunocytochemistry"),
    "biosignal": ("Clinical Imaging / electrocardiography",),
    "photo": (
        "Natural Images / natural image",
        "Natural Images / nature",
        "Natural Images / human",
        "Natural Images / face",
    ),
    "document": ("Tables", "Plots and Charts / manuscript"),
    "chart": ("Plots and Charts",),
    "diagram": (
        "Illustrative Diagrams",
        "Graphs and Networks",
        "Chemical Structures",
        "Tools and Materials / electronic circuit",
    ),
    "screenshot": ("Screen Based Visuals",),
    "illustration": ("Illustrative Diagrams / illustration", "Illustrative Diagrams / drawing"),
    "map": ("Maps / map",),
    "satellite": ("Natural Images / aerial photography",),
    "object": ("Tools and Materials / tool", "Tools and Materials / lab equipment"),
    "electron_microscopy": (
        "Microscopy / electron microscopy",
        "Microscopy / scanning electron microscopy",
        "Microscopy / transmission electron microscopy",
    ),
    "gel_blot": (
        "Immuno Assays / gel electrophoresis",
        "Immuno Assays / immunoblot",
        "Laboratory Specimens and Cultures / bacterial culture",
    ),
    "lab_fluorescence": (
        "Microscopy / fluorescence microscopy",
        "Microscopy / epifluorescence microscopy",
        "Microscopy / confocal microscopy",
    ),
}


def _dicom(kind: Kind) -> tuple[str, ...]:
    if not kind.dicom_modality:
        return ()
    others = {code for code, kinds in expected_kinds().items() if kind.name in kinds}
    return (kind.dicom_modality, *sorted(others - {kind.dicom_modality}))


CROSSWALK: tuple[Equivalents, ...] = tuple(
    Equivalents(
        kind,
        _dicom(kind),
        _IMAGECLEF.get(kind.name, ()),
        _DOCLING.get(kind.name, ()),
        _BIOMEDICA.get(kind.name, ()),
    )
    for kind in TAXONOMY
)
"""The kinds in the order of the taxonomy, each with its names elsewhere."""


def markdown() -> str:
    """Write the crosswalk as a table in Markdown, with the sources below it."""
    rows = [
        (
            f"`{row.kind.name}`",
            row.kind.label,
            ", ".join(row.dicom),
            ", ".join(row.imageclef),
            ", ".join(f"`{name}`" for name in row.docling),
            "; ".join(row.biomedica),
        )
        for row in CROSSWALK
    ]
    head = ("kind", "label", "DICOM", "ImageCLEF 2016", "docling", "BIOMEDICA")
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]
    sources = [
        f"- {source.title}, <{source.address}>. Compared with: {source.version}. {source.note}"
        for source in SOURCES
    ]
    return "\n".join([*lines, "", *sources]) + "\n"
