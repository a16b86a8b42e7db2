"""Docling's pictures get our label and kind; with docling's own base classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.classify.tiny_model import write_model

pytest.importorskip("docling.models.base_model")
pytest.importorskip("docling_core")

from docling.datamodel.base_models import ItemAndImageEnrichmentElement
from docling.models.base_model import BaseItemAndImageEnrichmentModel
from docling_core.types.doc import DoclingDocument, ImageRef, PictureItem

from medsift.integrations.docling import MedsiftPictures

pytestmark = pytest.mark.partners


@pytest.fixture
def enrichment(tmp_path: Path) -> MedsiftPictures:
    return MedsiftPictures(str(write_model(tmp_path / "model")))


@pytest.fixture
def document() -> DoclingDocument:
    document = DoclingDocument(name="paper")
    document.add_text(label="text", text="Figure 1 shows a scan.")
    for colour in ("red", "blue"):
        image = Image.new("RGB", (60, 60), colour)
        document.add_picture(image=ImageRef.from_pil(image, dpi=72))
    document.add_picture()
    return document


def _said(item: PictureItem) -> list[tuple[str, str]]:
    known = item.meta.classification if item.meta else None
    return [(p.class_name, p.created_by or "") for p in known.predictions] if known else []


def test_pictures_of_a_document_get_label_and_kind(
    enrichment: MedsiftPictures, document: DoclingDocument
) -> None:
    assert enrichment.enrich(document) == 2
    red, blue, without = document.pictures
    assert _said(red) == [("medical", "medsift tiny 1"), ("ct", "medsift tiny 1")]
    assert _said(blue) == [("non_medical", "medsift tiny 1"), ("photo", "medsift tiny 1")]
    assert _said(without) == []
    # Once is enough, and what is said survives being stored.
    assert enrichment.enrich(document) == 0
    again = DoclingDocument.model_validate_json(document.model_dump_json())
    assert _said(again.pictures[0]) == _said(red)


def test_it_is_an_enrichment_of_doclings_pipelines(
    enrichment: MedsiftPictures, document: DoclingDocument
) -> None:
    assert isinstance(enrichment, BaseItemAndImageEnrichmentModel)
    picture, text = document.pictures[0], document.texts[0]
    assert enrichment.is_processable(document, picture)
    assert not enrichment.is_processable(document, text)
    element = ItemAndImageEnrichmentElement(item=picture, image=Image.new("RGB", (60, 60), "red"))
    assert list(enrichment(document, [element])) == [picture]
    assert _said(picture)[1][0] == "ct"


def test_one_that_is_off_does_nothing(document: DoclingDocument) -> None:
    assert MedsiftPictures(enabled=False).enrich(document) == 0
