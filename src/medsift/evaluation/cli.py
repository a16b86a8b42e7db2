"""``medsift evaluate``: measure a model on labelled folders."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import OutputError

if TYPE_CHECKING:
    from medsift.evaluation.measure import Measurement

_DONE = 0
_SOME_FAILED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "data",
        type=Path,
        metavar="DATA",
        help="folder with medical/ and non_medical/, below them optionally <kind>/<source>/",
    )
    parser.add_argument("--model", default="default", metavar="NAME or DIR", help="model to use")
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="confidence below T counts as uncertain"
    )
    parser.add_argument("--tta", action="store_true", help="also average over the horizontal flip")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE", help="write one JSON line for each image"
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write plots and the worst mistakes there"
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write what was asked for.

    Returns
    -------
    int
        0; 3 where some images could not be read.
    """
    from tqdm import tqdm

    from medsift.classify import Classifier
    from medsift.evaluation.labelled import find_examples
    from medsift.evaluation.measure import measure
    from medsift.evaluation.summary import summarise
    from medsift.evaluation.text import render

    examples = find_examples(arguments.data)
    classifier = Classifier(
        arguments.model,
        threshold=arguments.threshold,
        tta=arguments.tta,
        threads=arguments.threads,
    )
    hidden = arguments.no_progress or not sys.stderr.isatty()
    with tqdm(total=len(examples), unit="image", disable=hidden) as bar:
        measurements = list(measure(classifier, examples, bar.update))
    summary = summarise(measurements, classifier.name)
    text = render(summary)
    try:
        if arguments.json is not None:
            _write(arguments.json, json.dumps(summary.to_dict(), indent=2) + "\n")
        if arguments.predictions is not None:
            _write(arguments.predictions, "".join(map(_line, measurements)))
        if arguments.report is not None:
            from medsift.evaluation.report import write_report

            written = write_report(measurements, summary, arguments.report)
            _write(arguments.report / "figures.txt", text)
            if not written.plots:
                sys.stderr.write("medsift: no plots, for want of matplotlib (medsift[report])\n")
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error
    sys.stdout.write(text)
    return _SOME_FAILED if summary.failed else _DONE


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _line(measurement: Measurement) -> str:
    example, prediction = measurement.example, measurement.prediction
    row: dict[str, object] = {
        "path": str(example.path),
        "true_label": example.label,
        "true_kind": example.kind,
        "true_source": example.source,
    }
    if prediction is None:
        row["error"] = measurement.error
    else:
        row |= {
            "label": prediction.label,
            "p_medical": prediction.p_medical,
            "kind": prediction.kind,
            "p_kind": prediction.p_kind,
        }
    return json.dumps(row) + "\n"
