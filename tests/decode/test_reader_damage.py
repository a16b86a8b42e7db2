"""Damaged, oversized and hostile image files end in InputError, and in nothing else."""

from __future__ import annotations

import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from medsift.core.errors import DecodeError, InputError, LimitError, UnsupportedError
from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Picture, Problem
from medsift.decode.reader import findings
from medsift.decode.repair import png_essentials
from tests.decode.pictures import RED, WHERE, chunk, encoded, only, png_of, scene


class TestDamage:
    """A truncated file shows what is left of it; without anything left it is an error."""

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "PPM"])
    def test_a_truncated_file_shows_what_is_left(self, kind: str) -> None:
        data = encoded(scene(256, 256), kind)
        picture = only(data[: len(data) * 2 // 3])
        assert picture.note == "truncated"
        assert (picture.width, picture.height) == (256, 256)
        # Rows of BMP files run upwards.
        left = slice(-100, None) if kind == "BMP" else slice(None, 100)
        whole = np.asarray(scene(256, 256)).astype(int)
        assert np.abs(picture.pixels[left] - whole[left]).mean() < 6

    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_a_file_with_next_to_nothing_left_is_an_error(self, kind: str) -> None:
        data = encoded(scene(256, 256), kind)
        start = data.index(b"\xff\xda") if kind == "JPEG" else data.index(b"IDAT")
        with pytest.raises(DecodeError, match="next to nothing left"):
            only(data[: start + 40])

    def test_a_truncated_progressive_jpeg_shows_what_is_left(self) -> None:
        data = encoded(scene(256, 256), "JPEG", progressive=True, quality=95)
        assert only(data[: len(data) * 2 // 3]).note == "truncated"
        assert only(data[: len(data) * 2 // 3], target=64).pixels.shape == (64, 64, 3)

    def test_frames_after_a_damaged_one_are_not_built_upon_it(self) -> None:
        images = [scene().rotate(90 * n).convert("P") for n in range(4)]
        data = bytearray(encoded(images[0], "GIF", save_all=True, append_images=images[1:]))
        third = [at for at in range(len(data) - 10) if data[at : at + 3] == b"\x21\xf9\x04"][-2]
        # A code size that no picture can have.
        start = data.index(b"\x2c", third) + 10
        start += 3 * 2 ** ((data[start - 1] & 7) + 1) if data[start - 1] & 0x80 else 0
        data[start] = 200
        found = list(findings(bytes(data), WHERE, DEFAULT_LIMITS))
        assert [type(f) for f in found] == [Picture, Picture, Problem]
        problem = found[2]
        assert problem.where.frame == 2
        assert isinstance(problem, Problem)
        assert problem.status == "failed"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
    def test_a_file_cut_in_its_header_is_an_error(self, kind: str) -> None:
        data = encoded(scene(), kind)
        with pytest.raises(InputError):
            only(data[:20])

    def test_a_truncated_jpeg_2000_shows_what_is_left_with_fewer_details(self) -> None:
        data = encoded(scene(256, 256), "JPEG2000")
        picture = only(data[: len(data) * 2 // 3])
        assert picture.note == "truncated"
        assert np.abs(picture.pixels.astype(int) - np.asarray(scene(256, 256))).mean() < 30

    def test_nothing_global_was_changed_for_it(self) -> None:
        data = encoded(scene(256, 256), "PNG")
        before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, len(warnings.filters))
        only(data[: len(data) // 2])
        after = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, len(warnings.filters))
        assert before == after

    def test_errors_are_clear_sentences(self) -> None:
        with pytest.raises(DecodeError, match=r"^damaged PNG image") as caught:
            only(b"\x89PNG\r\n\x1a\n" + bytes(100))
        assert "0x" not in caught.value.record_text

    def test_formats_without_a_decoder_are_unsupported(self) -> None:
        with pytest.raises(UnsupportedError, match="jxl"):
            only(b"\xff\x0a" + bytes(50))
        with pytest.raises(UnsupportedError):
            only(b"%PDF-1.4 is not an image")

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM", "PCX", "SGI"]),
        st.data(),
    )
    def test_flipped_bytes_raise_nothing_but_input_errors(
        self, kind: str, data: st.DataObject
    ) -> None:
        content = bytearray(encoded(scene(24, 16), kind))
        for _ in range(data.draw(st.integers(1, 6))):
            at = data.draw(st.integers(2, len(content) - 1))
            content[at] = data.draw(st.integers(0, 255))
        limits = Limits(pixels=1_000_000)
        try:
            for found in findings(bytes(content), WHERE, limits, target=8):
                assert isinstance(found, Picture | Problem)
        except InputError as error:
            assert error.record_text  # noqa: PT017 - either outcome is fine


class TestLimits:
    """Bytes and pixels are bounded before anything is decoded."""

    def test_bytes(self) -> None:
        with pytest.raises(LimitError, match="larger than"):
            only(bytes(100), limits=Limits(file_bytes=99))

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000"])
    def test_pixels(self, kind: str) -> None:
        data = encoded(scene(), kind)
        with pytest.raises(LimitError, match="96 x 64"):
            only(data, limits=Limits(pixels=96 * 64 - 1))
        assert only(data, limits=Limits(pixels=96 * 64)).width == 96

    def test_a_bomb_is_refused_by_its_header(self) -> None:
        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")
        with pytest.raises(LimitError):
            only(data)

    def test_our_limit_holds_and_not_that_of_pillow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
        assert only(encoded(scene(), "PNG")).width == 96
        assert only(encoded(scene(), "JPEG")).width == 96

    def test_later_pages_are_checked_too(self) -> None:
        pages = [scene(8, 8), scene(300, 300)]
        data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
        found = list(findings(data, WHERE, Limits(pixels=10_000)))
        assert isinstance(found[0], Picture)
        assert isinstance(found[1], Problem)
        assert found[1].reason == "limit_exceeded"

    def test_inflating_text_does_not_cost_the_picture_nor_the_memory(self) -> None:
        bomb = b"k\0\0" + zlib.compress(bytes(30_000_000))
        rows = b"".join(b"\0" + bytes(RED) * 4 for _ in range(4))
        for name in (b"zTXt", b"iCCP"):
            data = png_of(4, 4, 8, 2, rows, (name, bomb))
            assert tuple(only(data).pixels[0, 0]) == RED

    def test_transparency_outlives_the_repair(self) -> None:
        bomb = b"k\0\0" + zlib.compress(bytes(30_000_000))
        rows = b"".join(b"\0" + bytes(RED) * 2 + b"\1\2\3" * 2 for _ in range(4))
        clear = struct.pack(">HHH", *RED)
        data = png_of(4, 4, 8, 2, rows, (b"zTXt", bomb), (b"tRNS", clear))
        damaged = data.replace(b"zTXt", b"zTXx", 1)
        assert tuple(only(data).pixels[0, 0]) == (255, 255, 255)
        assert tuple(only(data).pixels[0, 3]) == (1, 2, 3)
        essentials = png_essentials(damaged)
        assert essentials is not None
        assert b"tRNS" in essentials
        assert tuple(only(essentials).pixels[0, 0]) == (255, 255, 255)

    def test_many_texts_do_not_cost_the_picture(self) -> None:
        text = b"k\0\0" + zlib.compress(bytes(1_000_000))
        rows = b"".join(b"\0" + bytes(RED) * 4 for _ in range(4))
        data = png_of(4, 4, 8, 2, rows, *[(b"zTXt", text)] * 70)
        assert tuple(only(data).pixels[0, 0]) == RED


def test_warnings_of_parsers_stay_inside_also_with_threads() -> None:
    # An EXIF block that ends too early makes Pillow warn, and warnings are errors here.
    directory = struct.pack("<HHHIIHHI", 2, 0x0112, 3, 1, 1, 0x010F, 2, 80)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory
    data = encoded(scene(), "JPEG", exif=exif)
    before = list(warnings.filters)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(30):
                only(data)
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert list(warnings.filters) == before


def test_a_transparency_of_the_wrong_length_costs_no_picture() -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in np.asarray(scene(8, 6)))
    picture = only(png_of(8, 6, 8, 2, rows, (b"tRNS", b"\0\1")))
    assert (picture.pixels == np.asarray(scene(8, 6))).all()
