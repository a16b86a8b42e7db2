"""What people take with them: tables, the medical images, and labelled folders."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from medsift.app.judgements import Judgement
from medsift.app.user_session import Found, UserSession
from medsift.core.record import FIELDS, Record
from medsift.core.taxonomy import KINDS
from medsift.report import csv_file, jsonl
from medsift.report.values import Row, row_of
from medsift.report.writers import open_writer

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SINGLE_FILES = "uploads"
_STORED = frozenset({".avif", ".gif", ".heic", ".jp2", ".jpg", ".jxl", ".png", ".webp"})
"""Compressed already: deflating them again takes time and gains nothing."""


def table(found: Iterable[Found], suffix: str) -> bytes:
    """Records as a file, those of panels beneath those of their pictures.

    Parameters
    ----------
    found : iterable of Found
    suffix : {".csv", ".jsonl", ".parquet"}
    """
    with tempfile.TemporaryDirectory(prefix="medsift-export-") as folder:
        path = Path(folder) / f"records{suffix}"
        with open_writer(str(path)) as writer:
            for each in found:
                for record in (each.record, *each.panels):
                    writer.write(record)
        return path.read_bytes()


REVIEWED = ("reviewed_label", "reviewed_kind", "reviewed_at")
"""Columns of a table of answers, after those of a record."""


def answers_table(answers: Sequence[tuple[Record, Judgement]], suffix: str) -> bytes:
    """Records with what people said of them, as a file.

    Parameters
    ----------
    answers : sequence of (Record, Judgement)
    suffix : {".csv", ".jsonl", ".parquet"}
    """
    rows = []
    for record, answer in answers:
        said = dict(zip(REVIEWED, (answer.label, answer.kind, answer.at), strict=True))
        rows.append({**row_of(record), **said})
    if suffix == ".jsonl":
        return b"".join(map(jsonl.encode, rows))
    if suffix == ".csv":
        stream = io.StringIO(newline="")
        stream.write(csv_file.HEADER.decode().rstrip("\r\n") + "," + ",".join(REVIEWED) + "\r\n")
        for row in rows:
            line = csv_file.encode(row).decode().rstrip("\r\n")
            # Labels, kinds and times need no quotes.
            stream.write(line + "," + ",".join(row[name] for name in REVIEWED) + "\r\n")
        return stream.getvalue().encode()
    return _parquet(rows)


def _parquet(rows: Sequence[Row]) -> bytes:
    # Streamlit brings the library; without rows the types would not be known.
    import pyarrow as pa
    from pyarrow import parquet

    types = {
        "str": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bbox": pa.list_(pa.float64()),
        "box": pa.list_(pa.int64()),
    }
    fields = [(name, types.get(kind, pa.string())) for name, kind in FIELDS.items()]
    schema = pa.schema([*fields, *((name, pa.string()) for name in REVIEWED)])
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink)
    return sink.getvalue()


def medical_images(found: Iterable[Found], session: UserSession) -> bytes:
    """A zip of the medical ones among the pictures: original bytes, each file once.

    Names are those of ``medsift scan --save-images``; pictures that have no bytes of their own
    are PNG files.
    """
    files = {}
    for each in found:
        if each.record.label == "medical" and (path := session.saved(each.record)) is not None:
            files[f"medical/{path.name}"] = path
    return _zipped(files)


def labelled_folder(
    found: Sequence[Found], corrections: Mapping[int, str], session: UserSession
) -> bytes:
    """A zip with a labelled folder, as ``medsift train`` takes it.

    ``labelled/<label>/<kind>/<source>/<image>``, and beside it ``corrections.csv``, which says
    for each image where it came from and what the model had said.

    Parameters
    ----------
    found : sequence of Found
    corrections : mapping
        Number of a picture to the name of its kind.
    session : UserSession
    """
    files: dict[str, Path] = {}
    rows = []
    # By digest, so that a picture that was found twice does not get two labels.
    last = {each.record.sha256: each for each in found if each.number in corrections}
    for each in last.values():
        record, kind = each.record, corrections[each.number]
        path = session.saved(record)
        if path is None:
            continue
        label = KINDS[kind].label
        name = f"{label}/{kind}/{source_folder(each)}/{record.sha256[:16]}{path.suffix}"
        files[f"labelled/{name}"] = path
        said = (record.label, record.kind, record.p_medical, record.model)
        rows.append((name, label, kind, *said, record.source, record.locator, record.sha256))
    return _zipped(files, {"labelled/corrections.csv": _listed(rows)})


def source_folder(found: Found) -> str:
    """A folder name for the origin of a picture, which validation never splits.

    Documents, archives and sites are origins; image files that were uploaded one by one are one
    together.
    """
    record = found.record
    if found.path is None:
        name = record.source.split("://", 1)[-1].split("/", 1)[0]
    elif record.source_type == "image":
        return _SINGLE_FILES
    else:
        name = record.source
    return _UNSAFE.sub("-", name).strip("-.")[:80] or _SINGLE_FILES


def _listed(rows: Iterable[tuple[object, ...]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    names = ("file", "label", "kind", "model_label", "model_kind", "p_medical", "model")
    writer.writerow((*names, "source", "locator", "sha256"))
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _inert(cell: object) -> object:
    # A name that begins like a formula must not run in a spreadsheet, see report.csv_file.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(tuple("=+-@\t\r")) else cell


def _zipped(files: Mapping[str, Path], texts: Mapping[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, path in files.items():
            method = zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
            archive.write(path, name, method)
        for name, text in (texts or {}).items():
            archive.writestr(name, text, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
