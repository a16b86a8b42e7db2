"""``medsift evaluate``: measure a model on labelled folders."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsift.core.errors import OutputError
from medsift.report.terminal import harmless, harmless_lines

if TYPE_CHECKING:
    from medsift.classify import Classifier
    from medsift.evaluation.against import Against
    from medsift.evaluation.labelled import Example
    from medsift.evaluation.measure import Measurement
    from medsift.evaluation.robustness import Robustness
    from medsift.evaluation.summary import EvaluationSummary

_DONE = 0
_SOME_FAILED = 3
_NOT_MET = 5
_CORRUPTED = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "data",
        type=Path,
        metavar="DATA",
        help="folder with medical/ and non_medical/, below them optionally <kind>/<source>/",
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME or DIR",
        help="model to use (default: default); a second one is compared with the first",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="compare with an earlier run, of which --predictions wrote this file",
    )
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="FIGURE>=BOUND",
        help='exit 5 unless a figure of --json is so, such as "accuracy>=0.97", '
        '"recall@0.01>=0.9" or "comparison.accuracy.difference>=-0.003"; repeatable',
    )
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="confidence below T counts as uncertain"
    )
    parser.add_argument("--tta", action="store_true", help="also average over the horizontal flip")
    parser.add_argument(
        "--no-panels",
        action="store_true",
        help="judge every image as a whole alone; otherwise panels of compound images count where "
        "the model is not sure of the whole, as they do for scan",
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE", help="write one JSON line for each image"
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write plots and the worst mistakes there"
    )
    parser.add_argument(
        "--leave-one-source-out",
        action="store_true",
        help="also tell the figures without each source in turn, and those of each source by "
        "calibration and thresholds that were fitted on all others; the networks stay",
    )
    parser.add_argument(
        "--folds",
        type=_folds,
        metavar="K",
        help="also judge each of K folds of whole groups by calibration and thresholds that were "
        "fitted on the others; the networks stay",
    )
    parser.add_argument(
        "--groups",
        type=Path,
        metavar="CSV",
        help="columns source and repository: sources of one repository are one group, for --folds "
        "and for the intervals",
    )
    parser.add_argument(
        "--corruptions",
        type=int,
        nargs="?",
        const=_CORRUPTED,
        metavar="N",
        help="also measure N images, evenly from all sources, each made worse in 20 ways and 5 "
        f"severities and judged as a whole (default {_CORRUPTED}; takes a hundred times as long as "
        "N images)",
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write what was asked for.

    Returns
    -------
    int
        0; 3 where some images could not be read; 5 where a requirement is not met.
    """
    from medsift.evaluation import against, requirements
    from medsift.evaluation.labelled import find_examples
    from medsift.evaluation.predictions import line
    from medsift.evaluation.summary import json_ready, summarise
    from medsift.evaluation.text import render

    against.check(arguments)
    wanted = [requirements.Requirement.parse(text) for text in arguments.require]
    examples = find_examples(arguments.data)
    classifier, measurements = _measured(arguments, (arguments.model or ["default"])[0], examples)
    summary = summarise(measurements, classifier.name)
    more, facts = _further(arguments, classifier, measurements)
    other = _other(arguments, classifier, measurements)
    text = render(summary) + more
    if other is not None:
        compared = other.compared(arguments.groups)
        facts["comparison"] = compared.to_dict()
        text += against.render(compared)
    rows = json_ready({**summary.to_dict(), **facts})
    problems = requirements.unmet(wanted, rows)
    try:
        if arguments.json is not None:
            _write(arguments.json, json.dumps(rows, indent=2) + "\n")
        if arguments.predictions is not None:
            _write(arguments.predictions, "".join(map(line, measurements)))
        if arguments.report is not None:
            _report(arguments.report, measurements, summary, other)
            _write(arguments.report / "figures.txt", text)
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error
    # Kinds and sources are names of folders, which may be called anything.
    sys.stdout.write(harmless_lines(text))
    for problem in problems:
        sys.stderr.write(harmless(f"medsift: required: {problem}") + "\n")
    if problems:
        return _NOT_MET
    return _SOME_FAILED if summary.failed else _DONE


def _other(
    arguments: argparse.Namespace, classifier: Classifier, measurements: Sequence[Measurement]
) -> Against | None:
    """What the measurements are to be compared with, if anything."""
    from medsift.evaluation import against

    if len(arguments.model) > 1:
        examples = [m.example for m in measurements]
        second, theirs = _measured(arguments, arguments.model[1], examples)
        return against.Against(measurements, theirs, (classifier.name, second.name))
    if arguments.baseline is not None:
        return against.with_baseline(arguments.baseline, measurements, arguments.data)
    return None


def _report(
    folder: Path,
    measurements: Sequence[Measurement],
    summary: EvaluationSummary,
    other: Against | None,
) -> None:
    from medsift.evaluation.report import write_report

    written = write_report(measurements, summary, folder)
    if other is not None:
        other.write(folder)
    if not written.plots:
        sys.stderr.write("medsift: no plots, for want of matplotlib (medsift[report])\n")


def _measured(
    arguments: argparse.Namespace, model: str, examples: Sequence[Example]
) -> tuple[Classifier, list[Measurement]]:
    from tqdm import tqdm

    from medsift.classify import Classifier
    from medsift.evaluation.measure import measure

    classifier = Classifier(
        model, threshold=arguments.threshold, tta=arguments.tta, threads=arguments.threads
    )
    hidden = arguments.no_progress or not sys.stderr.isatty()
    with tqdm(total=len(examples), unit="image", disable=hidden) as bar:
        return classifier, list(measure(classifier, examples, bar.update, not arguments.no_panels))


def _further(
    arguments: argparse.Namespace, classifier: Classifier, measurements: Sequence[Measurement]
) -> tuple[str, dict[str, Any]]:
    """What goes beyond the plain figures, as text and ready for JSON."""
    from medsift.evaluation import refit, uncertainty
    from medsift.evaluation.folds import read_groups

    groups = read_groups(arguments.groups) if arguments.groups is not None else {}
    facts: dict[str, Any] = {}
    text = ""
    if any(m.prediction is not None for m in measurements):
        intervals = uncertainty.intervals_over_sources(measurements, groups)
        facts["over_sources"] = {name: asdict(row) for name, row in intervals.items()}
        text += uncertainty.render_intervals(intervals, "groups" if groups else "sources")
    if arguments.leave_one_source_out:
        left_out = uncertainty.leave_one_source_out(measurements)
        facts["without_source"] = [asdict(row) for row in left_out]
        text += uncertainty.render_left_out(left_out)
        without = refit.refit_without_each_source(measurements)
        facts["refit_without_source"] = asdict(without)
        text += refit.render_refit(without)
    if arguments.folds is not None:
        over = refit.refit_over_folds(measurements, groups, arguments.folds)
        facts["refit_over_folds"] = asdict(over)
        text += refit.render_refit(over)
    if arguments.corruptions:
        robustness = _corrupted(arguments, classifier, measurements)
        facts["corruptions"] = asdict(robustness)
        from medsift.evaluation.robustness import render_robustness

        text += render_robustness(robustness)
    return text, facts


def _corrupted(
    arguments: argparse.Namespace, classifier: Classifier, measurements: Sequence[Measurement]
) -> Robustness:
    from tqdm import tqdm

    from medsift.evaluation.corruptions import CORRUPTIONS, SEVERITIES
    from medsift.evaluation.robustness import even_sample, measure_robustness

    readable = [m.example for m in measurements if m.prediction is not None]
    chosen = even_sample(readable, arguments.corruptions)
    total = len(chosen) * (1 + len(CORRUPTIONS) * len(SEVERITIES))
    hidden = arguments.no_progress or not sys.stderr.isatty()
    with tqdm(total=total, desc="corruptions", unit="image", disable=hidden) as bar:
        return measure_robustness(classifier, chosen, progress=bar.update)


def _folds(text: str) -> int:
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError("must be at least 2")
    return value


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
