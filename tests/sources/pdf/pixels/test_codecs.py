"""Every way to store samples: filters, colour spaces, mattes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from medsift.core.picture import Picture
from tests.sources.pdf.making_pdfs import Pdf, draw, far, pictures, scene

_BITS = (scene(64, 64)[..., 0] > 128).astype(np.uint8)


def _only(pdf: Pdf, number: int) -> Picture:
    pdf.page(draw("Im", 100, 200, 160, 120), {"Im": number})
    [found] = pictures(pdf)
    return found


def _image(pdf: Pdf, size: tuple[int, int], entries: str, data: bytes) -> int:
    return pdf.add(
        f"/Type /XObject /Subtype /Image /Width {size[0]} /Height {size[1]} {entries}", data
    )


def _run_length(data: bytes) -> bytes:
    chunks = [data[i : i + 128] for i in range(0, len(data), 128)]
    return b"".join(bytes([len(c) - 1]) + c for c in chunks) + b"\x80"


def test_run_length_coded_samples() -> None:
    pdf = Pdf()
    entries = "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /RunLengthDecode"
    found = _only(pdf, _image(pdf, (80, 60), entries, _run_length(scene().tobytes())))
    assert np.array_equal(found.pixels, scene())


def test_two_filters_in_a_row() -> None:
    pdf = Pdf()
    entries = "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter [/ASCIIHexDecode /FlateDecode]"
    data = zlib.compress(scene().tobytes()).hex().encode() + b">"
    assert np.array_equal(_only(pdf, _image(pdf, (80, 60), entries, data)).pixels, scene())


def test_a_jpeg_inside_flate_is_unwrapped() -> None:
    pdf = Pdf()
    buffer = io.BytesIO()
    Image.fromarray(scene()).save(buffer, "JPEG", quality=95)
    entries = "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter [/FlateDecode /DCTDecode]"
    found = _only(pdf, _image(pdf, (80, 60), entries, zlib.compress(buffer.getvalue())))
    assert found.data == buffer.getvalue()


def test_a_jpeg_2000_keeps_its_original_bytes() -> None:
    pdf = Pdf()
    buffer = io.BytesIO()
    Image.fromarray(scene()).save(buffer, "JPEG2000")
    entries = "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /JPXDecode"
    found = _only(pdf, _image(pdf, (80, 60), entries, buffer.getvalue()))
    assert (found.format, found.data) == ("jpeg2000", buffer.getvalue())
    assert far(found.pixels, scene()) < 2


def _group4() -> tuple[bytes, bool]:
    """Code the bits as a fax; also whether zeros came out as white."""
    buffer = io.BytesIO()
    # The strip of a TIFF is what the filter takes.
    Image.fromarray(_BITS * 255).convert("1", dither=Image.Dither.NONE).save(
        buffer, "TIFF", compression="group4"
    )
    with Image.open(io.BytesIO(buffer.getvalue())) as tiff:
        [start], [length] = tiff.tag_v2[273], tiff.tag_v2[279]
        white_is_zero = tiff.tag_v2[262] == 0
    return buffer.getvalue()[start : start + length], white_is_zero


@pytest.mark.parametrize("black_is_1", [False, True])
def test_a_fax_page(black_is_1: bool) -> None:
    pdf = Pdf()
    data, white_is_zero = _group4()
    entries = (
        "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms "
        f"<< /K -1 /Columns 64 /Rows 64 /BlackIs1 {str(black_is_1).lower()} >>"
    )
    found = _only(pdf, _image(pdf, (64, 64), entries, data))
    expected = _BITS * 255 if white_is_zero != black_is_1 else (1 - _BITS) * 255
    assert np.array_equal(found.pixels[..., 0], expected)
    assert found.format == "ccitt"


def _lzw(data: bytes) -> bytes:
    """Code in nine bits a byte, starting over before a tenth is needed (ISO 32000, 7.4.4)."""
    clear, end = 256, 257
    codes = []
    for i in range(0, len(data), 250):
        codes += [clear, *data[i : i + 250]]
    bits = "".join(f"{code:09b}" for code in [*codes, end])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def test_lzw_coded_samples() -> None:
    pdf = Pdf()
    entries = "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /LZWDecode"
    found = _only(pdf, _image(pdf, (80, 60), entries, _lzw(scene().tobytes())))
    assert np.array_equal(found.pixels, scene())


def test_samples_behind_a_predictor() -> None:
    pdf = Pdf()
    rows = scene().astype(np.int16)
    left = np.concatenate([np.zeros((60, 1, 3), np.int16), rows[:, :-1]], axis=1)
    coded = ((rows - left) % 256).astype(np.uint8).reshape(60, -1)
    data = np.concatenate([np.ones((60, 1), np.uint8), coded], axis=1).tobytes()
    entries = (
        "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode "
        "/DecodeParms << /Predictor 15 /Colors 3 /Columns 80 >>"
    )
    found = _only(pdf, _image(pdf, (80, 60), entries, zlib.compress(data)))
    assert np.array_equal(found.pixels, scene())


def _jbig2_segment(number: int, kind: int, data: bytes) -> bytes:
    """Head of a segment on page 1 that refers to no other (ITU-T T.88, 7.2)."""
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


def test_a_jbig2_page() -> None:
    pdf = Pdf()
    fax, _ = _group4()
    page = _jbig2_segment(0, 48, struct.pack(">IIIIBH", 64, 64, 0, 0, 0, 0))
    # An immediate generic region, coded as a fax (MMR).
    region = _jbig2_segment(1, 38, struct.pack(">IIIIBB", 64, 64, 0, 0, 0, 1) + fax)
    entries = "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode"
    found = _only(pdf, _image(pdf, (64, 64), entries, page + region))
    # In JBIG2 a one is black, and Pillow codes its white as ones.
    assert np.array_equal(found.pixels[..., 0], (1 - _BITS) * 255)
    assert (found.format, found.color_mode) == ("jbig2", "L")


def test_two_inks_of_a_devicen_space_are_mixed() -> None:
    pdf = Pdf()
    # The inks are magenta and yellow: what the alternative space needs of cyan and black is 0.
    tint = pdf.add("/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1 0 1]", b"{0 3 1 roll 0}")
    space = f"/ColorSpace [/DeviceN [/Magenta /Yellow] /DeviceCMYK {tint} 0 R] /BitsPerComponent 8"
    inks = np.zeros((40, 40, 2), dtype=np.uint8)
    inks[:20, :, 0] = 255
    inks[:, :20, 1] = 255
    found = _only(pdf, pdf.image(40, 40, inks.tobytes(), space))
    red, magenta = found.pixels[5, 5].astype(int), found.pixels[5, 35].astype(int)
    yellow, paper = found.pixels[35, 5].astype(int), found.pixels[35, 35].astype(int)
    assert red[0] > 200 > 90 > max(red[1], red[2])
    assert min(magenta[0], magenta[2]) > 120 > 60 > magenta[1]
    assert min(yellow[0], yellow[1]) > 200 > 60 > yellow[2]
    assert paper.min() > 250


def test_a_separation_becomes_the_colour_that_stands_for_it() -> None:
    pdf = Pdf()
    tint = pdf.add("/FunctionType 2 /Domain [0 1] /N 1 /C0 [1 1 1] /C1 [1 0 0]")
    space = f"/ColorSpace [/Separation /Spot /DeviceRGB {tint} 0 R] /BitsPerComponent 8"
    samples = np.zeros((40, 40), dtype=np.uint8)
    samples[:, :20] = 255
    found = _only(pdf, pdf.image(40, 40, samples.tobytes(), space))
    assert found.pixels[20, 5].tolist() == [255, 0, 0]
    assert found.pixels[20, 35].tolist() == [255, 255, 255]


def test_lab_samples_become_rgb() -> None:
    pdf = Pdf()
    space = (
        "/ColorSpace [/Lab << /WhitePoint [0.9642 1 0.8249] /Range [-128 127 -128 127] >>] "
        "/BitsPerComponent 8"
    )
    samples = np.zeros((40, 40, 3), dtype=np.uint8)
    samples[:, :20] = (255, 128, 128)
    samples[:, 20:] = (135, 208, 195)
    found = _only(pdf, pdf.image(40, 40, samples.tobytes(), space))
    assert found.pixels[20, 5].min() > 240
    red, green, blue = found.pixels[20, 35].tolist()
    assert red > 200 > 80 > max(green, blue)


def test_a_cmyk_sample_becomes_rgb() -> None:
    pdf = Pdf()
    samples = np.zeros((40, 40, 4), dtype=np.uint8)
    samples[:, 20:, 3] = 255
    space = "/ColorSpace /DeviceCMYK /BitsPerComponent 8"
    found = _only(pdf, pdf.image(40, 40, samples.tobytes(), space))
    assert found.pixels[20, 5].min() > 240
    assert found.pixels[20, 35].max() < 60


def test_colours_that_were_mixed_with_a_matte_are_restored() -> None:
    pdf = Pdf()
    alpha = np.full((40, 40), 128, dtype=np.uint8)
    mask = pdf.image(
        40, 40, alpha.tobytes(), "/ColorSpace /DeviceGray /BitsPerComponent 8 /Matte [0 0 0]"
    )
    # Half of pure red, mixed with black beforehand.
    mixed = np.full((40, 40, 3), (128, 0, 0), dtype=np.uint8)
    found = _only(pdf, pdf.picture(mixed, f"/SMask {mask} 0 R"))
    assert found.pixels[20, 20].tolist() == pytest.approx([255, 127, 127], abs=3)
