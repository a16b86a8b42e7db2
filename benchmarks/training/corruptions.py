"""Write the table of pictures made worse: accuracy under each corruption and severity.

    python benchmarks/training/corruptions.py DATA [--pictures 60] [--model default]

writes ``corruptions.md`` beside this script. DATA are labelled folders that nothing was trained on;
pictures are drawn evenly from their sources. It classifies a hundred times as many pictures.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tqdm import tqdm

from medsift.classify import Classifier
from medsift.evaluation.corruptions import CORRUPTIONS, SEVERITIES
from medsift.evaluation.labelled import find_examples
from medsift.evaluation.robustness import Robustness, even_sample, measure_robustness

TABLE = Path(__file__).with_name("corruptions.md")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--model", default="default")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    classifier = Classifier(arguments.model, threads=arguments.threads)
    chosen = even_sample(find_examples(arguments.data), arguments.pictures)
    total = len(chosen) * (1 + len(CORRUPTIONS) * len(SEVERITIES))
    begun = time.monotonic()
    with tqdm(total=total, unit="image", disable=None) as bar:
        robustness = measure_robustness(classifier, chosen, progress=bar.update)
    seconds = time.monotonic() - begun
    words = f"--pictures {arguments.pictures} --model {Path(arguments.model).name}"
    TABLE.write_text(table(robustness, classifier.name, words, seconds), encoding="utf-8")


def table(robustness: Robustness, model: str, words: str, seconds: float) -> str:
    """Lay the matrix out in Markdown, the most harmful corruptions first."""
    clean = robustness.clean
    lines = [
        "# Pictures made worse",
        "",
        f"`python benchmarks/training/corruptions.py DATA {words}`: {model},",
        f"{clean.n} validation pictures of as many sources as possible, {seconds:.0f} s.",
        "Accuracy of the label in per cent at severities 1 to 5; a `*` marks corruptions of",
        "ImageNet-C (Hendrycks and Dietterich 2019).",
        f"Clean: {100 * clean.value:.1f}, at 95 % {100 * clean.low:.1f} to {100 * clean.high:.1f};",
        f"one picture is {100 / max(1, clean.n):.1f} points.",
        "",
        "| corruption | 1 | 2 | 3 | 4 | 5 | mean |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(robustness.rows, key=lambda row: row.mean):
        cells = " | ".join(f"{100 * share.value:.1f}" for share in row.shares)
        star = " *" if row.benchmark else ""
        lines.append(f"| {row.name}{star} | {cells} | {100 * row.mean:.1f} |")
    mean = sum(row.mean for row in robustness.rows) / max(1, len(robustness.rows))
    lines.append(f"| mean of all | | | | | | {100 * mean:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
