"""NIfTI volumes become representative slices, without any text of their header.

The header is read by nibabel, where it is installed. The voxels are mapped, not read, so that a
slice costs the memory of a slice. They may lie in a file beside the header, as those of Analyze 7.5
always do, from which NIfTI descends.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import DecodeError, InputError, UnsupportedError
from medsift.core.picture import Finding, Picture, Pixels, Provenance
from medsift.decode.grey import stretch
from medsift.decode.guard import check_bytes, check_pixels, contained
from medsift.decode.shrink import shrink
from medsift.sources.base import Blob, Context, sha256_of

WHAT = "NIfTI file"

Voxels: TypeAlias = NDArray[Any]
"""Shape (x, y, z) towards the patient's right, front and head; colours are structured samples."""

_PLANES = ("sagittal", "coronal", "axial")  # by the axis that they are perpendicular to
_NIFTI2 = frozenset({b"\x1c\x02\0\0", b"\0\0\x02\x1c"})  # the length of the header, 540
_PAIRS, _SINGLE = (b"ni1\0", b"ni2\0"), (b"n+1\0", b"n+2\0")
_LIKE = 1.1
"""Spacings up to this ratio count as the same."""
_MOST_STRETCHED = 16.0
_MODES = {"u1": "L", "i1": "L", "u2": "I;16", "i2": "I;16"}


@dataclass(frozen=True, slots=True)
class _Volume:
    """A volume in canonical orientation (RAS+), mapped.

    Attributes
    ----------
    voxels : Voxels
    spacing : tuple of 3 float
        Of the voxels along each axis, in the unit of the file, mostly millimetres.
    is_negative : bool
        Stored values grow as real ones fall.
    is_cut : bool
        The file ends before the last slices do, and they are not among the voxels.
    """

    voxels: Voxels
    spacing: tuple[float, ...]
    is_negative: bool
    is_cut: bool = False

    @property
    def through(self) -> int:
        """The axis that slices were acquired along: the coarsest, axial where all are alike."""
        flat = [axis for axis in range(3) if self.voxels.shape[axis] == 1]
        axes = flat or range(3)
        coarsest = max(self.spacing[axis] for axis in axes)
        return max(axis for axis in axes if self.spacing[axis] * _LIKE >= coarsest)

    def slice(self, axis: int, number: int) -> NDArray[Any]:
        """Samples of a slice as it is shown: towards the left and from the top."""
        # Not ``take``, which would first copy a volume that was turned.
        index = tuple(number if other == axis else slice(None, None, -1) for other in range(3))
        return np.ascontiguousarray(self.voxels[index].T)


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield slices of a volume: few from its middle half, as a reader would leaf through it.

    Three along the axis that it was acquired along (all with ``all_frames``), one along each of
    the others, in radiological convention: right is left, the front or the head is up. Of a
    series of volumes the first is taken. ``frame`` is the number of a slice towards the right,
    the front or the head.

    Parameters
    ----------
    blob : Blob
    context : Context

    Yields
    ------
    Picture
        Grey values stretched between percentiles, pixels made square.

    Raises
    ------
    UnsupportedError
        nibabel is not installed, or the voxels are in another file and the header in a container.
    LimitError
        A slice has too many pixels, or the file too many bytes.
    DecodeError
        The header makes no sense, or voxels are missing, or the file that should hold them is.
    """
    if find_spec("nibabel") is None:
        raise UnsupportedError("NIfTI needs an extra: pip install 'medsift[nifti]'")
    where = replace(blob.where, source_type=blob.where.source_type or "image", extraction="decoded")
    check_bytes(blob.size(), context.limits)
    with contained(WHAT, tell_details=False):
        volume = _opened(blob, context)
    chosen = list(_chosen(volume, context))
    note = "frames_thinned" if len(chosen) < volume.voxels.shape[volume.through] else ""
    note = "truncated" if volume.is_cut else note
    for axis, number in chosen:
        with contained(WHAT, tell_details=False):
            picture = _picture(volume, axis, number, _place(where, axis, number), context)
        yield replace(picture, note=note)


def _opened(blob: Blob, context: Context) -> _Volume:
    from nibabel.analyze import AnalyzeHeader
    from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
    from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader

    with blob.open() as stream:
        head = stream.read(352)
        is_second = head[:4] in _NIFTI2
        magic = head[4:8] if is_second else head[344:348]
        stream.seek(0)
        if magic in _PAIRS:
            kind = Nifti2PairHeader if is_second else Nifti1PairHeader
        elif magic in _SINGLE:
            kind = Nifti2Header if is_second else Nifti1Header
        else:
            kind = AnalyzeHeader
        # Its own checks would write to standard error.
        header = kind.from_fileobj(stream, check=False)
    is_single = magic in _SINGLE
    # Some programs leave the offset at zero, where the header itself would be.
    least = int(header.single_vox_offset) if is_single else 0
    voxels, is_cut = _mapped(blob if is_single else _beside(blob, context), header, least)
    slope, _ = header.get_slope_inter()
    orientation = _orientation(header)
    return _Volume(
        _turned(voxels, orientation),
        _spacing(header, orientation),
        is_negative=slope is not None and slope < 0,
        is_cut=is_cut,
    )


def _beside(header: Blob, context: Context) -> Blob:
    """The file with the voxels of a pair: of the same name, and ``img``."""
    if header.path is None:
        raise UnsupportedError("the header of a NIfTI pair, whose voxels are in another file")
    for suffix in (".img", ".IMG", ".img.gz"):
        path = header.path.with_suffix(suffix)
        if not path.is_file():
            continue
        if not suffix.endswith(".gz"):
            check_bytes(path.stat().st_size, context.limits)
            return Blob(header.where, path=path)
        with gzip.open(path) as stream:
            data = stream.read(context.limits.file_bytes + 1)
        check_bytes(len(data), context.limits)
        context.budget.spend(inflated_bytes=len(data))
        return Blob(header.where, data=data)
    raise DecodeError("the header of a NIfTI pair whose voxels, in a file .img, are not beside it")


def _mapped(blob: Blob, header: Any, least: int) -> tuple[Voxels, bool]:
    """Map the first volume, as many slices as are there; nothing is read yet."""
    shape = tuple(int(n) for n in header.get_data_shape())
    dtype = np.dtype(header.get_data_dtype())
    offset = int(header.get_data_offset())
    offset = max(offset, least) if offset >= 0 else offset
    if not 2 <= len(shape) <= 7 or min(shape) < 1 or offset < 0:
        raise DecodeError("a NIfTI header without a sensible size")
    shape = (*shape, 1)[:3]
    there = (blob.size() - offset) // max(1, math.prod(shape[:2]) * dtype.itemsize)
    is_cut = there < shape[2]
    if there < 1:
        raise DecodeError("a truncated NIfTI file: voxels are missing")
    shape = (*shape[:2], min(shape[2], there))
    if blob.data is not None:
        flat = np.frombuffer(blob.data, dtype, math.prod(shape), offset)
        return flat.reshape(shape, order="F"), is_cut
    if blob.path is None:
        raise DecodeError("a NIfTI file without bytes")
    return np.memmap(blob.path, dtype, "r", offset, shape, order="F"), is_cut


def _orientation(header: Any) -> NDArray[np.int_]:
    """Where each axis of the file goes, and 1 or -1 for its direction: shape (3, 2)."""
    from nibabel.orientations import io_orientation

    try:
        with contained(WHAT, tell_details=False), np.errstate(all="ignore"):
            found = io_orientation(header.get_best_affine())
            if sorted(found[:, 0]) == [0, 1, 2]:
                return np.asarray(found, dtype=int)
    except InputError:
        pass
    # A wrong affine is common and no reason to do without the pixels.
    return np.array([[0, 1], [1, 1], [2, 1]])


def _turned(voxels: Voxels, orientation: NDArray[np.int_]) -> Voxels:
    flips = tuple(slice(None, None, int(direction)) for direction in orientation[:, 1])
    turned: Voxels = voxels[flips].transpose(np.argsort(orientation[:, 0]))
    return turned


def _spacing(header: Any, orientation: NDArray[np.int_]) -> tuple[float, ...]:
    sizes = (*(abs(float(size)) for size in header.get_zooms()), 1.0)[:3]
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        return 1.0, 1.0, 1.0
    return tuple(sizes[axis] for axis in np.argsort(orientation[:, 0]))


def _chosen(volume: _Volume, context: Context) -> Iterator[tuple[int, int]]:
    """Axis and number of the slices to look at."""
    shape, through = volume.voxels.shape, volume.through
    count = shape[through]
    numbers = [count // 4, count // 2, count * 3 // 4]
    if context.options.all_frames:
        numbers = list(range(count))
    for number in dict.fromkeys(numbers):
        yield through, number
    for axis in range(3):
        sides = [shape[other] for other in range(3) if other != axis]
        # Nobody acquired these: no need to speak of those that are too small.
        if axis != through and min(sides) >= max(2, context.options.min_size):
            yield axis, shape[axis] // 2


def _picture(
    volume: _Volume, axis: int, number: int, where: Provenance, context: Context
) -> Picture:
    across, up = (other for other in range(3) if other != axis)
    width, height = volume.voxels.shape[across], volume.voxels.shape[up]
    check_pixels(width, height, context.limits)
    samples = volume.slice(axis, number)
    image = Image.fromarray(_shown(samples, is_negative=volume.is_negative))
    size = _square(width, height, volume.spacing[across], volume.spacing[up])
    if size != image.size and math.prod(size) <= context.limits.pixels:
        image = image.resize(size, Image.Resampling.BILINEAR)
    pixels = np.asarray(shrink(image, context.bare_target).convert("RGB"), dtype=np.uint8)
    return Picture(
        where=where,
        pixels=pixels,
        width=width,
        height=height,
        format="nifti",
        color_mode=_mode(samples.dtype),
        sha256=sha256_of(samples.tobytes()),
    )


def _shown(samples: NDArray[Any], *, is_negative: bool) -> Pixels:
    """Shape (h, w) for grey, (h, w, 3) for colour."""
    if samples.dtype.names:
        return np.stack([samples[name] for name in ("R", "G", "B")], axis=-1).astype(np.uint8)
    if samples.dtype.kind == "c":
        samples = np.abs(samples)
    if samples.dtype.itemsize > 8:
        samples = samples.astype(np.float64)
    # Slope and intercept cancel out, but for the sign.
    grey = stretch(samples)
    return np.bitwise_not(grey) if is_negative else grey


def _square(width: int, height: int, across: float, up: float) -> tuple[int, int]:
    """Size at which the pixels are square: the coarser direction is stretched."""
    ratio = min(max(across / up, 1 / _MOST_STRETCHED), _MOST_STRETCHED)
    if 1 / _LIKE <= ratio <= _LIKE:
        return width, height
    return (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))


def _mode(dtype: np.dtype[Any]) -> str:
    if dtype.names:
        return "RGBA" if "A" in dtype.names else "RGB"
    if dtype.kind in "fc":
        return "F"
    return _MODES.get(f"{dtype.kind}{dtype.itemsize}", "I")


def _place(where: Provenance, axis: int, number: int) -> Provenance:
    locator = ", ".join(filter(None, [where.locator, f"{_PLANES[axis]} slice {number}"]))
    return replace(where, frame=number, locator=locator)
