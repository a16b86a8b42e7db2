from __future__ import annotations

import base64
import contextlib
import gzip
import io
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medsift.core.errors import InputError
from medsift.core.limits import KIB, MIB
from medsift.core.picture import Finding, Picture, Problem
from medsift.sources.base import Blob
from medsift.sources.registry import refined_type
from tests.sources.archive.making import zipped
from tests.sources.inside import crashed, mutated, pdf, pictures, png, problems, scan, small

URL = "https://example.org/a.png"
INFO = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"


def record(
    block: bytes, kind: str = "response", url: str = URL, length: int | None = None
) -> bytes:
    """One record; its declared length may be wrong."""
    size = len(block) if length is None else length
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nContent-Length: {size}"
    return head.encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def answer(payload: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """What a web server sent."""
    lines = [f"HTTP/1.1 {status}", *headers, "", ""]
    return "\r\n".join(lines).encode() + payload


def chunked(payload: bytes, size: int = 50) -> bytes:
    pieces = [payload[i : i + size] for i in range(0, len(payload), size)]
    return b"".join(b"%x;a=b\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def members_of(*records: bytes) -> bytes:
    """Each record compressed by itself, as archives are written."""
    return b"".join(map(gzip.compress, records))


def shades(found: list[Finding]) -> list[int]:
    return [int(f.pixels[0, 0, 0]) for f in found if isinstance(f, Picture)]


def test_a_picture_that_was_made_of_another_record_is_found() -> None:
    block = png(5)
    made = record(block, "conversion").replace(
        b"WARC-Type", b"Content-Type: image/png\r\nWARC-Type"
    )
    text = record(b"some words", "conversion").replace(
        b"WARC-Type", b"Content-Type: text/plain\r\nWARC-Type"
    )
    assert shades(scan(INFO + text + made)) == [5]


@pytest.mark.parametrize(
    "packed", [b"".join, lambda r: members_of(*r), lambda r: gzip.compress(b"".join(r))]
)
def test_every_picture_is_found_with_its_record_and_address(packed: object) -> None:
    assert callable(packed)
    archive = packed(
        [
            INFO,
            record(b"GET /a.png HTTP/1.1\r\n\r\n", "request"),
            record(answer(png(1))),
            record(png(2), "resource", "file:///b.png"),
        ]
    )
    found = scan(archive, "x.warc.gz")
    assert [
        (f.where.source_type, f.where.locator, f.where.url, f.where.index, f.where.member)
        for f in found
    ] == [
        ("warc", "record 3", URL, 1, ""),
        ("warc", "record 4", "file:///b.png", 2, ""),
    ]
    assert shades(found) == [1, 2]


def test_documents_in_the_archive_are_looked_into() -> None:
    [found] = scan(record(answer(pdf(9))))
    assert isinstance(found, Picture)
    assert found.where.locator.startswith("record 1, page 1")
    assert (found.where.page, found.where.url) == (1, URL)


def test_pages_give_what_is_inside_them_and_no_references() -> None:
    inside = base64.b64encode(png(7)).decode()
    page = f"<!DOCTYPE html><img src=a.png><img src='data:image/png;base64,{inside}'>"
    found = scan(record(answer(page.encode(), "Content-Type: text/html"), url="https://a.org/"))
    assert pictures(found) == [("record 1, img 2", "")]
    assert problems(found) == []
    assert shades(found) == [7]


@pytest.mark.parametrize("status", ["301 Moved", "404 Not Found", "206 Partial", "x", "500"])
def test_answers_that_are_no_success_are_passed_over(status: str) -> None:
    found = scan(record(answer(png(), status=status)))
    assert problems(found) == [("no_image", "")]


def test_other_content_is_not_worth_a_word() -> None:
    style = answer(b"a { color: red }", "Content-Type: text/css")
    assert problems(scan(record(style) + record(answer(png())))) == []


@pytest.mark.parametrize(
    ("coding", "coded"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_the_codings_of_the_transfer_are_undone(coding: str, coded: object) -> None:
    assert callable(coded)
    block = answer(
        chunked(coded(png(5))), f"Content-Encoding: {coding}", "Transfer-Encoding: chunked"
    )
    assert shades(scan(record(block))) == [5]


def test_codings_that_the_crawler_has_undone_already_are_left_alone() -> None:
    block = answer(png(5), "Content-Encoding: br", "Transfer-Encoding: chunked")
    assert shades(scan(record(block))) == [5]


def test_a_coding_that_is_not_read_is_said_once() -> None:
    coded = record(answer(b"\x1b\x2f\x00\xf8" * 9, "Content-Encoding: br"))
    found = scan(coded + record(answer(png(3))) + coded)
    assert shades(found) == [3]
    assert problems(found) == [
        ("unsupported", "2 with a content coding that is not read, first record 1")
    ]


def test_an_inflating_payload_stops_at_the_limit() -> None:
    bomb = answer(gzip.compress(b"GIF89a" + bytes(32 * MIB)), "Content-Encoding: gzip")
    archive = members_of(record(bomb), record(answer(png(3))))
    found = scan(archive, limits=small(file_bytes=1 * MIB))
    assert shades(found) == [3]
    assert problems(found) == [("limit_exceeded", "record 1")]


def test_an_inflating_archive_stops_at_the_budget() -> None:
    bomb = gzip.compress(INFO + record(answer(b"GIF89a" + bytes(32 * MIB))))
    found = scan(bomb, limits=small(inflated_bytes=1 * MIB))
    assert [f[0] for f in problems(found)] == ["limit_exceeded"]


def test_a_payload_that_is_too_large_is_left_out() -> None:
    archive = record(answer(b"GIF89a" + bytes(2 * MIB))) + record(answer(png(3)))
    found = scan(archive, limits=small(file_bytes=1 * MIB))
    assert shades(found) == [3]
    assert problems(found) == [("limit_exceeded", "1 member larger than 1 MiB")]


@pytest.mark.parametrize("length", [0, 20, 60])
def test_after_a_length_that_is_too_short_the_next_record_is_found(length: int) -> None:
    archive = record(answer(png(1)), length=length) + record(answer(png(2)))
    found = scan(archive)
    assert 2 in shades(found)
    assert ("undecodable", "record 1") in problems(found)
    assert [f.where.locator for f in found][-1] == "record 2"


@pytest.mark.parametrize("length", ["", "-5", "many"])
def test_after_a_length_that_is_none_the_next_record_is_found(length: str) -> None:
    broken = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %b\r\n\r\nabc\r\n\r\n"
    found = scan(broken % length.encode() + record(answer(png(2))))
    assert shades(found) == [2]
    assert problems(found) == [("undecodable", "record 1")]


def test_an_archive_that_ends_within_a_record_says_so() -> None:
    archive = record(answer(png(1))) + record(answer(png(2)), length=10_000)
    found = scan(archive)
    assert shades(found) == [1, 2]
    [problem] = [f for f in found if isinstance(f, Problem)]
    assert problem.error == "undecodable: the archive ends within record 2"


def test_a_compressed_archive_that_was_cut_off_says_so() -> None:
    archive = members_of(record(answer(png(1))), record(answer(png(2), "X: " + "y" * 999)))
    found = scan(archive[:-60])
    assert shades(found)[:1] == [1]
    assert ("undecodable", "") in problems(found)


def test_records_of_a_later_version_are_problems() -> None:
    found = scan(b"WARC/9.0\r\nContent-Length: 0\r\n\r\n\r\n\r\n" + record(answer(png(2))))
    assert shades(found) == [2]
    assert problems(found) == [("undecodable", "record 1")]


@pytest.mark.parametrize("unit", [b"A: b\r\n", b"a" * 999, b"A: b\r\n x\r\n"])
def test_endless_headers_are_a_problem(unit: bytes) -> None:
    archive = b"WARC/1.0\r\n" + unit * (MIB // len(unit)) + b"\r\n" + record(answer(png(2)))
    found = scan(archive)
    assert shades(found) == [2]
    assert ("limit_exceeded", "record 1") in problems(found)


def test_damage_without_end_is_not_reported_without_end() -> None:
    found = scan(b"WARC/1.0\n\n" * 20_000, limits=small(members=10_000))
    assert len(found) < 200


def test_a_package_is_read_record_by_record() -> None:
    package = zipped(
        ("datapackage.json", b"{}"),
        ("archive/data.warc.gz", members_of(INFO, record(answer(png(4))))),
        ("archive/more.warc", record(answer(png(5)))),
        ("indexes/index.cdx.gz", gzip.compress(b"x")),
    )
    found = scan(package, "x.wacz")
    assert [(f.where.source_type, f.where.locator, f.where.member) for f in found] == [
        ("warc", "member archive/data.warc.gz, record 2", "archive/data.warc.gz"),
        ("warc", "member archive/more.warc, record 1", "archive/more.warc"),
    ]
    assert shades(found) == [4, 5]


def test_a_damaged_file_of_a_package_costs_only_itself() -> None:
    package = zipped(
        ("datapackage.json", b"{}"),
        ("archive/a.warc.gz", members_of(record(answer(png(4))))[:-40]),
        ("archive/b.warc", record(answer(png(5)))),
    )
    found = scan(package)
    assert shades(found)[-1] == 5
    assert ("undecodable", "member archive/a.warc.gz") in problems(found)


def test_a_package_with_a_wrong_checksum_is_damaged() -> None:
    package = zipped(
        ("datapackage.json", b"{}"), ("archive/a.warc", record(answer(png(4)))), method=0
    )
    found = scan(package.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 KO"))
    assert problems(found) == [("undecodable", "member archive/a.warc")]


def test_other_packages_and_compressed_files_stay_what_they_are() -> None:
    package = zipped(("datapackage.json", b"{}"), ("archive/a.png", png(4)))
    assert {f.where.source_type for f in scan(package)} == {"archive"}
    assert [f.where.source_type for f in scan(gzip.compress(png()))] == ["archive"]


def test_an_archive_within_an_archive_keeps_its_place() -> None:
    found = scan(zipped(("a/x.warc.gz", members_of(record(answer(png(4)))))))
    assert [(f.where.locator, f.where.member) for f in found] == [
        ("member a/x.warc.gz, record 1", "a/x.warc.gz")
    ]


def test_a_large_archive_is_not_held_in_memory(tmp_path: Path) -> None:
    import tracemalloc

    noise = io.BytesIO()
    Image.effect_noise((1000, 1000), 90).save(noise, "PNG")
    path = tmp_path / "x.warc"
    with path.open("wb") as file:
        for _ in range(30):
            file.write(record(b"x" * 700 * KIB, "metadata") + record(noise.getvalue(), "metadata"))
        file.write(record(answer(png(1))))
    tracemalloc.start()
    try:
        assert shades(scan(path)) == [1]
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB < path.stat().st_size
    finally:
        tracemalloc.stop()


SEED = record(answer(chunked(gzip.compress(png())), "Content-Encoding: gzip")) + record(
    answer(png(1)), "resource"
)
PACKAGE = zipped(
    ("datapackage.json", b"{}"),
    ("archive/a.warc", SEED),
    ("archive/b.warc.gz", members_of(SEED)),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_any_damage_gives_findings(changes: list[tuple[int, int]]) -> None:
    for archive in (SEED, members_of(SEED, SEED), PACKAGE):
        assert not list(crashed(scan(mutated(archive, changes))))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_signature_give_findings(tail: bytes) -> None:
    assert not list(crashed(scan(b"WARC/1.0\r\n" + tail)))


@pytest.mark.shared
def test_real_archives_end_in_findings(shared: Path) -> None:
    paths = sorted((shared / "docs" / "html").glob("*.warc*"))
    assert paths
    for path in paths:
        found = scan(path)
        assert found
        assert not list(crashed(found))
        with contextlib.suppress(InputError):
            assert refined_type(Blob(found[0].where, path)) == "warc"
