"""Inks, transparency, deep grey, colour profiles: pictures become RGB as people see them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
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
    def profile(gamma: float, space: bytes = b"RGB ", name: bytes = b"g") -> bytes:
        """A profile with a pure gamma, and for colours the primaries of sRGB."""

        def curve() -> bytes:
            return b"curv" + bytes(4) + struct.pack(">IHH", 1, round(gamma * 256), 0)

        def xyz(*values: float) -> bytes:
            return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))

        text = b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name + b"\0" + bytes(78)
        tags = [(b"desc", text + bytes(-len(text) % 4)), (b"wtpt", xyz(0.9642, 1.0, 0.8249))]
        if space == b"GRAY":
            tags.append((b"kTRC", curve()))
        else:
            tags += [
                (b"rXYZ", xyz(0.4361, 0.2225, 0.0139)),
                (b"gXYZ", xyz(0.3851, 0.7169, 0.0971)),
                (b"bXYZ", xyz(0.1431, 0.0606, 0.7141)),
                *((name, curve()) for name in (b"rTRC", b"gTRC", b"bTRC")),
            ]
        at = 128 + 4 + 12 * len(tags)
        table, body = struct.pack(">I", len(tags)), b""
        for tag, value in tags:
            table += tag + struct.pack(">II", at + len(body), len(value))
            body += value
        head = bytearray(128)
        struct.pack_into(">I", head, 0, at + len(body))
        struct.pack_into(">I", head, 8, 0x02400000)
        head[12:24] = b"mntr" + space + b"XYZ "
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

    def test_a_linear_profile_that_is_called_srgb(self) -> None:
        image = Image.new("RGB", (8, 8), (64, 64, 64))
        named = self.profile(1.0, name=b"linear sRGB IEC61966-2.1")
        linear = only(encoded(image, "PNG", icc_profile=named))
        assert np.abs(linear.pixels[0, 0].astype(int) - 137).max() <= 2

    def test_srgb_by_another_name_is_left_alone(self) -> None:
        from PIL import ImageCms

        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        renamed = srgb.replace(b"sRGB", b"none").replace("sRGB".encode("utf-16-be"), b"12345678")
        assert renamed != srgb
        assert close(only(encoded(scene(), "PNG", icc_profile=renamed)), scene(), 0)

    @pytest.mark.parametrize("mode", ["L", "LA", "1"])
    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
    def test_a_profile_of_greys(self, mode: str, kind: str) -> None:
        if (kind, mode) in {("JPEG", "LA"), ("JPEG", "1"), ("TIFF", "1")}:
            pytest.skip("no such file")
        image = Image.new("L", (16, 16), 64).convert(mode)
        options = {"quality": 100} if kind == "JPEG" else {}
        data = encoded(image, kind, icc_profile=self.profile(1.0, b"GRAY"), **options)
        wanted = 137 if mode != "1" else int(np.asarray(image.convert("L"))[0, 0])
        assert np.abs(only(data).pixels[0, 0].astype(int) - wanted).max() <= 2

    def test_a_profile_of_deep_greys(self) -> None:
        values = np.tile(np.linspace(0, 65535, 257), (8, 1)).astype(np.uint16)
        data = encoded(Image.fromarray(values), "PNG", icc_profile=self.profile(1.0, b"GRAY"))
        assert abs(int(only(data).pixels[4, 64, 0]) - 137) <= 3

    @pytest.mark.parametrize("method", [2, 3])
    @pytest.mark.parametrize(("mode", "space"), [("RGB", b"RGB "), ("L", b"GRAY")])
    def test_a_profile_in_the_boxes_of_jpeg_2000(
        self, method: int, mode: str, space: bytes
    ) -> None:
        image = Image.new("L", (16, 16), 64).convert(mode)
        data = encoded(image, "JPEG2000").replace(b"colr", b"free")
        body = bytes([method, 0, 0]) + self.profile(1.0, space)
        box = struct.pack(">I4s", 8 + len(body), b"colr") + body
        at = data.index(b"jp2h") - 4
        length = struct.unpack_from(">I", data, at)[0]
        head = struct.pack(">I", length + len(box)) + data[at + 4 : at + length]
        made = data[:at] + head + box + data[at + length :]
        assert np.abs(only(made).pixels[0, 0].astype(int) - 137).max() <= 2

    def test_transparency_stays_beside_a_profile_of_greys(self) -> None:
        image = Image.merge("LA", (Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 0)))
        data = encoded(image, "PNG", icc_profile=self.profile(1.0, b"GRAY"))
        assert tuple(only(data).pixels[0, 0]) == WHITE


class TestGamma:
    """The gamma of a PNG file counts where there is no profile, PNG third edition, 11.3.2.2."""

    @staticmethod
    def grey(gamma: float, *extra: tuple[bytes, bytes], colour: int = 2) -> np.ndarray[Any, Any]:
        channels = {0: 1, 2: 3, 6: 4}[colour]
        sample = bytes([64] * min(channels, 3) + [255] * (channels - 3))
        rows = b"".join(b"\0" + sample * 4 for _ in range(4))
        chunk = (b"gAMA", struct.pack(">I", round(gamma * 100_000)))
        pixels: np.ndarray[Any, Any] = only(png_of(4, 4, 8, colour, rows, chunk, *extra)).pixels
        return np.asarray(pixels[0, 0])

    @pytest.mark.parametrize("colour", [0, 2, 6])
    @pytest.mark.parametrize(("gamma", "wanted"), [(1.0, 137), (0.45455, 64), (0.55556, 81)])
    def test_it_is_applied(self, gamma: float, wanted: int, colour: int) -> None:
        assert np.abs(self.grey(gamma, colour=colour).astype(int) - wanted).max() <= 2

    @pytest.mark.parametrize("gamma", [0.0, 1000.0])
    def test_one_that_makes_no_sense_is_ignored(self, gamma: float) -> None:
        assert set(self.grey(gamma)) == {64}

    def test_a_file_that_says_srgb_is_left_alone(self) -> None:
        assert set(self.grey(1.0, (b"sRGB", b"\0"))) == {64}


class TestChannelsOfJpeg2000:
    """Channel definitions say which channel is red, ISO/IEC 15444-1 annex I.5.3.6."""

    @staticmethod
    def defined(image: Image.Image, *channels: tuple[int, int, int]) -> bytes:
        data = encoded(image, "JPEG2000").replace(b"cdef", b"free")
        body = struct.pack(">H", len(channels))
        body += b"".join(struct.pack(">HHH", *channel) for channel in channels)
        box = struct.pack(">I4s", 8 + len(body), b"cdef") + body
        at = data.index(b"jp2h") - 4
        length = struct.unpack_from(">I", data, at)[0]
        head = struct.pack(">I", length + len(box)) + data[at + 4 : at + length]
        return data[:at] + head + box + data[at + length :]

    def test_blue_first(self) -> None:
        red, green, blue = scene().split()
        swapped = Image.merge("RGB", (blue, green, red))
        data = self.defined(swapped, (0, 0, 3), (1, 0, 2), (2, 0, 1))
        assert close(only(data), scene(), 0)

    def test_opacity_first(self) -> None:
        red, green, blue = scene().split()
        opacity = Image.new("L", scene().size, 255)
        opacity.paste(0, (0, 0, 20, 20))
        mixed = Image.merge("RGBA", (opacity, red, green, blue))
        data = self.defined(mixed, (0, 1, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3))
        wanted = scene()
        wanted.paste(WHITE, (0, 0, 20, 20))
        assert close(only(data), wanted, 0)

    @pytest.mark.parametrize(
        "channels", [[(0, 0, 1), (1, 0, 2), (2, 0, 3)], [(0, 0, 0), (1, 0, 0), (2, 0, 0)]]
    )
    def test_definitions_that_change_nothing(self, channels: list[tuple[int, int, int]]) -> None:
        assert close(only(self.defined(scene(), *channels)), scene(), 0)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["i07_grey_profile_linear.png", "i09_linear_light_named_srgb.png"])
def test_the_shared_cases_of_linear_light_are_brightened(shared: Path, name: str) -> None:
    data = (shared / "cases" / name).read_bytes()
    stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), float) / 255
    wanted = np.where(stored <= 0.0031308, stored * 12.92, 1.055 * stored ** (1 / 2.4) - 0.055)
    assert np.abs(only(data).pixels - wanted * 255).max() <= 3


@pytest.mark.shared
def test_the_shared_case_of_channels_is_put_in_order(shared: Path) -> None:
    data = (shared / "cases" / "i11_jp2_channels_bgr.jp2").read_bytes()
    stored = np.asarray(Image.open(io.BytesIO(data)))
    assert (only(data).pixels == stored[..., ::-1]).all()
