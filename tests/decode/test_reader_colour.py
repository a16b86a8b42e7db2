"""Inks, transparency, deep grey, colour profiles: pictures become RGB as people see them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.decode.pictures import RED, WHITE, close, encoded, only, png_of, scene


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
