"""Image files become pictures: formats, orientation, frames, and the size that is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import DecodeError
from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Picture, Problem
from medsift.decode.reader import ImageReader, findings, frames
from tests.decode.pictures import WHERE, close, encoded, encoded_strip, only, scene


def test_a_picture_says_what_was_found() -> None:
    data = encoded(scene(), "PNG")
    picture = only(data)
    assert (picture.width, picture.height) == (96, 64)
    assert (picture.format, picture.color_mode, picture.note) == ("png", "RGB", "")
    assert picture.pixels.shape == (64, 96, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert picture.data == data
    assert picture.where == WHERE


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        ("PNG", 0),
        ("BMP", 0),
        ("TIFF", 0),
        ("PPM", 0),
        ("TGA", 0),
        ("QOI", 0),
        ("JPEG2000", 0),
        ("JPEG", 6),
        ("WEBP", 6),
        ("AVIF", 6),
    ],
)
def test_every_usual_format_gives_its_pixels(kind: str, tolerance: float) -> None:
    where = replace(WHERE, source=f"a.{kind.lower()}")
    (picture,) = frames(encoded(scene(), kind), where, DEFAULT_LIMITS)
    assert close(picture, scene(), tolerance)
    assert picture.format == kind.lower()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene().transpose(turns[orientation]) if orientation > 1 else scene()
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert close(only(encoded(stored, "JPEG", exif=exif, quality=95)), scene(), 4)
    assert close(only(encoded(stored, "PNG", exif=exif)), scene(), 0)
    assert close(only(encoded(stored, "TIFF", exif=exif)), scene(), 0)


def test_damaged_metadata_do_not_cost_the_picture() -> None:
    assert close(
        only(encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff", quality=95)), scene(), 4
    )


class TestFrames:
    """Animated and multi-page files give a picture for each frame."""

    @staticmethod
    def animation(count: int, kind: str = "GIF") -> bytes:
        # From 1: black alone would be merged with what follows.
        images = [Image.new("L", (16, 16), 1 + i * 2) for i in range(count)]
        options = {"lossless": True} if kind == "WEBP" else {}
        return encoded(images[0], kind, save_all=True, append_images=images[1:], **options)

    @pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
    def test_each_frame_is_a_picture_with_its_number(self, kind: str) -> None:
        pictures = list(frames(self.animation(4, kind), WHERE, DEFAULT_LIMITS))
        assert [p.where.frame for p in pictures] == [0, 1, 2, 3]
        assert [p.where.locator for p in pictures] == [f"frame {i}" for i in range(4)]
        levels = [int(p.pixels[8, 8, 0]) for p in pictures]
        assert np.abs(np.array(levels) - [1, 3, 5, 7]).max() <= 1
        assert {p.note for p in pictures} == {""}

    @pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
    def test_frames_may_be_asked_for_in_any_order(self, kind: str) -> None:
        for count in (2, 3):
            reader = ImageReader(self.animation(count, kind), WHERE, DEFAULT_LIMITS)
            for index in (count - 1, 0, 1, 0):
                level = int(reader.picture(index).pixels[8, 8, 0])
                assert abs(level - (1 + 2 * index)) <= 1, (count, index)

    def test_the_locator_goes_on_from_that_of_the_container(self) -> None:
        where = replace(WHERE, locator="page 2, image 1")
        second = list(frames(self.animation(2), where, DEFAULT_LIMITS))[1]
        assert second.where.locator == "page 2, image 1, frame 1"

    def test_long_ones_are_thinned_evenly(self) -> None:
        limits = Limits(frames=5)
        pictures = list(frames(self.animation(41), WHERE, limits))
        assert [p.where.frame for p in pictures] == [0, 10, 20, 30, 40]
        assert {p.note for p in pictures} == {"frames_thinned"}
        assert len(list(frames(self.animation(41), WHERE, limits, all_frames=True))) == 41

    def test_a_damaged_page_leaves_the_others(self) -> None:
        pages = [Image.new("L", (16, 16), level) for level in (10, 20, 30)]
        data = bytearray(
            encoded(
                pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw"
            )
        )
        second = bytes(data).index(encoded_strip(20))
        data[second : second + 6] = b"\xff" * 6
        found = list(findings(bytes(data), WHERE, DEFAULT_LIMITS))
        assert [type(f) for f in found] == [Picture, Problem, Picture]
        problem = found[1]
        assert isinstance(problem, Problem)
        assert (problem.status, problem.reason) == ("failed", "undecodable")
        assert problem.where.frame == 1
        seen: list[Picture] = []
        with pytest.raises(DecodeError, match="frame 1"):
            seen.extend(frames(bytes(data), WHERE, DEFAULT_LIMITS))

    def test_an_icon_is_one_picture_its_largest(self) -> None:
        data = encoded(scene(64, 64), "ICO", sizes=[(16, 16), (64, 64)])
        assert only(data).width == 64


class TestTarget:
    """JPEG may be decoded at a reduced size, and still says its own."""

    @pytest.mark.parametrize(
        ("target", "shape"),
        [
            (0, (480, 640)),
            (160, (240, 320)),
            (240, (240, 320)),
            (241, (480, 640)),
            (60, (60, 80)),
            (20, (60, 80)),
            (1, (2, 3)),
            (5000, (480, 640)),
        ],
    )
    def test_the_shorter_side_stays_long_enough(self, target: int, shape: tuple[int, int]) -> None:
        picture = only(encoded(scene(640, 480), "JPEG"), target)
        assert picture.pixels.shape[:2] == shape
        assert (picture.width, picture.height) == (640, 480)

    def test_the_reduced_picture_looks_the_same(self) -> None:
        picture = only(encoded(scene(640, 480), "JPEG", quality=95), 120)
        assert close(picture, scene(640, 480).resize((160, 120)), 4)

    def test_other_formats_are_shrunk_to_not_less_than_twice(self) -> None:
        data = encoded(scene(640, 480), "PNG")
        assert only(data, 120).pixels.shape == (240, 320, 3)
        assert only(data, 121).pixels.shape == (480, 640, 3)
        assert close(only(data, 60), scene(640, 480).resize((160, 120)), 2)

    def test_turned_pictures_are_reduced_too(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        assert only(encoded(scene(640, 480), "JPEG", exif=exif), 160).pixels.shape == (320, 240, 3)
