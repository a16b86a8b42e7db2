"""Image files become RGB pictures, whatever their mode, and never anything but InputError."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import warnings
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from medsift.core.errors import DecodeError, InputError, LimitError, UnsupportedError
from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Picture, Problem, Provenance
from medsift.decode.reader import findings, frames

WHERE = Provenance(source="a.png")
RED = (220, 30, 30)
WHITE = (255, 255, 255)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def scene(width: int = 96, height: int = 64) -> Image.Image:
    coarse = np.random.default_rng(5).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def only(data: bytes, target: int = 0, limits: Limits = DEFAULT_LIMITS) -> Picture:
    (picture,) = frames(data, WHERE, limits, target)
    return picture


def close(picture: Picture, expected: Image.Image, tolerance: float) -> bool:
    wanted = np.asarray(expected.convert("RGB"), dtype=np.int16)
    assert picture.pixels.shape == wanted.shape
    return float(np.abs(picture.pixels - wanted).mean()) <= tolerance


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


class TestInks:
    """CMYK: Adobe's JPEG files hold the inks inverted, others do not."""

    @staticmethod
    def marked() -> bytes:
        return encoded(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95)

    @staticmethod
    def without_marker(data: bytes) -> bytes:
        at = data.index(b"\xff\xee")
        length = struct.unpack_from(">H", data, at + 2)[0]
        return data[:at] + data[at + 2 + length :]

    def test_with_the_marker_of_adobe(self) -> None:
        assert b"Adobe" in self.marked()
        red = only(self.marked()).pixels[16, 16]
        assert red[0] > 240
        assert max(red[1], red[2]) < 15
        assert only(self.marked()).color_mode == "CMYK"

    def test_without_the_marker(self) -> None:
        plain = encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 255)), "JPEG", quality=95)
        red = only(self.without_marker(plain)).pixels[16, 16]
        assert red[0] > 240
        assert max(red[1], red[2]) < 15

    def test_transformed_inks(self) -> None:
        # The same samples declared as YCCK: the decoder turns Y, Cb, Cr into inks first.
        data = bytearray(
            encoded(Image.new("CMYK", (32, 32), (255, 127, 127, 0)), "JPEG", quality=95)
        )
        at = data.index(b"Adobe")
        assert data[at + 11] == 0
        data[at + 11] = 2
        # Stored are Y = 0, Cb = Cr = 128, K = 255: inverted, all inks are at nothing.
        assert only(bytes(data)).pixels[16, 16].min() > 240

    def test_in_tiff(self) -> None:
        data = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF")
        assert only(data).pixels[4, 4].tolist() == [255, 0, 0]


class TestTransparency:
    """What is transparent shows white."""

    @staticmethod
    def half(mode: str) -> Image.Image:
        image = Image.new("RGBA", (8, 8), (*RED, 255))
        image.paste((0, 0, 0, 0), (0, 0, 4, 8))
        return image.convert(mode)

    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
    def test_alpha_channel(self, kind: str) -> None:
        options = {"lossless": True} if kind == "WEBP" else {}
        pixels = only(encoded(self.half("RGBA"), kind, **options)).pixels
        assert tuple(pixels[4, 1]) == WHITE
        assert tuple(pixels[4, 6]) == RED

    def test_half_transparent_black_is_grey(self) -> None:
        image = Image.new("RGBA", (4, 4), (0, 0, 0, 127))
        assert only(encoded(image, "PNG")).pixels[0, 0].tolist() == [128, 128, 128]

    def test_grey_with_alpha(self) -> None:
        image = Image.merge("LA", (Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 0)))
        assert tuple(only(encoded(image, "PNG")).pixels[0, 0]) == WHITE

    @pytest.mark.parametrize(
        ("mode", "colour", "transparency"),
        [("L", 10, 10), ("RGB", RED, RED), ("P", 3, 3), ("P", 3, b"\xff\xff\xff\x00"), ("1", 0, 0)],
    )
    def test_a_transparent_colour(self, mode: str, colour: Any, transparency: Any) -> None:
        image = Image.new(mode, (4, 4), colour)
        if mode == "P":
            image.putpalette([*range(30)])
        data = encoded(image, "PNG", transparency=transparency)
        assert tuple(only(data).pixels[0, 0]) == WHITE

    def test_a_transparent_value_of_sixteen_bits(self) -> None:
        image = Image.fromarray(np.full((4, 4), 9000, dtype=np.uint16))
        image.putpixel((0, 0), 100)
        picture = only(encoded(image, "PNG", transparency=9000))
        assert tuple(picture.pixels[2, 2]) == WHITE
        assert tuple(picture.pixels[0, 0]) == (0, 0, 0)

    def test_premultiplied_colour_is_not_darkened_twice(self) -> None:
        from medsift.decode.colour import to_rgb

        image = Image.new("RGBA", (2, 2), (200, 100, 0, 128)).convert("RGBa")
        assert np.abs(to_rgb(image)[0, 0].astype(int) - [227, 177, 127]).max() <= 2


class TestDeepGrey:
    """More than eight bits are scaled between percentiles."""

    @staticmethod
    def ramp(dtype: str, top: float) -> Image.Image:
        row = np.linspace(0, top, 256)
        return Image.fromarray(np.tile(row, (16, 1)).astype(dtype))

    @pytest.mark.parametrize(
        ("dtype", "top", "kind"),
        [
            ("uint16", 65535, "PNG"),
            ("uint16", 4000, "TIFF"),
            ("int32", 2e9, "TIFF"),
            ("float32", 1.0, "TIFF"),
            ("float32", 1e-12, "TIFF"),
            ("float32", 3e38, "TIFF"),
        ],
    )
    def test_a_ramp_uses_all_greys(self, dtype: str, top: float, kind: str) -> None:
        picture = only(encoded(self.ramp(dtype, top), kind))
        line = picture.pixels[8, :, 0].astype(int)
        assert (line[0], line[-1]) == (0, 255)
        assert (np.diff(line) >= 0).all()
        assert abs(line[128] - 128) <= 3
        assert picture.color_mode in {"I;16", "I", "F"}

    def test_a_few_stray_values_do_not_matter(self) -> None:
        values = np.tile(np.linspace(100, 200, 100), (100, 1)).astype(np.uint16)
        values[0, :5] = 65535
        pixels = only(encoded(Image.fromarray(values), "PNG")).pixels
        assert pixels[50].max() - pixels[50].min() > 240

    def test_a_sparse_picture_is_not_lost(self) -> None:
        values = np.zeros((100, 100), dtype=np.uint16)
        values[50, 50:60] = 1000
        pixels = only(encoded(Image.fromarray(values), "PNG")).pixels
        assert pixels[50, 55].tolist() == [255, 255, 255]
        assert pixels[0, 0].tolist() == [0, 0, 0]

    @pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, 7.0])
    def test_what_cannot_be_scaled_is_black(self, fill: float) -> None:
        image = Image.fromarray(np.full((8, 8), fill, dtype=np.float32))
        assert only(encoded(image, "TIFF")).pixels.max() == 0

    def test_values_that_are_no_numbers_do_not_spoil_the_rest(self) -> None:
        values = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
        values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
        line = only(encoded(Image.fromarray(values), "TIFF")).pixels[:, :, 0]
        assert (line[30, 0], line[30, -1], line[0, 1], line[0, 2]) == (0, 255, 255, 0)

    def test_sixteen_bit_colour(self) -> None:
        rows = b"".join(b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0) * 4 for _ in range(4))
        data = png_of(4, 4, 16, 2, rows)
        assert only(data).pixels[0, 0].tolist() == [255, 128, 0]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(
    width: int, height: int, bits: int, colour: int, rows: bytes, *extra: tuple[bytes, bytes]
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *(chunk(name, body) for name, body in extra),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


@pytest.mark.parametrize("mode", ["1", "L", "P", "LAB", "YCbCr", "RGBX", "I;16B"])
def test_other_modes_become_rgb(mode: str) -> None:
    if mode == "I;16B":
        image = Image.frombytes(mode, (8, 8), np.arange(64, dtype=">u2").tobytes())
    else:
        image = Image.new("RGB", (8, 8), RED).convert(mode)
    picture = only(encoded(image, "TIFF"))
    assert picture.pixels.shape == (8, 8, 3)
    if mode in {"LAB", "YCbCr", "P", "RGBX"}:
        assert np.abs(picture.pixels[0, 0].astype(int) - RED).max() < 24


class TestColourProfiles:
    """Embedded ICC profiles are converted to sRGB."""

    @staticmethod
    def profile(gamma: float) -> bytes:
        """A matrix profile with the primaries of sRGB and a pure gamma."""

        def curve() -> bytes:
            return b"curv" + bytes(4) + struct.pack(">IHH", 1, round(gamma * 256), 0)

        def xyz(*values: float) -> bytes:
            return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))

        text = b"desc" + bytes(4) + struct.pack(">I", 2) + b"g\0" + bytes(79)
        tags = [
            (b"desc", text + bytes(-len(text) % 4)),
            (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
            (b"rXYZ", xyz(0.4361, 0.2225, 0.0139)),
            (b"gXYZ", xyz(0.3851, 0.7169, 0.0971)),
            (b"bXYZ", xyz(0.1431, 0.0606, 0.7141)),
            *((name, curve()) for name in (b"rTRC", b"gTRC", b"bTRC")),
        ]
        at = 128 + 4 + 12 * len(tags)
        table, body = struct.pack(">I", len(tags)), b""
        for name, value in tags:
            table += name + struct.pack(">II", at + len(body), len(value))
            body += value
        head = bytearray(128)
        struct.pack_into(">I", head, 0, at + len(body))
        struct.pack_into(">I", head, 8, 0x02400000)
        head[12:24] = b"mntrRGB XYZ "
        head[36:40] = b"acsp"
        struct.pack_into(">3i", head, 68, 63190, 65536, 54061)
        return bytes(head) + table + body

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
    def test_a_linear_profile_brightens(self, mode: str) -> None:
        image = Image.new("RGB", (8, 8), (64, 64, 64))
        image = image.quantize(2) if mode == "P" else image.convert(mode)
        linear = only(encoded(image, "PNG", icc_profile=self.profile(1.0)))
        # sRGB encodes a quarter of the light as 137 of 255.
        assert np.abs(linear.pixels[0, 0].astype(int) - 137).max() <= 2

    def test_srgb_is_left_alone(self) -> None:
        from PIL import ImageCms

        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image = scene()
        picture = only(encoded(image, "PNG", icc_profile=srgb))
        assert (picture.pixels == np.asarray(image)).all()

    @pytest.mark.parametrize("profile", [b"junk", bytes(200), b"\xff" * 1000])
    def test_a_bad_profile_is_ignored(self, profile: bytes) -> None:
        assert close(only(encoded(scene(), "PNG", icc_profile=profile)), scene(), 0)

    def test_a_profile_for_another_kind_of_colour_is_ignored(self) -> None:
        grey = Image.new("L", (8, 8), 64)
        data = encoded(grey, "PNG", icc_profile=self.profile(1.0))
        assert only(data).pixels[0, 0].tolist() == [64, 64, 64]


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


def encoded_strip(level: int) -> bytes:
    """The LZW strip of a plain grey page as it stands in a TIFF file."""
    data = encoded(Image.new("L", (16, 16), level), "TIFF", compression="tiff_lzw")
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, Image.Image)
        offset, length = image.tag_v2[273][0], image.tag_v2[279][0]  # type: ignore[attr-defined]
    return data[offset : offset + length]


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

    def test_a_truncated_progressive_jpeg_shows_what_is_left(self) -> None:
        data = encoded(scene(256, 256), "JPEG", progressive=True, quality=95)
        assert only(data[: len(data) * 2 // 3]).note == "truncated"
        assert only(data[: len(data) * 2 // 3], target=64).pixels.shape == (64, 64, 3)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
    def test_a_file_cut_in_its_header_is_an_error(self, kind: str) -> None:
        data = encoded(scene(), kind)
        with pytest.raises(InputError):
            only(data[:20])

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
