"""The names in the table are names of the lists that they are said to come from.

The lists below were copied from the sources apart from the table, so that a slip in one of the two
shows.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from medsift.core.crosswalk import CROSSWALK, SOURCES, Equivalents, markdown
from medsift.core.modality import conflicts
from medsift.core.taxonomy import KINDS, TAXONOMY

# PS3.3 C.7.3.1.1.1: terms that pydicom's list, of codes for acquisition, does not have.
NOT_OF_ACQUISITION = {"OT"}
RETIRED = {"DF"}

IMAGECLEF = """
    D3DR DMEL DMFL DMLI DMTR DRAN DRCO DRCT DRMR DRPE DRUS DRXR DSEC DSEE DSEM DVDM DVEN DVOR
    GCHE GFIG GFLO GGEL GGEN GHDR GMAT GNCP GPLI GSCR GSYS GTAB
"""
DOCLING = """
    logo photograph icon engineering_drawing line_chart bar_chart other table flow_chart
    screenshot_from_computer signature screenshot_from_manual geographical_map pie_chart
    page_thumbnail stamp music calendar qr_code bar_code full_page_image scatter_plot
    chemistry_structure topographical_map crossword_puzzle box_plot
"""
BIOMEDICA = {
    "Ambiguous": "ambiguous",
    "Chemical Structures": "2D chemical reaction, 3D chemical reaction, 2D chemical structure, "
    "3D protein structure, 3D chemical structure",
    "Clinical Imaging": "x-ray radiography, optical coherence tomography, endoscopy, intraoral "
    "imaging, angiography, procedural image, skull, patient photo, functional magnetic resonance, "
    "magnetic resonance, eye, mammography, electrocardiography, clinical imaging, skin lesion, "
    "ultrasound, specimen, computerized tomography, laryngoscopy, teeth, intraoperative image, "
    "surgical procedure, brain",
    "Graphs and Networks": "graph, neural network, network",
    "Illustrative Diagrams": "sankey diagram, metabolic pathway, scientific illustration, diagram, "
    "signaling pathway, illustrative diagram, flow diagram, cohort selection flowchart, "
    "illustration, drawing, system diagram, flowchart",
    "Immuno Assays": "immunocytochemistry, karyotype, gel electrophoresis, immunoassay, "
    "immunoblot, assay, immunohistochemistry",
    "Laboratory Specimens and Cultures": "reagents, laboratory specimen, bacterial culture",
    "Maps": "map",
    "Microscopy": "scanning electron microscopy, electron microscopy, flowcytometry, transmission "
    "electron microscopy, light microscopy, fluorescence microscopy, phase contrast microscopy, "
    "confocal microscopy, epifluorescence microscopy, microscopy",
    "Natural Images": "face, aerial photography, natural image, human head, humans and devices, "
    "human, insects, nature",
    "Plots and Charts": "manuscript, bar plot, line plot, scatter plot, pie chart, list",
    "Screen Based Visuals": "screenshot, user interface",
    "Tables": "table, checklist table",
    "Tools and Materials": "medical equipment, microscope, electronic circuit, lab equipment, tool",
}

rows = pytest.mark.parametrize("row", CROSSWALK, ids=lambda row: row.kind.name)


def test_the_lists_are_as_long_as_their_sources_say() -> None:
    assert len(set(IMAGECLEF.split())) == 30
    assert len(set(DOCLING.split())) == 26


def test_every_kind_has_one_row_in_the_order_of_the_taxonomy() -> None:
    assert tuple(row.kind for row in CROSSWALK) == TAXONOMY


@rows
def test_dicom_codes_are_codes_of_the_standard(row: Equivalents) -> None:
    from pydicom.sr._concepts_dict import concepts

    known = {code for codes in concepts["DCM"].values() for code in codes}
    assert set(row.dicom) <= known | NOT_OF_ACQUISITION | RETIRED


@rows
def test_the_first_dicom_code_is_that_of_records_and_none_conflicts(row: Equivalents) -> None:
    assert row.dicom[:1] == ((row.kind.dicom_modality,) if row.kind.label == "medical" else ())
    assert not any(conflicts(code, row.kind.name) for code in row.dicom)


@rows
def test_imageclef_classes_are_among_the_thirty(row: Equivalents) -> None:
    assert set(row.imageclef) <= set(IMAGECLEF.split())


@rows
def test_docling_classes_are_among_the_26_and_none_is_medical(row: Equivalents) -> None:
    assert set(row.docling) <= set(DOCLING.split())
    assert row.kind.label == "non_medical" or not row.docling


@rows
def test_biomedica_names_are_a_global_class_or_one_of_its_local_classes(row: Equivalents) -> None:
    for name in row.biomedica:
        top, _, below = name.partition(" / ")
        assert not below or below in BIOMEDICA[top].split(", ")
        assert top in BIOMEDICA


def test_no_cell_names_a_class_twice() -> None:
    for row in CROSSWALK:
        for cell in (row.dicom, row.imageclef, row.docling, row.biomedica):
            assert len(cell) == len(set(cell))


@pytest.mark.parametrize(
    ("kind", "dicom", "imageclef"),
    [("ct", "CT", "DRCT"), ("mri", "MR", "DRMR"), ("ultrasound", "US", "DRUS")],
)
def test_well_known_modalities_meet(kind: str, dicom: str, imageclef: str) -> None:
    row = next(row for row in CROSSWALK if row.kind is KINDS[kind])
    assert dicom in row.dicom
    assert imageclef in row.imageclef


def test_every_column_has_its_source_with_address_and_version() -> None:
    assert [source.column for source in SOURCES] == ["dicom", "imageclef", "docling", "biomedica"]
    for source in SOURCES:
        assert source.address.startswith(("https://", "http://"))
        assert source.version
        assert source.address in markdown()


def test_the_table_has_as_many_cells_in_every_row() -> None:
    table = [line for line in markdown().splitlines() if line.startswith("|")]
    assert len(table) == len(TAXONOMY) + 2
    assert {line.count("|") for line in table} == {7}


def test_it_is_light_to_import() -> None:
    code = "import sys, medsift.core.crosswalk; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "pydicom", "onnxruntime"} & set(done.stdout.split())


def test_the_page_of_the_documentation_has_the_table_as_it_is() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "taxonomy.md"
    assert page.read_text(encoding="utf-8").endswith("\n\n" + markdown())
