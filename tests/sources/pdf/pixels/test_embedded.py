"""Embedded images come out at native resolution, as the page shows them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from tests.sources.pdf.making_pdfs import Pdf, draw, far, pictures, scene, to_jpeg


def _one(pdf: Pdf, number: int) -> Pdf:
    pdf.page(draw("Im", 100, 200, 160, 120), {"Im": number})
    return pdf


def test_samples_come_out_unchanged_with_their_place() -> None:
    pdf = Pdf()
    pixels = scene()
    [found] = pictures(_one(pdf, pdf.picture(pixels)))
    assert np.array_equal(found.pixels, pixels)
    assert (found.width, found.height, found.format, found.color_mode) == (80, 60, "raw", "RGB")
    where = found.where
    assert (where.page, where.index, where.locator) == (1, 1, "page 1, image 1")
    assert where.bbox == pytest.approx((100, 200, 260, 320))
    assert (where.source_type, where.extraction) == ("pdf", "embedded")


def test_a_jpeg_keeps_its_original_bytes() -> None:
    pdf = Pdf()
    data = to_jpeg(scene())
    [found] = pictures(_one(pdf, pdf.jpeg(data, (80, 60), "/ColorSpace /DeviceRGB")))
    assert found.data == data
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.format == "jpeg"
    assert far(found.pixels, scene()) < 4


def test_a_large_jpeg_may_be_decoded_at_a_reduced_size() -> None:
    pdf = Pdf()
    data = to_jpeg(scene(600, 800))
    number = pdf.jpeg(data, (800, 600), "/ColorSpace /DeviceRGB")
    [found] = pictures(_one(pdf, number), target=100)
    assert (found.width, found.height) == (800, 600)
    assert found.pixels.shape == (150, 200, 3)


def test_a_soft_masked_picture_is_shown_over_white() -> None:
    pdf = Pdf()
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[:, :20] = (200, 30, 30)
    alpha = np.zeros((40, 40), dtype=np.uint8)
    alpha[:, :20] = 255
    mask = pdf.picture(alpha)
    [found] = pictures(_one(pdf, pdf.picture(pixels, f"/SMask {mask} 0 R")))
    assert found.pixels[20, 5].tolist() == [200, 30, 30]
    assert found.pixels[20, 35].tolist() == [255, 255, 255]


def test_a_jpeg_behind_a_soft_mask_is_not_kept_as_a_black_file() -> None:
    pdf = Pdf()
    alpha = np.zeros((60, 80), dtype=np.uint8)
    alpha[:30] = 255
    mask = pdf.picture(alpha)
    number = pdf.jpeg(to_jpeg(scene() // 4), (80, 60), f"/ColorSpace /DeviceRGB /SMask {mask} 0 R")
    [found] = pictures(_one(pdf, number))
    assert found.data is None
    assert found.pixels[50, 40].tolist() == [255, 255, 255]


def test_a_jpeg_behind_an_opaque_soft_mask_is_kept() -> None:
    pdf = Pdf()
    mask = pdf.picture(np.full((60, 80), 255, dtype=np.uint8))
    data = to_jpeg(scene())
    number = pdf.jpeg(data, (80, 60), f"/ColorSpace /DeviceRGB /SMask {mask} 0 R")
    [found] = pictures(_one(pdf, number))
    assert found.data == data


def test_a_mask_finer_than_its_image_decides_the_resolution() -> None:
    pdf = Pdf()
    alpha = np.zeros((60, 60), dtype=np.uint8)
    alpha[:, ::6] = 255
    mask = pdf.picture(alpha)
    [found] = pictures(_one(pdf, pdf.picture(np.zeros((2, 2, 3), np.uint8), f"/SMask {mask} 0 R")))
    assert found.pixels.shape == (60, 60, 3)
    assert found.pixels[30, 6].max() == 0
    assert found.pixels[30, 8].min() == 255


def test_a_colour_key_mask_leaves_white() -> None:
    pdf = Pdf()
    pixels = np.full((40, 40, 3), 90, dtype=np.uint8)
    pixels[10:20] = (255, 0, 255)
    [found] = pictures(_one(pdf, pdf.picture(pixels, "/Mask [255 255 0 0 255 255]")))
    assert found.pixels[15, 20].tolist() == [255, 255, 255]
    assert found.pixels[30, 20].tolist() == [90, 90, 90]


def test_a_stencil_mask_leaves_white() -> None:
    pdf = Pdf()
    bits = np.zeros((40, 40), dtype=np.uint8)
    bits[:20] = 1
    mask = pdf.image(40, 40, np.packbits(bits, axis=1).tobytes(), "/ImageMask true")
    pixels = np.full((40, 40, 3), 90, dtype=np.uint8)
    [found] = pictures(_one(pdf, pdf.picture(pixels, f"/Mask {mask} 0 R")))
    assert found.pixels[5, 20].tolist() == [255, 255, 255]
    assert found.pixels[35, 20].tolist() == [90, 90, 90]


def test_a_decode_array_is_obeyed() -> None:
    pdf = Pdf()
    grey = scene()[..., 0]
    [found] = pictures(_one(pdf, pdf.picture(grey, "/Decode [1 0]")))
    assert np.array_equal(found.pixels[..., 0], 255 - grey)


def test_a_palette_is_applied() -> None:
    pdf = Pdf()
    samples = np.zeros((40, 40), dtype=np.uint8)
    samples[:, 20:] = 1
    space = "/ColorSpace [/Indexed /DeviceRGB 1 <0A141E FA0000>] /BitsPerComponent 8"
    [found] = pictures(_one(pdf, pdf.image(40, 40, samples.tobytes(), space)))
    assert found.pixels[0, 0].tolist() == [10, 20, 30]
    assert found.pixels[0, 39].tolist() == [250, 0, 0]
    assert found.color_mode == "P"


def test_one_bit_grey_is_black_and_white() -> None:
    pdf = Pdf()
    bits = np.zeros((40, 40), dtype=np.uint8)
    bits[:20] = 1
    space = "/ColorSpace /DeviceGray /BitsPerComponent 1"
    [found] = pictures(_one(pdf, pdf.image(40, 40, np.packbits(bits, axis=1).tobytes(), space)))
    assert found.pixels[0, 0].tolist() == [255, 255, 255]
    assert found.pixels[39, 0].tolist() == [0, 0, 0]


def test_sixteen_bits_become_eight() -> None:
    pdf = Pdf()
    grey = scene()[..., 0].astype(np.uint16) * 257
    space = "/ColorSpace /DeviceGray /BitsPerComponent 16"
    [found] = pictures(_one(pdf, pdf.image(80, 60, grey.astype(">u2").tobytes(), space)))
    assert far(found.pixels[..., 0], scene()[..., 0]) < 1


@pytest.mark.parametrize("decode", ["", "/Decode [1 0 1 0 1 0 1 0]"])
def test_a_cmyk_jpeg_is_not_inverted(decode: str) -> None:
    pdf = Pdf()
    inks = np.zeros((64, 64, 4), dtype=np.uint8)
    inks[:, :32, 1] = 255  # magenta on the left, paper on the right
    stored = 255 - inks if decode else inks
    data = _cmyk_jpeg(stored)
    number = pdf.jpeg(data, (64, 64), f"/ColorSpace /DeviceCMYK {decode}")
    [found] = pictures(_one(pdf, number))
    red, green, _ = found.pixels[32, 10].tolist()
    assert red > 180
    assert green < 100
    assert found.pixels[32, 50].min() > 235
    assert found.color_mode == "CMYK"


def _cmyk_jpeg(samples: np.ndarray) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    # Pillow writes CMYK inverted, with an Adobe marker; the marker is cut out again.
    Image.fromarray(255 - samples, "CMYK").save(buffer, "JPEG", quality=95)
    data = buffer.getvalue()
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    return data[:start] + data[start + 2 + length :]


def test_an_image_in_nested_forms_is_found_at_its_place() -> None:
    pdf = Pdf()
    inner = pdf.form(draw("Im", 10, 10, 40, 30), {"Im": pdf.picture(scene())})
    outer = pdf.form("q 2 0 0 2 0 0 cm /In Do Q", {"In": inner}, "/Matrix [1 0 0 1 5 0]")
    pdf.page("q 1 0 0 1 100 200 cm /Out Do Q", {"Out": outer})
    [found] = pictures(pdf)
    assert found.where.bbox == pytest.approx((125, 220, 205, 280))
    assert np.array_equal(found.pixels, scene())


def test_an_inline_image_is_found() -> None:
    pdf = Pdf()
    pixels = scene(40, 40)
    head = b"q 100 0 0 100 50 50 cm BI /W 40 /H 40 /CS /RGB /BPC 8 ID "
    pdf.page(head + pixels.tobytes() + b"\nEI Q")
    [found] = pictures(pdf)
    assert np.array_equal(found.pixels, pixels)
    assert found.color_mode == "RGB"


@pytest.mark.parametrize(
    ("entries", "count", "mode"),
    [("/BPC 1 /CS /G", 200, "1"), ("/BPC 8 /CS /G", 1600, "L"), ("/BPC 8 /CS /CMYK", 6400, "CMYK")],
)
def test_an_inline_image_tells_its_mode(entries: str, count: int, mode: str) -> None:
    pdf = Pdf()
    samples = np.random.default_rng(1).integers(0, 60, count, dtype=np.uint8).tobytes()
    head = f"q 100 0 0 100 50 50 cm BI /W 40 /H 40 {entries} ID ".encode()
    pdf.page(head + samples + b"\nEI Q")
    [found] = pictures(pdf)
    assert found.color_mode == mode


def test_a_grey_jpeg_that_says_it_is_colour_still_comes_out() -> None:
    pdf = Pdf()
    data = to_jpeg(scene(), mode="L")
    [found] = pictures(_one(pdf, pdf.jpeg(data, (80, 60), "/ColorSpace /DeviceRGB")))
    grey = np.repeat(found.pixels[..., :1], 3, axis=2)
    assert np.array_equal(found.pixels, grey)


def test_exif_orientation_is_ignored_as_viewers_do() -> None:
    pdf = Pdf()
    exif = Image.Exif()
    exif[0x0112] = 6
    data = to_jpeg(scene(), exif=exif)
    [found] = pictures(_one(pdf, pdf.jpeg(data, (80, 60), "/ColorSpace /DeviceRGB")))
    assert far(found.pixels, scene()) < 4


def test_a_repeated_image_is_reported_at_each_place_with_equal_hashes() -> None:
    pdf = Pdf()
    number = pdf.picture(scene())
    for x in (10, 300):
        pdf.page(draw("Im", x, 20, 80, 60), {"Im": number})
    first, second = pictures(pdf)
    assert first.sha256 == second.sha256
    assert (first.where.page, second.where.page) == (1, 2)
    assert (first.where.index, second.where.index) == (1, 2)
    assert second.where.bbox == pytest.approx((300, 20, 380, 80))


def test_an_image_outside_the_visible_page_is_left_out() -> None:
    pdf = Pdf()
    pdf.page(draw("Im", 2000, 20, 80, 60), {"Im": pdf.picture(scene())})
    assert pictures(pdf) == []
