"""Transfer syntaxes: which decoder reads them, and what is said where none does."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from medsift.core.errors import UnsupportedError
from medsift.core.picture import Picture
from medsift.decode.sniff import sniff
from medsift.sources.dicom import codecs
from tests.sources.dicom_samples import codec_of, dataset, only, ramp, read, sample, written

TRANSFERS = [
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_padded.dcm",
    "image_dfl.dcm",
    "ExplVR_BigEnd.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_jpeg2k.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "examples_overlay.dcm",
    "rtdose_rle.dcm",
    "liver_expb_1frame.dcm",
    "J2K_pixelrep_mismatch.dcm",
]


@pytest.mark.parametrize("name", TRANSFERS)
def test_transfer_syntaxes_of_the_core(name: str) -> None:
    content = sample(name)
    assert sniff(content) == "dicom"
    pictures = read(content)
    assert pictures
    for picture in pictures:
        assert isinstance(picture, Picture)
        assert np.ptp(picture.pixels) > 0


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "MR_small_bigendian.dcm", "CT_small.dcm"])
def test_samples_are_those_that_pydicom_reads(name: str) -> None:
    content = sample(name)
    stored = pydicom.dcmread(io.BytesIO(content)).pixel_array
    pixels = only(content).pixels[..., 0].astype(float)
    rank = np.corrcoef(stored.ravel(), pixels.ravel())[0, 1]
    assert rank > 0.9
    assert pixels.shape == stored.shape


def test_a_transfer_syntax_without_a_decoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = pydicom.pixels.get_decoder(uid.JPEGLSLossless)
    monkeypatch.setattr(decoder, "_available", {})
    monkeypatch.setattr(codecs, "find_spec", lambda _name: None)
    with pytest.raises(UnsupportedError, match="JPEG-LS Lossless") as caught:
        read(sample("MR_small_jpeg_ls_lossless.dcm"))
    assert caught.value.record_text.startswith("unsupported: ")


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_jpeg_of_twelve_bits_is_decoded_to_the_values_that_pydicom_tests_for(name: str) -> None:
    """Values at two places: tests/pixels/pixels_reference.py of pydicom."""
    pytest.importorskip("imagecodecs")
    stored, _ = codec_of(sample(name)).decode(0)
    assert (stored.shape, stored.dtype.name) == ((1024, 256), "uint16")
    assert (stored[420, 140], stored[230, 120]) == (244, 95)
    assert only(sample(name)).pixels.std() > 5


def test_jpeg_of_twelve_bits_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _name: None)
    with pytest.raises(UnsupportedError, match=r"12|more than 8 bits.*medsift\[jpeg12\]"):
        read(sample("JPGExtended.dcm"))


def test_where_one_decoder_gives_up_the_next_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = codec_of(sample("JPEG2000.dcm"))
    codec.plugins = ["broken", "pillow"]
    asked = []
    by = codec._by

    def noted(plugin: str, encoded: bytes) -> tuple[np.ndarray[Any, Any], str]:
        asked.append(plugin)
        return by(plugin, encoded)

    monkeypatch.setattr(codec, "_by", noted)
    assert codec.decode(0)[0].shape == (1024, 256)
    codec.decode(0)
    assert asked == ["broken", "pillow", "pillow"]


def test_the_decoder_that_may_end_the_process_is_the_last_resort() -> None:
    pytest.importorskip("gdcm")
    for name in ("JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm", "CT_small.dcm"):
        assert "gdcm" not in codec_of(sample(name)).plugins


@pytest.mark.parametrize(
    "syntax",
    [uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K],
    ids=lambda syntax: syntax.keyword,
)
def test_high_throughput_jpeg_2000_is_decoded(syntax: uid.UID) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    pytest.importorskip("openjpeg")
    values = ramp()
    made = dataset(values)
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate([imagecodecs.htj2k_encode(values)])
    made["PixelData"].VR = "OB"
    stored, _ = codec_of(written(made)).decode(0)
    assert np.array_equal(stored, values)
