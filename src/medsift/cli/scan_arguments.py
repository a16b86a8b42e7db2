"""The options of ``medsift scan``."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from medsift.core.limits import DEFAULT_LIMITS
from medsift.pipeline.arguments import (
    add_limit_arguments,
    add_verdict_arguments,
    add_workers_argument,
)
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS

# Commas separate names, but for the one within the parentheses of a tag.
_NAME = re.compile(r"\([^()]*\)|[^,]+")

FAIL_ON = ("medical", "uncertain", "error")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="file, folder, glob or address; - reads one input a line from standard input",
    )
    parser.add_argument(
        "--inputs-from",
        action="append",
        default=[],
        metavar="FILE[:COLUMN]",
        help="a list of inputs: text with one a line, or a column of a .parquet file; repeatable",
    )
    _add_output_arguments(parser.add_argument_group("output"))
    verdict = parser.add_argument_group("verdict")
    add_verdict_arguments(verdict)
    _add_recall_argument(verdict)
    _add_text_arguments(verdict)
    _add_accept_arguments(verdict)
    _add_work_arguments(parser.add_argument_group("work"))
    _add_web_arguments(parser.add_argument_group("web"))
    add_limit_arguments(parser.add_argument_group("limits"))


def _add_output_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help=".csv, .jsonl or .parquet, by suffix; repeatable; - writes JSONL to standard output",
    )
    group.add_argument(
        "--table", action="store_true", help="print the table for people even with --output"
    )
    group.add_argument(
        "--only",
        type=_comma_separated,
        default=(),
        metavar="LABEL[,LABEL...]",
        help="lines of the table: medical, uncertain, non_medical, skipped, failed; default: all",
    )
    group.add_argument("--report", metavar="FILE.html", help="one self-contained page of results")
    group.add_argument(
        "--by-file",
        metavar="FILE",
        help="one row a file, most urgent first, in .csv or .parquet: what is in it, kinds, owner,"
        " time of change, and why it could not be read",
    )
    group.add_argument(
        "--features",
        type=Path,
        metavar="FILE",
        help="what the networks make of each picture that has a verdict, a row each in the order of"
        " the records: .npy or .parquet",
    )
    group.add_argument(
        "--save-images",
        type=Path,
        metavar="DIR",
        help="save the original bytes of each image as DIR/<label>/<sha256>.<ext>",
    )
    group.add_argument(
        "--save-names",
        default="",
        metavar="PATTERN",
        help="with --save-images: names that people can read, such as"
        " {stem}-p{page}-{index}-{kind}; also {label}, {frame}, {figure}, {sha256}",
    )
    group.add_argument(
        "--save-labels",
        type=_comma_separated,
        default=(),
        metavar="LABEL[,LABEL...]",
        help="with --save-images: only pictures of these labels; default: all",
    )
    group.add_argument(
        "--bbox-columns",
        action="store_true",
        help="in CSV, bbox and panel_bbox as four columns of numbers each: bbox_x0, bbox_y0 ...",
    )
    group.add_argument(
        "--since",
        action="append",
        default=[],
        metavar="FILE",
        help="an earlier output: tells which pictures are new, known, moved or copied, and which"
        " files are gone; or what people judged, as the app gives it (.csv, .zip), which overrules"
        " the model; repeatable",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="continue an earlier scan into the same output, interrupted or not: what is new or has"
        " changed is done, nothing is done twice or lost; refused where the model or other options"
        " that records depend on have changed",
    )
    group.add_argument(
        "--resume-by",
        choices=("time", "hash"),
        default="time",
        help="how --resume knows that a file has changed: by size and time of change, or by its"
        " content; default: %(default)s",
    )
    group.add_argument(
        "--overwrite", action="store_true", help="begin anew although the output exists"
    )
    group.add_argument(
        "--retry-failed",
        action="store_true",
        help="with --resume: do inputs with a failed record again, and replace their records",
    )


def _add_text_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--text",
        action="store_true",
        help="look for text burnt into medical and uncertain pictures: how many lines, and their"
        " share of the area; needs medsift[text]",
    )
    group.add_argument(
        "--text-content",
        action="store_true",
        help="with --text: also write what the text says, which may name patients",
    )


def _add_recall_argument(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--recall",
        type=float,
        metavar="R",
        help="find a share R of all medical pictures, such as 0.99: what is possibly medical by the"
        " bounds of the model's card becomes uncertain; tells what share must be looked at",
    )


def _add_accept_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--all-kinds",
        action="store_true",
        help="put the probabilities of all kinds into the field kinds, as JSON",
    )
    group.add_argument(
        "--accept",
        default="",
        metavar="KIND[,KIND...]",
        help="what is wanted: kinds, or the groups radiology, skin, eye, microscopy, medical and"
        " non_medical; records get a decision, accept, look or reject, with its reason",
    )
    group.add_argument(
        "--accept-threshold",
        type=float,
        metavar="T",
        help="with --accept: accept from this probability on; default: the bounds of the model's"
        " card, which were fitted so that few others are accepted",
    )


def _add_work_arguments(group: argparse._ArgumentGroup) -> None:
    add_workers_argument(group)
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where the work runs; ray needs medsift[ray], and with -o FOLDER/ makes one Parquet"
        " file for each block of inputs; default: local",
    )
    group.add_argument(
        "--block",
        type=int,
        default=1000,
        metavar="N",
        help="inputs of a shard, with -o FOLDER/; default: %(default)s",
    )
    group.add_argument("--pdf-password", default="", metavar="TEXT", help="tried on encrypted PDFs")
    group.add_argument(
        "--pdf-pixels",
        choices=("seen", "stored"),
        default="seen",
        help="of pictures that a PDF draws text or lines over: as the page shows them, or as they"
        " are stored; default: %(default)s",
    )
    group.add_argument(
        "--all-frames",
        action="store_true",
        help="look at every frame of multi-frame images, not at an even choice of"
        f" {DEFAULT_LIMITS.frames}",
    )
    group.add_argument(
        "--by-series",
        action="store_true",
        help="one record for each DICOM series, of a slice near its middle, not one for each slice",
    )
    group.add_argument(
        "--dicom-tags",
        type=_tag_names,
        default=(),
        metavar="NAME[,NAME...]",
        help="put these elements of DICOM headers into the field dicom_tags: keywords such as"
        " StudyDescription, or tags such as (0008,1030); default: none, as headers name patients",
    )
    group.add_argument(
        "--panels",
        action="store_true",
        help="a record for each panel of a compound picture, beneath the record of the whole; with"
        " --save-images they are saved, cropped",
    )
    group.add_argument(
        "--no-captions",
        dest="captions",
        action="store_false",
        help="leave the captions of pictures out",
    )
    group.add_argument(
        "--group-duplicates",
        action="store_true",
        help="name groups of look-alikes in the field group: by the phash of their first picture",
    )
    group.add_argument(
        "--group-bits",
        type=int,
        default=6,
        metavar="N",
        help="in how many of 64 bits the phash of look-alikes may differ; default: %(default)s",
    )
    group.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=FAIL_ON,
        help="exit 5 where a record matches; repeatable",
    )
    group.add_argument("--no-progress", action="store_true", help="show no progress")
    group.add_argument(
        "--quiet", action="store_true", help="show no progress, no table and no summary"
    )


def _add_web_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--crawl",
        type=int,
        default=0,
        metavar="N",
        help="also read pages and documents of the same host, up to N links away",
    )
    group.add_argument(
        "--max-pages",
        type=int,
        default=DEFAULT_WEB_OPTIONS.max_pages,
        metavar="N",
        help="for one address; default: %(default)s",
    )
    group.add_argument(
        "--linked", action="store_true", help="also fetch images that a page only links to"
    )
    group.add_argument(
        "--ignore-robots",
        action="store_true",
        help="fetch what robots.txt forbids and use what X-Robots-Tag protects; for own sites",
    )
    group.add_argument(
        "--allow-private", action="store_true", help="also fetch from private addresses"
    )
    group.add_argument(
        "--port",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="also speak to this port, besides 80 and 443; repeatable",
    )
    group.add_argument(
        "--web-cache",
        type=Path,
        metavar="DIR",
        help="keep fetched files for the next time, up to 1 GiB",
    )


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _tag_names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in _NAME.findall(text))))
