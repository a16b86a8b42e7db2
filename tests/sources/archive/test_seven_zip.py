"""7z archives, with and without the library for them."""

from __future__ import annotations

import io

import pytest

from medsift.core.picture import Problem
from tests.sources.inside import pictures, png, problems, scan, small


def seven_zipped(*members: tuple[str, bytes], password: str | None = None) -> bytes:
    py7zr = pytest.importorskip("py7zr")
    stream = io.BytesIO()
    with py7zr.SevenZipFile(stream, "w", password=password) as archive:
        for name, content in members:
            archive.writestr(content, name)
    return stream.getvalue()


def test_members_are_found() -> None:
    found = scan(seven_zipped(("a/1.png", png(1)), ("words", b"text"), ("2.png", png(2))))
    assert pictures(found) == [("member a/1.png", "a/1.png"), ("member 2.png", "2.png")]
    assert problems(found) == [("unsupported", "1 member without pictures")]


def test_an_encrypted_archive_is_told() -> None:
    found = scan(seven_zipped(("1.png", png(1)), password="secret"))
    assert problems(found) == [("encrypted", "")]


def test_a_bomb_stops_by_its_budget() -> None:
    found = scan(seven_zipped(("zeros.bmp", bytes(20 << 20))), limits=small(inflated_bytes=1 << 20))
    assert problems(found) == [("limit_exceeded", "")]


def test_damage_ends_in_a_problem() -> None:
    content = bytearray(seven_zipped(("1.png", png(1))))
    content[40:60] = bytes(20)
    assert [reason for reason, _ in problems(scan(bytes(content)))] == ["undecodable"]


def test_a_missing_library_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsift.sources.archive.seven_zip.find_spec", lambda _name: None)
    (found,) = scan(b"7z\xbc\xaf\x27\x1c" + bytes(40))
    assert isinstance(found, Problem)
    assert found.reason == "unsupported"
    assert "pip install 'medsift[archives]'" in found.error
