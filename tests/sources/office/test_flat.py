"""Documents in one XML file, with their pictures as base64."""

from __future__ import annotations

import base64
import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.archive.making import zipped
from tests.sources.inside import crashed, mutated, pdf, pictures, png, problems, scan
from tests.sources.mail.test_message import attach, message

OFFICE = "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'"
DRAW = "xmlns:draw='urn:draw' xmlns:xlink='http://www.w3.org/1999/xlink'"


def digits(content: bytes) -> str:
    return base64.encodebytes(content).decode()


def flat(inside: str) -> bytes:
    start = f"<?xml version='1.0'?>\n<office:document {OFFICE} {DRAW}>"
    return f"{start}{inside}</office:document>".encode()


def in_element(content: bytes) -> str:
    return f"<office:binary-data>\n   {digits(content)}</office:binary-data>"


WORD = "<?mso-application progid='Word.Document'?><w:wordDocument xmlns:w='urn:w'>"
WORD += f"<w:binData w:name='wordml://1.png'>{digits(png())}</w:binData></w:wordDocument>"
PACKAGE = "<pkg:package xmlns:pkg='http://schemas.microsoft.com/office/2006/xmlPackage'>"
PACKAGE += "<pkg:part pkg:name='/word/media/a.png'>"
PACKAGE += f"<pkg:binaryData>{digits(png())}</pkg:binaryData></pkg:part></pkg:package>"
BOOK = "<FictionBook xmlns='http://www.gribuser.ru/xml/fictionbook/2.0'>"
BOOK += f"<binary id='a.png' content-type='image/png'>{digits(png())}</binary></FictionBook>"
VISIO = "<VisioDocument xmlns='urn:schemas-microsoft-com:office:visio'>"
VISIO += f"<ForeignData CompressionType='PNG'>{digits(png())}</ForeignData></VisioDocument>"
IN_CDATA = f"<report><scan><![CDATA[\n{digits(png())}]]></scan></report>"
IN_ATTRIBUTE = f"<report><scan src='data:image/png;base64,{digits(png()).strip()}'/></report>"


@pytest.mark.parametrize("document", [WORD, PACKAGE, BOOK, VISIO, IN_CDATA, IN_ATTRIBUTE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_pictures_in_xml_are_found(document: str, encoding: str) -> None:
    declared = f"<?xml version='1.0' encoding='{encoding}'?>{document}"
    found = scan(declared.encode(encoding))
    assert [locator for locator, _ in pictures(found)] == ["image 1"]
    assert {f.where.source_type for f in found} == {"office"}


def test_names_are_those_of_the_document() -> None:
    assert pictures(scan(f"<?xml version='1.0'?>{PACKAGE}".encode())) == [
        ("image 1", "word/media/a.png")
    ]
    assert pictures(scan(f"<?xml version='1.0'?>{WORD}".encode())) == [("image 1", "1.png")]


def test_pictures_and_objects_are_numbered_in_order() -> None:
    found = scan(flat(in_element(png(1)) + in_element(pdf()) + in_element(png(2))))
    assert [locator for locator, _ in pictures(found)] == [
        "image 1",
        "object 1, page 1, image 1",
        "image 2",
    ]


def test_within_archives_and_mail_they_are_found_too() -> None:
    document = flat(in_element(png()))
    archive = zipped(("plain.xml", b"<?xml version='1.0'?><a>text</a>"), ("a.fodt", document))
    found = scan(archive)
    assert [locator for locator, _ in pictures(found)] == ["member a.fodt, image 1"]
    assert problems(found) == [("unsupported", "1 member without pictures")]
    mail = message()
    attach(mail, "a.xml", document)
    assert [locator for locator, _ in pictures(scan(mail.as_bytes()))] == ["attachment 1, image 1"]


def test_other_xml_stays_what_it_was() -> None:
    key = digits(bytes(range(256)))
    for inside in ("words " * 50, key, "a" * 200):
        content = f"<?xml version='1.0'?><note>{inside}</note>".encode()
        assert problems(scan(content)) == [("unsupported", "")]


def test_a_document_without_pictures_has_none() -> None:
    assert problems(scan(flat("<office:body/>"))) == [("no_image", "")]


def test_linked_pictures_are_looked_for_beside_the_document(tmp_path: Path) -> None:
    (tmp_path / "beside.png").write_bytes(png())
    names = ["beside.png", "gone.png", "../above.png", "https://example.org/a.png"]
    links = "".join(f"<draw:image xlink:href='{name}'/>" for name in names)
    path = tmp_path / "a.fodt"
    path.write_bytes(flat(links))
    found = scan(path)
    assert [locator for locator, _ in pictures(found)] == ["image 1"]
    assert problems(found) == [
        ("not_found", "image 2"),
        ("outside_folder", "image 3"),
        ("remote", "image 4"),
    ]


def test_what_stands_before_a_fault_counts() -> None:
    found = scan(flat(in_element(png()))[:-20] + b"<<")
    assert len(pictures(found)) == 1
    assert [reason for reason, _ in problems(found)] == ["undecodable"]


def test_entities_do_not_grow() -> None:
    bomb = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'cc'>]><FictionBook >&b;</FictionBook>"
    assert [reason for reason, _ in problems(scan(bomb))] == ["undecodable"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=20))
def test_damaged_documents_fail_in_a_foreseen_way(changes: list[tuple[int, int]]) -> None:
    content = codecs.BOM_UTF8 + flat(in_element(png()) + in_element(pdf()))
    assert list(crashed(scan(mutated(content, changes)))) == []
