"""What one call of ``medsift scan`` asks for, taken from the command line once.

Options for the work itself are :class:`medsift.pipeline.options.ScanOptions`; here is what lies
around it: what is looked at, what is written, from where it goes on, and what is shown.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medsift.core.errors import UsageError

if TYPE_CHECKING:
    from medsift.report.opening import Mode

STANDARD = "-"
"""Names standard input among inputs, and standard output among outputs."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a scan looks at.

    Attributes
    ----------
    inputs : tuple of str
        As named on the command line.
    lists : tuple of str
        Files that name more of them.
    by_series : bool
        Files of one DICOM series are one input.
    """

    inputs: tuple[str, ...]
    lists: tuple[str, ...]
    by_series: bool

    @property
    def are_listed(self) -> bool:
        """Whether some of them are named elsewhere than on the command line."""
        return bool(self.lists) or STANDARD in self.inputs


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """What a scan writes.

    Attributes
    ----------
    outputs : tuple of str
        Of all records.
    bbox_columns : bool
        New CSV files have four columns for ``bbox``.
    report, by_file : str or None
        The page, and the list of files.
    features, images : Path or None
        The features, and the folder of pictures.
    """

    outputs: tuple[str, ...]
    bbox_columns: bool
    report: str | None
    by_file: str | None
    features: Path | None
    images: Path | None

    @property
    def are_kept(self) -> bool:
        """Whether records go into a file, from which a later scan could go on."""
        return any(name != STANDARD for name in self.outputs)

    @property
    def beside(self) -> tuple[str, ...]:
        """Files that are written as a whole, when the scan ends."""
        return tuple(str(each) for each in (self.report, self.by_file, self.features) if each)

    def paths(self) -> list[Path]:
        """All of it, which is no input of the scan."""
        from medsift.report.outputs import paths_of

        beside = [Path(name) for name in self.beside]
        images = [self.images] if self.images else []
        return [*paths_of(self.outputs), *beside, *images]

    def check(self, looked: Looked, start: Start) -> None:
        """Refuse to write over what is not to be written over.

        Raises
        ------
        UsageError
            An input would be overwritten, a file exists already, or would be written twice.
        """
        own = {os.path.realpath(path) for path in self.paths()}
        for name in looked.inputs:
            if name != STANDARD and os.path.realpath(name) in own and not Path(name).is_dir():
                raise UsageError(f"{name} is an input and would be overwritten as an output")
        taken = {os.path.realpath(name) for name in self.outputs if name != STANDARD}
        if start.mode == "new" and not self.are_kept:
            from medsift.report.opening import refuse_existing

            refuse_existing(self.beside)
        for name in self.beside:
            if os.path.realpath(name) in taken:
                raise UsageError(f"{name} is written twice: give each file a name of its own")
            taken.add(os.path.realpath(name))


@dataclass(frozen=True, slots=True)
class Start:
    """From where a scan goes on.

    Attributes
    ----------
    mode, retry, by
        See :class:`medsift.report.opening.Opening`.
    since : tuple of str
        Earlier outputs and judgements that it is compared with.
    """

    mode: Mode
    retry: bool
    by: Literal["time", "hash"]
    since: tuple[str, ...]

    @property
    def resumes(self) -> bool:
        """Whether it goes on with what the same outputs hold."""
        return self.mode == "resume"


@dataclass(frozen=True, slots=True)
class DisplayRequest:
    """What people see of a scan.

    Attributes
    ----------
    table : bool
        A line for each record.
    only : tuple of str
        Labels of these lines; all without one.
    summary : bool
        The counts at the end.
    progress : bool
        Where standard error is a terminal.
    """

    table: bool
    only: tuple[str, ...]
    summary: bool
    progress: bool


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """All of it.

    Attributes
    ----------
    looked : Looked
    written : OutputRequest
    start : Start
    shown : DisplayRequest
    engine : str
    block : int
        Inputs of a shard.
    fail_on : frozenset of str
        What makes the exit code another one.
    """

    looked: Looked
    written: OutputRequest
    start: Start
    shown: DisplayRequest
    engine: str
    block: int
    fail_on: frozenset[str]


def request_of(arguments: argparse.Namespace) -> ScanRequest:
    """Take it from the command line.

    Raises
    ------
    UsageError
        Options that do not go together.
    """
    from medsift.report.summary import LABELS

    if arguments.retry_failed and not arguments.resume:
        raise UsageError("--retry-failed goes with --resume")
    if arguments.features is not None:
        from medsift.report import features_file

        if arguments.resume:
            raise UsageError("--features needs a whole scan: it does not go with --resume")
        if arguments.panels:
            raise UsageError("--features are of whole pictures: it does not go with --panels")
        features_file.check(arguments.features)
    if (arguments.save_names or arguments.save_labels) and not arguments.save_images:
        raise UsageError("--save-names and --save-labels go with --save-images")
    if arguments.overwrite and arguments.resume:
        raise UsageError("--overwrite begins anew, --resume goes on: only one of them")
    if unknown := set(arguments.only) - {*LABELS, "skipped", "failed"}:
        raise UsageError(f"--only knows no {min(unknown)}: {', '.join(LABELS)}, skipped, failed")
    if arguments.resume and all(name == STANDARD for name in arguments.output):
        raise UsageError("--resume needs the --output that it shall continue")
    return ScanRequest(
        Looked(tuple(arguments.inputs), tuple(arguments.inputs_from), arguments.by_series),
        OutputRequest(
            tuple(arguments.output),
            arguments.bbox_columns,
            arguments.report,
            arguments.by_file,
            arguments.features,
            arguments.save_images,
        ),
        Start(
            "resume" if arguments.resume else "overwrite" if arguments.overwrite else "new",
            arguments.retry_failed,
            arguments.resume_by,
            tuple(arguments.since),
        ),
        DisplayRequest(
            (arguments.table or not arguments.output) and not arguments.quiet,
            tuple(arguments.only),
            not arguments.quiet,
            not (arguments.no_progress or arguments.quiet),
        ),
        arguments.engine,
        arguments.block,
        frozenset(arguments.fail_on),
    )
