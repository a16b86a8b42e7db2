"""What office files and e-books say of their pictures becomes their caption."""

from __future__ import annotations

from collections.abc import Mapping

from medsift.core.picture import Picture
from tests.sources.inside import png, scan
from tests.sources.office.making import epub, ooxml, relationships

_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


def shown(name: str, said: str = "") -> str:
    return (
        f'<w:r><wp:docPr id="1" name="Picture 1" descr="{said}"/><a:blip r:embed="{name}"/></w:r>'
    )


def paragraph(inside: str, style: str = "") -> str:
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{styled}{inside}</w:p>"


def text(words: str) -> str:
    return f"<w:r><w:t>{words}</w:t></w:r>"


def told(*paragraphs: str) -> list[tuple[str, str, str]]:
    body = f"<w:document {_SPACES}><w:body>{''.join(paragraphs)}</w:body></w:document>"
    parts: Mapping[str, bytes] = {
        "word/document.xml": body.encode(),
        "word/media/1.png": png(1),
        "word/media/2.png": png(2),
        "word/_rels/document.xml.rels": relationships(
            ("r1", "image", "media/1.png"), ("r2", "image", "media/2.png")
        ),
    }
    found = scan(ooxml("word/document.xml", parts))
    return [(f.caption, f.caption_label, f.figure) for f in found if isinstance(f, Picture)]


def test_the_alternative_text_of_a_picture_is_its_caption() -> None:
    found = told(paragraph(shown("r1", "A chest film")), paragraph(shown("r2")))
    assert found == [("A chest film", "", ""), ("", "", "")]


def test_a_caption_paragraph_is_preferred_and_makes_a_figure_of_its_pictures() -> None:
    found = told(
        paragraph(shown("r1", "made up") + shown("r2")),
        paragraph(
            text("Figure ") + "<w:instrText>SEQ</w:instrText>" + text("1: Two films"), "Caption"
        ),
    )
    assert found == [("Figure 1: Two films", "Figure 1", "figure 1")] * 2


def test_a_caption_may_stand_above_or_have_a_label_alone() -> None:
    found = told(
        paragraph(text("Above, without a label"), "Beschriftung"),
        paragraph(shown("r1")),
        paragraph(text("Some text.")),
        paragraph(shown("r2")),
        paragraph(text("Abb. 2: Unten")),
    )
    assert [caption for caption, _, _ in found] == ["Above, without a label", "Abb. 2: Unten"]


def test_text_after_a_picture_is_no_caption() -> None:
    found = told(paragraph(shown("r1")), paragraph(text("Figure 1 shows a film.")), shown("r2"))
    assert found == [("", "", ""), ("", "", "")]


def test_captions_of_e_books_are_those_of_their_pages() -> None:
    page = "<figure><img src='../m/a.png'/><figcaption>Fig. 1 A film</figcaption></figure>"
    [found] = [f for f in scan(epub([page], {"OPS/m/a.png": png()})) if isinstance(f, Picture)]
    assert (found.caption, found.figure) == ("Fig. 1 A film", "chapter 1, figure 1")
