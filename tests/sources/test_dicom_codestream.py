"""A coded frame is read by what its own header says, not by that of the file."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from medsift.core.errors import DecodeError
from medsift.core.picture import Picture
from medsift.sources.dicom import coding
from medsift.sources.dicom.codestream import Codestream, codestream_of
from tests.sources.dicom_samples import dataset, only, read, written

ACROSS, DOWN = np.meshgrid(np.linspace(0, 255, 160), np.linspace(0, 255, 120))
COLOUR = np.stack([ACROSS, DOWN, np.where(ACROSS + DOWN > 300, 220, 40)], axis=-1).astype(np.uint8)
GREY = (ACROSS * 0.5 + DOWN * 0.5).astype(np.uint8)
HEIGHT, WIDTH = GREY.shape
ENCAPSULATED, DEFLATED = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"


def saved(values: np.ndarray[Any, Any], kind: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    more = {"quality": 95} if kind == "JPEG" else {"no_jp2": True}
    Image.fromarray(values).save(stream, kind, **more, **options)
    return stream.getvalue()


def without_segments(frame: bytes) -> bytes:
    """A JPEG frame that does not say who made it: no segments of JFIF or Adobe."""
    kept, at = frame[:2], 2
    while frame[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        kept += b"" if frame[at + 1] in {0xE0, 0xEE} else frame[at:end]
        at = end
    return kept + frame[at:]


def with_names(frame: bytes, names: bytes) -> bytes:
    """Call the three components of a JPEG frame something else."""
    renamed = bytearray(frame)
    header = frame.index(b"\xff\xc0") + 10
    scan = frame.index(b"\xff\xda") + 5
    for number, name in enumerate(names):
        renamed[header + 3 * number] = renamed[scan + 2 * number] = name
    return bytes(renamed)


def held(
    frame: bytes, values: np.ndarray[Any, Any], syntax: str = coding.BASELINE, **elements: Any
) -> Dataset:
    made = dataset(values, **elements)
    made.file_meta.TransferSyntaxUID = uid.UID(syntax)
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    return made


def shows(found: Picture, values: np.ndarray[Any, Any], within: float = 8) -> bool:
    wanted = values if values.ndim == 3 else values[..., None].repeat(3, axis=2)
    if found.pixels.shape != wanted.shape:
        return False
    return bool(np.abs(found.pixels.astype(int) - wanted).mean() < within)


def stretched(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = np.percentile(values, (0.5, 99.5))
    return np.asarray(np.clip((values - low) / (high - low), 0, 1) * 255)


@pytest.mark.parametrize(
    ("frame", "said", "shown"),
    [
        (saved(COLOUR), {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}, COLOUR),
        (saved(COLOUR), {"Rows": WIDTH, "Columns": HEIGHT}, COLOUR),
        (saved(COLOUR), {"Rows": 20, "Columns": 30}, COLOUR),
        (saved(COLOUR), {"PhotometricInterpretation": "YBR_FULL_422"}, COLOUR),
        (
            saved(COLOUR),
            {"PhotometricInterpretation": "YBR_FULL_422", "PlanarConfiguration": 1},
            COLOUR,
        ),
        (without_segments(saved(COLOUR)), {"PhotometricInterpretation": "RGB"}, COLOUR),
        (b"\0\0" + saved(COLOUR), {"PhotometricInterpretation": "YBR_FULL_422"}, COLOUR),
        (b"\xff" + saved(COLOUR), {"PhotometricInterpretation": "YBR_FULL_422"}, COLOUR),
    ],
    ids=["grey", "turned", "smaller", "sound", "planes", "halved", "zeros", "filling"],
)
def test_jpeg_is_read_by_its_own_header(
    frame: bytes, said: dict[str, Any], shown: np.ndarray[Any, Any]
) -> None:
    found = only(held(frame, COLOUR, **said))
    assert shows(found, shown)
    assert (found.width, found.height) == (WIDTH, HEIGHT)
    assert found.color_mode == said.get("PhotometricInterpretation", "RGB")


def test_grey_jpeg_that_is_called_coloured_is_grey() -> None:
    found = only(held(saved(GREY), COLOUR, PhotometricInterpretation="YBR_FULL_422"))
    assert shows(found, stretched(GREY))


def test_components_that_are_called_red_green_and_blue_are() -> None:
    frame = with_names(without_segments(saved(COLOUR, subsampling=0)), b"RGB")
    ycc = np.asarray(Image.fromarray(COLOUR).convert("YCbCr"))
    assert shows(only(held(frame, COLOUR, PhotometricInterpretation="RGB")), ycc)


@pytest.mark.parametrize("said", ["YBR_FULL", "YBR_FULL_422", "YBR_RCT", "RGB"])
def test_jpeg_2000_that_turned_the_colours_itself_is_not_turned_again(said: str) -> None:
    frame = saved(COLOUR, "JPEG2000", mct=1)
    made = held(frame, COLOUR, coding.J2K_LOSSLESS, PhotometricInterpretation=said)
    assert shows(only(made), COLOUR, 3)


HEADER = dataset(COLOUR)


def test_the_header_of_a_codestream_tells_size_and_colours() -> None:
    halved = without_segments(saved(COLOUR, subsampling=2))
    assert codestream_of(halved, coding.BASELINE, HEADER) == Codestream(
        HEIGHT, WIDTH, 3, "YBR_FULL_422"
    )
    whole = without_segments(saved(COLOUR, subsampling=0))
    assert codestream_of(whole, coding.BASELINE, HEADER) == Codestream(HEIGHT, WIDTH, 3)
    for names in (b"RGB", b"rgb"):
        told = codestream_of(with_names(whole, names), coding.BASELINE, HEADER)
        assert told == Codestream(HEIGHT, WIDTH, 3, "RGB")
    turned = saved(COLOUR, "JPEG2000", mct=1)
    assert codestream_of(turned, coding.J2K, HEADER) == Codestream(HEIGHT, WIDTH, 3, "YBR_RCT")
    as_is = saved(COLOUR, "JPEG2000", mct=0)
    assert codestream_of(as_is, coding.J2K, HEADER) == Codestream(HEIGHT, WIDTH, 3)
    assert codestream_of(halved[:12], coding.BASELINE, HEADER) is None
    assert codestream_of(as_is[:30], coding.J2K, HEADER) is None
    assert codestream_of(halved, coding.XL, HEADER) is None


def segments(*planes: np.ndarray[Any, Any]) -> bytes:
    """Run lengths of planes of bytes, each row by itself."""
    body, places = b"", []
    for plane in planes:
        places.append(64 + len(body))
        for row in plane:
            for at in range(0, len(row), 128):
                part = row[at : at + 128].tobytes()
                body += bytes([len(part) - 1]) + part
        body += bytes(len(body) % 2)
    return struct.pack("<16I", len(planes), *places, *[0] * (15 - len(planes))) + body


@pytest.mark.parametrize("said", [{}, {"SamplesPerPixel": 3}, {"BitsAllocated": 16}])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_run_lengths_are_read_by_their_segments(said: dict[str, int], count: int) -> None:
    planes = [COLOUR[..., n] for n in range(3)] if count == 3 else [GREY, GREY][:count]
    name = "RGB" if said.get("SamplesPerPixel") == 3 else "MONOCHROME2"
    made = held(segments(*planes), GREY, coding.RLE, PhotometricInterpretation=name, **said)
    assert shows(only(made), COLOUR if count == 3 else stretched(GREY), 2)


@pytest.mark.parametrize("declared", [ENCAPSULATED, DEFLATED, str(uid.JPEGBaseline8Bit)])
def test_items_of_samples_are_read_as_they_are(declared: str) -> None:
    frames = [GREY, GREY[::-1].copy()]
    made = dataset(np.stack(frames), NumberOfFrames=2, WindowCenter=128, WindowWidth=256)
    parts = [frame.tobytes() for frame in frames]
    if declared == DEFLATED:
        parts = [_deflated(part) for part in parts]
    made.PixelData = encapsulate(parts)
    made["PixelData"].VR = "OB"
    # Made under a name that pydicom writes, which is as long.
    made.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1
    data = written(made)
    padded = declared.encode().ljust(len(uid.JPEGLosslessSV1), b"\0")
    data = data.replace(uid.JPEGLosslessSV1.encode(), padded, 1)
    found = read(data)
    assert len(found) == 2
    for picture, values in zip(found, frames, strict=True):
        assert isinstance(picture, Picture)
        assert shows(picture, values, 1)


def test_a_deflated_frame_that_is_damaged_is_a_failure() -> None:
    made = held(b"\xff" * 600, GREY, uid.JPEGLosslessSV1)
    padded = DEFLATED.encode().ljust(len(uid.JPEGLosslessSV1), b"\0")
    data = written(made).replace(uid.JPEGLosslessSV1.encode(), padded, 1)
    with pytest.raises(DecodeError, match="deflated DICOM frame"):
        read(data)


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()
