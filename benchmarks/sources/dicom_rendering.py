"""Compare the pictures that medsift makes of DICOM files with what pydicom makes of them.

    python benchmarks/sources/dicom_rendering.py FOLDER... [--pydicom] [--list]

``--pydicom`` adds the sample files that pydicom itself carries. Two comparisons:

stored values
    What medsift decodes for a frame, against ``pixel_array`` of pydicom by each of the plug-ins
    that are installed: the largest difference in stored values. Lossless codings must agree
    exactly; of lossy ones, decoders may round differently.
shown picture
    Of the first frame: the modality table, the window or values of interest table, the palette and
    the colour space as pydicom's own functions apply them, scaled to 8 bits by the bounds of
    the window; against medsift's pixels: the share of samples that differ by at most 2 of
    255. Without a window or table there is no reference, since medsift chooses one; nor is there
    with a window that leaves nothing to see, which medsift does not follow.

The last table has a row for each transfer syntax: files, files that open, and what decodes it.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.data import get_testdata_files
from pydicom.pixels import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi_lut,
    convert_color_space,
    get_decoder,
)

from medsift.core.errors import InputError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.dicom.dataset import parse
from medsift.sources.dicom.pixels import FrameReader

CLOSE = 2
ENOUGH = 0.999
BLANK = 0.98


def reference_values(dataset: Any) -> tuple[NDArray[Any] | None, str]:
    """Stored values of the first frame by pydicom; None where no plug-in gives them."""
    fault = ""
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    for plugin in decoder.available_plugins or ("",):
        try:
            values, properties = decoder.as_array(dataset, index=0, decoding_plugin=plugin)
        except Exception as error:  # noqa: BLE001, PERF203
            fault = f"{plugin}: {type(error).__name__}"
        else:
            return values, str(properties["photometric_interpretation"])
    return None, fault


def reference_picture(
    dataset: Any, values: NDArray[Any], interpretation: str
) -> NDArray[np.uint8] | None:
    """What pydicom's functions make of stored values; None where nothing says what to show."""
    if interpretation == "PALETTE COLOR":
        coloured = apply_color_lut(values, dataset)[..., :3]
        return np.asarray(coloured >> 8 if coloured.max() > 255 else coloured, dtype=np.uint8)
    if values.ndim == 3:
        values = values[..., :3]
        if dataset.BitsStored > 8:
            values = values >> (dataset.BitsStored - 8)
        values = values.astype(np.uint8)
        if interpretation.startswith("YBR_PARTIAL") or interpretation == "YBR_FULL":
            values = convert_color_space(values, "YBR_FULL", "RGB")
        return np.asarray(values)
    if "WindowWidth" not in dataset and "VOILUTSequence" not in dataset:
        return None
    table = "VOILUTSequence" in dataset
    shown = apply_modality_lut(values, dataset)
    shown = apply_voi_lut(shown, dataset, prefer_lut=not _first(dataset, "WindowWidth"))
    shown = np.asarray(shown, dtype=np.float64)
    if table and not _first(dataset, "WindowWidth"):
        low, high = 0.0, float(2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1)
    else:
        low, high = _output_range(dataset)
    grey = np.rint((shown - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    inverse = dataset.PhotometricInterpretation == "MONOCHROME1"
    grey = np.bitwise_not(grey) if inverse else grey
    return np.repeat(grey[..., None], 3, axis=2)


def _output_range(dataset: Any) -> tuple[float, float]:
    """The range on to which pydicom's apply_windowing maps, by its documentation."""
    bits = dataset.BitsStored
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if not dataset.PixelRepresentation:
        low, high = 0, 2**bits - 1
    if "ModalityLUTSequence" in dataset:
        return 0.0, float(2 ** dataset.ModalityLUTSequence[0].LUTDescriptor[2] - 1)
    slope = float(dataset.get("RescaleSlope") or 1)
    intercept = float(dataset.get("RescaleIntercept") or 0)
    if "RescaleSlope" in dataset:
        return low * slope + intercept, high * slope + intercept
    return float(low), float(high)


def _first(dataset: Any, keyword: str) -> float:
    value = dataset.get(keyword)
    if value in (None, ""):
        return 0.0
    return float(value if isinstance(value, int | float) else value[0])


def _read_by_pydicom(path: Path) -> bool:
    try:
        return bool(pydicom.dcmread(path, force=True).pixel_array.size)
    except Exception:  # noqa: BLE001
        return False


def compare(path: Path) -> Iterator[tuple[str, object]]:
    """Yield what there is to say of one file, by name."""
    try:
        file = parse(Blob(Provenance(path.name), path=path), Context())
        if file.pixels is None:
            return
        dataset: Any = pydicom.dcmread(path, force=True)
        yield "syntax", file.dataset.file_meta.TransferSyntaxUID.name
        frames = FrameReader(file, DEFAULT_LIMITS)
        pixels, _ = frames.pixels(0)
    except InputError as error:
        yield (
            "fault",
            f"{error.record_text} ({'read' if _read_by_pydicom(path) else 'nor'} by pydicom)",
        )
        return
    yield "plugin", frames._codec.plugins[0] or "pydicom"  # noqa: SLF001
    values, interpretation = reference_values(dataset)
    if values is None:
        yield "no reference", interpretation
        return
    ours, _ = frames._codec.decode(0)  # noqa: SLF001
    yield "stored", int(np.abs(values.astype(np.int64) - ours.astype(np.int64)).max())
    try:
        picture = reference_picture(dataset, values, interpretation)
    except Exception as error:  # noqa: BLE001
        yield "no reference", f"{type(error).__name__} in pydicom"
        return
    if picture is None:
        yield "no reference", "no window"
        return
    if np.mean(picture == 0) > BLANK or np.mean(picture == 255) > BLANK:
        yield "no reference", "a window that shows nothing"
        return
    difference = np.abs(picture.astype(np.int16) - pixels.astype(np.int16))
    yield "shown", float((difference <= CLOSE).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--pydicom", action="store_true")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    paths = [path for folder in arguments.folders for path in sorted(folder.rglob("*"))]
    if arguments.pydicom:
        paths += [Path(name) for name in get_testdata_files("*.dcm")]
    counts: Counter[str] = Counter()
    syntaxes: dict[str, Counter[str]] = defaultdict(Counter)
    for path in paths:
        if path.is_file() and path.suffix not in {".icc", ".dump", ".txt", ".md", ".py"}:
            told = dict(compare(path))
            count(told, counts, syntaxes)
            if arguments.list and (
                "fault" in told or told.get("stored") or float(str(told.get("shown", 1))) < ENOUGH
            ):
                print(path.name, told)
    report(counts, syntaxes)
    sys.exit(counts["shown pictures compared"] != counts["of them alike"])


def count(told: dict[str, object], counts: Counter[str], syntaxes: dict[str, Counter[str]]) -> None:
    """Add what was told of one file to the sums."""
    if not told:
        counts["without pixels"] += 1
        return
    syntax = syntaxes[str(told.get("syntax", "not read at all"))]
    syntax["files"] += 1
    if "fault" in told:
        syntax[str(told["fault"])] += 1
    else:
        syntax["open"] += 1
        syntax[f"by {told['plugin']}"] += 1
    if "no reference" in told:
        counts[f"no reference: {told['no reference']}"] += 1
    if "stored" in told:
        counts["stored values compared"] += 1
        counts["of them equal"] += told["stored"] == 0
    if "shown" in told:
        counts["shown pictures compared"] += 1
        counts["of them alike"] += float(str(told["shown"])) >= ENOUGH


def report(counts: Counter[str], syntaxes: dict[str, Counter[str]]) -> None:
    """Print the two tables."""
    print("| what | files |\n| --- | --- |")
    for name, number in counts.items():
        print(f"| {name} | {number} |")
    print("\n| transfer syntax | files | open | decoded | not |\n| --- | --- | --- | --- | --- |")
    for name, row in sorted(syntaxes.items()):
        by = ", ".join(f"{k[3:]} {v}" for k, v in sorted(row.items()) if k.startswith("by "))
        faults = "; ".join(f"{v} x {k}" for k, v in row.items() if ": " in k)
        print(f"| {name} | {row['files']} | {row['open']} | {by} | {faults} |")


if __name__ == "__main__":
    main()
