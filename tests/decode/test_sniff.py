"""What a file is, told by content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from medsift.core.picture import Provenance
from medsift.decode.signatures import image_format
from medsift.decode.sniff import HEAD_BYTES, FileType, sniff
from medsift.sources.base import Blob

PART_10 = bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\xc0\x00\x00\x00"


def encoded(kind: str, mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (20, 16), 7).save(stream, kind)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        # Stored, so that the PDF header stands in clear within the first bytes.
        archive.writestr("a.pdf", b"%PDF-1.7\n1 0 obj\n")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return stream.getvalue()


def element(tag: tuple[int, int], vr: bytes, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH2sH", *tag, vr, len(value)) + value


def implicit(tag: tuple[int, int], value: bytes) -> bytes:
    return struct.pack("<HHI", *tag, len(value)) + value


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("JPEG", "RGB"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "RGB"),
        ("WEBP", "RGB"),
        ("AVIF", "RGB"),
        ("JPEG2000", "RGB"),
        ("ICO", "RGBA"),
        ("ICNS", "RGBA"),
        ("PPM", "RGB"),
        ("PPM", "L"),
        ("PPM", "1"),
        ("PCX", "RGB"),
        ("SGI", "RGB"),
        ("DDS", "RGB"),
        ("XBM", "1"),
        ("MSP", "1"),
        ("QOI", "RGB"),
        ("BLP", "P"),
    ],
)
def test_what_pillow_writes_is_an_image_of_that_format(kind: str, mode: str) -> None:
    content = encoded(kind, mode)
    assert sniff(content) == "image"
    assert image_format(content) == kind.lower()


def test_a_pcx_file_has_its_corners_in_order() -> None:
    content = bytearray(encoded("PCX"))
    content[12:16] = bytes(4)  # dots per inch, which may be missing
    assert image_format(bytes(content)) == "pcx"
    content[4:12] = struct.pack("<4H", 9, 0, 8, 15)
    assert image_format(bytes(content)) != "pcx"


def test_heif_is_told_from_other_files_of_the_same_container() -> None:
    def box(*brands: bytes) -> bytes:
        body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
        return struct.pack(">I", len(body) + 4) + body + bytes(32)

    assert image_format(box(b"heic", b"mif1")) == "heif"
    assert image_format(box(b"mif1", b"heic")) == "heif"
    assert image_format(box(b"mif1", b"avif")) == "avif"
    assert sniff(box(b"isom", b"mp42")) == "unknown"


def test_targa_has_no_signature_and_needs_its_name() -> None:
    content = encoded("TGA")
    assert sniff(content, "scan.TGA") == "image"
    assert sniff(content, "scan.bin") != "image"
    assert sniff(b"not a targa file at all", "scan.tga") == "text"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"%PDF-1.4\n", "pdf"),
        (b"\xef\xbb\xbf\n\x00junk" + bytes(500) + b"%PDF-1.4\n1 0 obj", "pdf"),
        (bytes(2000) + b"%PDF-1.4\n1 0 obj", "unknown"),
        (zipped(), "zip"),
        (tarred(), "tar"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (bz2.compress(b"x"), "bzip2"),
        (bz2.compress(b""), "bzip2"),
        (lzma.compress(b"x"), "xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
        (b"Rar!\x1a\x07\x01\x00", "rar"),
        (b"WARC/1.1\r\nWARC-Type: warcinfo\r\n", "warc"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "ole"),
        (b"{\\rtf1\\ansi hello}", "rtf"),
        (b"PAR1\x15\x04", "parquet"),
        (struct.pack("<i", 348) + bytes(340) + b"n+1\0", "nifti"),
        (struct.pack(">i", 348) + bytes(340) + b"ni1\0" + bytes(8), "nifti"),
        (bytes.fromhex("3080 06092a864886f70d010702 a080"), "cms"),
        (b"BZh9 is what bzip2 files start with", "text"),
        (b"BM is not always a bitmap", "text"),
        (b"Just some words.\n", "text"),
        ("Grüße in Latin-1".encode("latin-1"), "text"),
        (bytes(range(256)) * 4, "unknown"),
    ],
)
def test_other_files_are_told_by_their_first_bytes(content: bytes, expected: FileType) -> None:
    assert sniff(content) == expected


def test_a_text_about_pdf_is_a_text() -> None:
    assert sniff(b"# A PDF file starts with %PDF-1.7 or so.\n") == "text"


def test_the_name_does_not_overrule_the_content() -> None:
    assert sniff(encoded("PNG"), "scan.pdf") == "image"
    assert sniff(b"%PDF-1.4\n", "scan.png") == "pdf"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><p>",
        "  \r\n<!doctype HTML>",
        "<html lang='en'>",
        "<!-- saved from somewhere -->\n<!-- twice --><html>",
        "<head><title>x</title>",
        "<body>x",
        "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'x'>\n<html>",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
        "<table><tr>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
def test_web_pages_are_told_whatever_stands_before_the_first_tag(page: str, encoding: str) -> None:
    assert sniff(page.encode(encoding)) == "html"


@pytest.mark.parametrize(
    "picture",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<?xml version='1.0'?>\n<!-- made by hand -->\n<svg:svg xmlns:svg='x'>",
        "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'><svg>",
        "<?xml version='1.0'?><!DOCTYPE svg [ <!ENTITY a 'b'> ]><svg>",
        "<!DOCTYPE drawing [ <!ENTITY a '<html>'> ]>\n<!-- made by hand --><svg>",
        "<!DOCTYPE drawing SYSTEM 'drawing.dtd'><svg>",
    ],
)
def test_vector_graphics_are_told_from_pages(picture: str) -> None:
    assert sniff(picture.encode()) == "svg"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("root", ["svg", "html"])
def test_a_long_comment_first_hides_nothing(encoding: str, root: str) -> None:
    comment = f"<?xml version='1.0'?><!-- {'x' * 9000} --><!-- {'y' * 9000} -->"
    content = f"{comment}\n<{root}><g/></{root}>".encode(encoding)
    assert Blob(Provenance("a"), data=content).file_type() == root


def test_other_xml_is_xml() -> None:
    assert sniff(b"<?xml version='1.0'?><note><svg/></note>") == "xml"


@pytest.mark.parametrize("cut", range(40))
def test_a_long_header_of_mail_may_be_cut_anywhere(cut: int) -> None:
    header = b"Received: from a.example.org by b.example.org; Mon\r\n" * 100
    padded = b"X-Pad: " + b"x" * cut + b"\r\n" + header
    assert sniff(padded + b"Subject: a\r\nFrom: b\r\n\r\nwords") == "eml"
    assert sniff(header[:3000] + b"\r\n\r\nwords" + b"x" * 2000) == "text"  # one field alone


def test_a_short_text_that_ends_like_a_header_is_no_mail() -> None:
    assert sniff(b"From: a\r\nSubject: b\r\nwords") == "text"


def test_mail_is_told_by_its_header() -> None:
    header = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: scans\r\n"
    assert sniff(header + b"\r\nhello") == "eml"
    assert sniff(b"From a@example.org Mon Jan  5 10:11:12 2026\n" + header) == "mbox"
    related = b'MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html"\r\n\r\n'
    assert sniff(b"From: <Saved by a browser>\r\n" + related) == "mhtml"
    mark = b"Snapshot-Content-Location: https://example.org/\r\nSubject: a\r\n"
    bare = b"MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=x\r\n\r\n"
    assert sniff(mark + bare) == "mhtml"
    assert sniff(b"Subject: a\r\n" + bare) == "eml"
    assert sniff(b"Subject: a note to self\nthat goes on without a second field\n") == "text"


@pytest.mark.parametrize(
    "content",
    [
        PART_10,
        b"II*\x00\x08\x00\x00\x00" + PART_10[8:],
        element((8, 5), b"CS", b"ISO_IR 100") + element((8, 0x16), b"UI", b"1.2\0"),
        element((8, 5), b"CS", b"ISO_IR 100", ">") + element((8, 0x16), b"UI", b"1.2\0", ">"),
        implicit((8, 0), struct.pack("<I", 90)) + implicit((8, 1), struct.pack("<I", 900)),
        element((2, 0), b"UL", bytes(4)) + element((2, 2), b"UI", b"1.2\0"),
    ],
)
def test_dicom_is_told_with_and_without_a_preamble(content: bytes) -> None:
    assert sniff(content + bytes(64)) == "dicom"


def test_binary_files_that_start_with_a_small_number_are_not_dicom() -> None:
    assert sniff(b"\x08\x00\x05\x00" + bytes(200)) == "unknown"
    assert sniff(b"\x02\x00" * 200) == "unknown"


@given(st.binary(max_size=600), st.text(max_size=12))
@example(b"\xff\xd8\xff", "")
@example(b"P6\n# \n", "x.tga")
@example(b"\n" * HEAD_BYTES, "x.html")
def test_any_bytes_have_a_type(head: bytes, name: str) -> None:
    assert sniff(head, name) in set(_names())


@given(
    st.sampled_from(
        [encoded("PNG"), zipped(), tarred(), PART_10, b"<!-- <!DOCTYPE svg [", b"From: a\nTo: b\n"]
    ),
    st.data(),
)
def test_damaged_heads_have_a_type_too(content: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, min(len(content), 600)))
    at = data.draw(st.integers(0, end))
    junk = data.draw(st.binary(max_size=8))
    assert sniff(content[:at] + junk + content[at:end]) in set(_names())


def _names() -> list[str]:
    return [name for part in get_args(FileType) for name in (get_args(part) or [part])]


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_header_of_analyze_is_known_by_what_makes_sense(order: str) -> None:
    def header(*sizes: int, regular: bytes = b"\0", kind: int = 4, bits: int = 16) -> bytes:
        made = bytearray(348)
        struct.pack_into(f"{order}I", made, 0, 348)
        made[38:39] = regular
        struct.pack_into(f"{order}{len(sizes)}h", made, 40, *sizes)
        struct.pack_into(f"{order}2h", made, 70, kind, bits)
        return bytes(made)

    assert sniff(header(3, 96, 80, 9)) == "nifti"
    assert sniff(header(3, 96, 80, 9, regular=b"r", kind=0)) == "nifti"
    assert sniff(header(3, 96, 80, 9, bits=8)) == "unknown"
    assert sniff(header(3, 96, 0, 9)) == "unknown"
    assert sniff(header(9, 96, 80, 9)) == "unknown"
