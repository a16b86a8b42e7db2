"""``medsift dataset build``: labelled folders from a manifest of public files.

A manifest is a CSV file, optionally gzipped, with a row a file: ``label``, ``kind``, ``source``,
``repository``, ``commit``, ``path`` and ``sha256``; further columns are passed over, but for
``pool``, by which rows can be chosen. It holds facts alone. The files come from where their
makers put them, and only those with the stated checksum are kept. Files of Debian packages are
taken out of packages that lie in a folder (``--packages``).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import re
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from medsift.cli import dataset_labels
from medsift.cli.exit_codes import ExitCode
from medsift.cli.packages import OWNER, Key, unpack
from medsift.core.errors import InputError, OutputError, UsageError
from medsift.report.terminal import harmless

if TYPE_CHECKING:
    from medsift.sources.web.fetching.fetch import Fetcher

TEMPLATE = "https://raw.githubusercontent.com/{repository}/{commit}/{path}"
COLUMNS = ("label", "kind", "source", "repository", "commit", "path", "sha256")
_LABELS = ("medical", "non_medical")
_NAME = re.compile(r"\w[\w.+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PAGE = re.compile(r"\.pdf#", re.IGNORECASE)
_LARGEST_MEMBER = 1 << 28
_SOUNDS = "debian/audio-generated"
_FAILED = "failed.csv"


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One file of a manifest; fields as the columns of the same names."""

    label: str
    kind: str
    source: str
    repository: str
    commit: str
    path: str
    sha256: str

    @property
    def target(self) -> Path:
        """Where it goes, relative to the data set's folder."""
        suffix = PurePosixPath(self.path).suffix.lower()
        suffix = suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""
        return Path(self.label, self.kind, self.source, f"{self.sha256[:16]}{suffix}")


@dataclass(slots=True)
class Tally:
    """How many files were there, came from packages, were fetched, are elsewhere, failed."""

    present: int = 0
    unpacked: int = 0
    fetched: int = 0
    elsewhere: int = 0
    failed: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    dataset_labels.add_actions(actions)
    build_parser = actions.add_parser("build", help="download and verify the files of a manifest")
    add = build_parser.add_argument
    add("manifest", type=Path, metavar="MANIFEST", help=".csv or .csv.gz")
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to fill")
    add("--pool", metavar="NAME", help="only rows of this pool")
    add(
        "--url-template",
        default=TEMPLATE,
        metavar="URL",
        help="where files are, with {repository}, {commit} and {path} (default: %(default)s)",
    )
    add(
        "--packages",
        type=Path,
        metavar="DIR",
        help="folder of Debian packages (.deb) to take the files of debian/ from",
    )
    add("--delay", type=float, default=0.1, metavar="S", help="seconds between two requests")
    add("--allow-private", action="store_true", help="also fetch from private networks")
    add("--port", type=int, action="append", default=[], help="a further port to fetch from")
    add("--no-progress", action="store_true", help="show no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Build the folders; calling it again goes on where it ended.

    Returns
    -------
    int
        0; 3 where files are missing, with the reasons in ``failed.csv`` in the folder.
    """
    if arguments.action != "build":
        return dataset_labels.run(arguments)
    from tqdm import tqdm

    from medsift.sources.web.fetching.fetch import Fetcher
    from medsift.sources.web.options import WebOptions

    check_template(arguments.url_template)
    entries = read_manifest(arguments.manifest, arguments.pool)
    options = WebOptions(
        allow_private=arguments.allow_private,
        ports=(80, 443, *arguments.port),
        delay=arguments.delay,
    )
    hidden = arguments.no_progress or not sys.stderr.isatty()
    try:
        with (
            Fetcher(options) as fetcher,
            tqdm(total=len(entries), unit="file", disable=hidden) as bar,
        ):
            unpacked = 0
            if arguments.packages is not None:
                unpacked = take_from_packages(entries, arguments.output, arguments.packages)
            tally = build(entries, arguments.output, fetcher, arguments.url_template, bar.update)
            tally.unpacked, tally.present = unpacked, tally.present - unpacked
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error
    sys.stdout.write(
        f"{tally.present} there already, {tally.unpacked} from packages, {tally.fetched} fetched, "
        f"{tally.elsewhere} to be had elsewhere, {tally.failed} failed\n"
    )
    return ExitCode.SOME_FAILED if tally.failed or tally.elsewhere else ExitCode.DONE


def check_template(template: str) -> None:
    """Refuse a template that lacks a part, or has an unknown one.

    Raises
    ------
    UsageError
        It does.
    """
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise UsageError(f"not a template: {template}") from error
    if "path" not in names or not names <= {"repository", "commit", "path"}:
        raise UsageError("a template needs {path}, and may have {repository} and {commit}")


def read_manifest(path: Path, pool: str | None = None) -> list[ManifestRow]:
    """Read and check a manifest.

    Parameters
    ----------
    path : Path
    pool : str, optional
        Only rows with this value in the column ``pool``.

    Raises
    ------
    UsageError
        It cannot be read, lacks a column, or a row would lead out of its folder.
    """
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8", newline="")
            if path.suffix == ".gz"
            else (path.open(encoding="utf-8", newline="")) as stream
        ):
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise UsageError(f"{path} lacks the columns {', '.join(missing)}")
            chosen = (row for row in reader if pool is None or row.get("pool") == pool)
            return [_entry(row, path) for row in chosen]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def build(
    entries: Sequence[ManifestRow],
    output: Path,
    fetcher: Fetcher,
    template: str = TEMPLATE,
    progress: Callable[[int], object] = lambda _: None,
) -> Tally:
    """Fetch what is missing, one file after the other; keep what has the stated checksum.

    Parameters
    ----------
    entries : sequence of ManifestRow
    output : Path
        Made where it is missing. What is in it already is not fetched again.
    fetcher : Fetcher
    template : str
        See :func:`check_template`.
    progress : callable
        Called with 1 after each file.
    """
    output.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with (output / _FAILED).open("w", encoding="utf-8", newline="") as stream:
        failures = csv.writer(stream)
        failures.writerow([*COLUMNS, "error"])
        for entry in entries:
            error = _bring(entry, output, fetcher, template, tally)
            if error:
                failures.writerow([getattr(entry, name) for name in COLUMNS] + [error])
                stream.flush()
            progress(1)
    return tally


def take_from_packages(entries: Sequence[ManifestRow], output: Path, folder: Path) -> int:
    """Take files out of Debian packages, those with the stated checksum; how many came.

    Parameters
    ----------
    entries : sequence of ManifestRow
    output : Path
        What is in it already is left as it is.
    folder : Path
        See :func:`medsift.cli.packages.packages_below`.

    Raises
    ------
    UsageError
        It is not a folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    missing: dict[tuple[Key, str], list[ManifestRow]] = {}
    wanted: dict[Key, dict[str, int]] = {}
    for entry in entries:
        if entry.repository.startswith(OWNER) and not _is_there(output / entry.target, entry):
            key = (entry.repository, entry.commit)
            missing.setdefault((key, entry.path), []).append(entry)
            wanted.setdefault(key, {})[entry.path] = _LARGEST_MEMBER
    came = 0

    def keep(key: Key, path: str, data: bytes) -> None:
        nonlocal came
        digest = hashlib.sha256(data).hexdigest()
        for entry in missing[key, path]:
            if digest == entry.sha256:
                _write(output / entry.target, data)
                came += 1

    for problem in unpack(folder, wanted, keep):
        sys.stderr.write(harmless(f"medsift: {problem}") + "\n")
    return came


def _bring(entry: ManifestRow, output: Path, fetcher: Fetcher, template: str, tally: Tally) -> str:
    """Make one file be there; why it is not, or nothing."""
    target = output / entry.target
    if _is_there(target, entry):
        tally.present += 1
        return ""
    reason = _not_a_file(entry)
    if reason:
        tally.elsewhere += 1
        return reason
    url = template.format(
        repository=quote(entry.repository), commit=entry.commit, path=quote(entry.path)
    )
    try:
        content = fetcher.fetch(url, fetcher.options.picture_bytes).content
    except InputError as error:
        tally.failed += 1
        return error.record_text
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        tally.failed += 1
        return "checksum: the file is not the one that the manifest means"
    _write(target, content)
    tally.fetched += 1
    return ""


def _is_there(target: Path, entry: ManifestRow) -> bool:
    return target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == entry.sha256


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.replace(target)


def _not_a_file(entry: ManifestRow) -> str:
    """Why an entry is no single file of a repository, or nothing."""
    if entry.repository == _SOUNDS:
        return f"elsewhere: drawn from a sound of the Debian package {entry.commit}"
    if entry.repository.startswith(OWNER):
        name = entry.repository.removeprefix(OWNER)
        return f"elsewhere: in the Debian package {name}, version {entry.commit}; see --packages"
    if not _COMMIT.fullmatch(entry.commit):
        return f"elsewhere: in the package {entry.repository}, version {entry.commit}"
    if _PAGE.search(entry.path):
        return "elsewhere: a page of the document, rendered by a program that may draw it otherwise"
    return ""


def _entry(row: Mapping[str, str | None], path: Path) -> ManifestRow:
    values = {name: (row[name] or "").strip() for name in COLUMNS}
    entry = ManifestRow(**values)
    if (
        entry.label not in _LABELS
        or not _NAME.fullmatch(entry.kind)
        or not _NAME.fullmatch(entry.source)
        or not _SHA256.fullmatch(entry.sha256)
        or any(part in ("", ".", "..") for part in entry.path.split("/"))
        or any(part in ("", ".", "..") for part in entry.repository.split("/"))
    ):
        raise UsageError(f"{path} has a row that is none of a data set: {values}")
    return entry
