"""From stored grey values to what a viewer shows: DICOM's grey scale transformations.

Stored values pass the modality transformation (PS3.3 C.11.1), the values of interest
transformation (C.11.2: a window or a table) and the presentation (MONOCHROME1 is inverted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medsift.decode.grey import robust_range, scale
from medsift.sources.dicom.tables import usable_table

if TYPE_CHECKING:
    from pydicom import Dataset

_LEAST_SPREAD = 24
"""Grey levels between the percentiles of a picture, below which a window shows nothing.

Three times what noise may take where :mod:`medsift.decode.blank` sees one colour.
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A window of values of interest, PS3.3 C.11.2.1.2.

    Attributes
    ----------
    center, width : float
        In units after the modality transformation.
    function : str
        ``LINEAR``, ``LINEAR_EXACT`` or ``SIGMOID``.
    """

    center: float
    width: float
    function: str = "LINEAR"

    @property
    def bounds(self) -> tuple[float, float]:
        """The values that become black and white."""
        if self.function == "LINEAR":
            # Width and centre count whole grey levels, C.11.2.1.2.1.
            half = (self.width - 1) / 2
            return self.center - 0.5 - half, self.center - 0.5 + half
        return self.center - self.width / 2, self.center + self.width / 2


def grey_picture(stored: NDArray[Any], dataset: Dataset, frame: int) -> NDArray[np.uint8]:
    """Turn the stored values of one frame into 8-bit grey as a viewer would.

    Without a window in the header, or with one that leaves nothing to see, values are scaled
    between percentiles, see :mod:`medsift.decode.grey`.

    Parameters
    ----------
    stored : ndarray, shape (h, w)
    dataset : Dataset
    frame : int
        From 0; enhanced objects have their transformations a frame.

    Returns
    -------
    ndarray of uint8, shape (h, w)
    """
    values, slope, intercept = _after_modality(stored, dataset, frame)
    grey = _of_interest(values, slope, intercept, dataset, frame)
    if grey is None or _shows_nothing(grey):
        grey = scale(values, *robust_range(_without_padding(values, stored, dataset)))
        if slope < 0:
            grey = np.bitwise_not(grey)
    if _value(dataset, "PhotometricInterpretation") == "MONOCHROME1" or _is_inverse(dataset):
        grey = np.bitwise_not(grey)
    return grey


def _after_modality(
    stored: NDArray[Any], dataset: Dataset, frame: int
) -> tuple[NDArray[Any], float, float]:
    """Values, and the slope and intercept still to be applied to them."""
    table = usable_table(_value(dataset, "ModalityLUTSequence"), dataset)
    if table is not None:
        return table.look_up(stored), 1.0, 0.0
    holder = _of_frame(dataset, frame, "PixelValueTransformationSequence") or dataset
    slope = _number(holder, "RescaleSlope", 1.0)
    # Kept apart: to move the window is cheaper than to scale all pixels in floating point.
    return stored, slope or 1.0, _number(holder, "RescaleIntercept", 0.0)


def _of_interest(
    values: NDArray[Any], slope: float, intercept: float, dataset: Dataset, frame: int
) -> NDArray[np.uint8] | None:
    holder = _of_frame(dataset, frame, "FrameVOILUTSequence") or dataset
    window = _window(holder)
    if window is not None:
        return _windowed(values, slope, intercept, window)
    table = usable_table(_value(holder, "VOILUTSequence"), dataset)
    if table is not None:
        return scale(table.look_up(values * slope + intercept), 0.0, float(table.top))
    return None


def _window(holder: Dataset) -> Window | None:
    width = _number(holder, "WindowWidth", 0.0)
    center = _number(holder, "WindowCenter", float("nan"))
    function = str(_value(holder, "VOILUTFunction") or "LINEAR").strip().upper()
    window = Window(center, width, function)
    low, high = window.bounds
    return window if np.isfinite((low, high)).all() and low < high else None


def _windowed(
    values: NDArray[Any], slope: float, intercept: float, window: Window
) -> NDArray[np.uint8]:
    if window.function == "SIGMOID":
        with np.errstate(over="ignore"):
            steps = (values * slope + intercept - window.center) / window.width
            return scale(1.0 / (1.0 + np.exp(-4.0 * steps)), 0.0, 1.0)
    low, high = ((bound - intercept) / slope for bound in window.bounds)
    if low > high:
        return np.bitwise_not(scale(values, high, low))
    return scale(values, low, high)


def _shows_nothing(grey: NDArray[np.uint8]) -> bool:
    low, high = robust_range(grey)
    return high - low < _LEAST_SPREAD


def _without_padding(values: NDArray[Any], stored: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    padding = _value(dataset, "PixelPaddingValue")
    if not isinstance(padding, int):
        return values
    limit = _value(dataset, "PixelPaddingRangeLimit")
    ends = (padding, limit if isinstance(limit, int) else padding)
    rest = values[(stored < min(ends)) | (stored > max(ends))]
    return rest if rest.size else values


def _is_inverse(dataset: Dataset) -> bool:
    # MONOCHROME1 requires INVERSE: to do both would undo it.
    is_second = _value(dataset, "PhotometricInterpretation") == "MONOCHROME2"
    return bool(is_second and _value(dataset, "PresentationLUTShape") == "INVERSE")


def _of_frame(dataset: Dataset, frame: int, keyword: str) -> Dataset | None:
    """Find an item of the functional groups of a frame, or of those that all frames share."""
    for groups, at in (
        (_value(dataset, "PerFrameFunctionalGroupsSequence"), frame),
        (_value(dataset, "SharedFunctionalGroupsSequence"), 0),
    ):
        items = _value(groups[at], keyword) if groups and at < len(groups) else None
        if items:
            found: Dataset = items[0]
            return found
    return None


def _value(holder: Dataset, keyword: str) -> Any:
    """Value of an element; None where it is missing, or damaged: that costs no picture."""
    try:
        return holder.get(keyword)
    except Exception:  # noqa: BLE001  pydicom reads values when they are asked for, and trips then
        return None


def _number(holder: Dataset, keyword: str, default: float) -> float:
    """Read the first of the values that an element may have, if it is a number."""
    value = _value(holder, keyword)
    if isinstance(value, str) or value is None:
        return default
    try:
        first = value if isinstance(value, float | int) else value[0]
        return float(first)
    except (TypeError, ValueError, IndexError, OverflowError):
        return default
