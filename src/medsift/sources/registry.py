"""Which source reads which type; and the one place where faults become records.

A user's own source is an entry point of the group ``medsift.sources``: its name is the file
type as :func:`refined_type` tells it, its value a :class:`medsift.sources.Source`.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from medsift.core.errors import CrashedError, InputError, UnsupportedError
from medsift.core.picture import Finding, Problem, Provenance, SourceType
from medsift.sources.base import Blob, Context, Source

ENTRY_POINTS = "medsift.sources"

# File type: the kind of source that records name, and "module:function", imported when needed.
_SOURCES: dict[str, tuple[SourceType, str]] = {
    "image": ("image", "medsift.sources.image:read"),
    "pdf": ("pdf", "medsift.sources.pdf:read"),
    "html": ("html", "medsift.sources.web.page.html:read"),
    "svg": ("image", "medsift.sources.web.svg.source:read"),
    "mhtml": ("html", "medsift.sources.web.page.mhtml:read"),
    "warc": ("warc", "medsift.sources.web.warc.source:read"),
    "wacz": ("warc", "medsift.sources.web.warc.source:read_wacz"),
    "dicom": ("dicom", "medsift.sources.dicom:read"),
    "nifti": ("image", "medsift.sources.nifti:read"),
    "zip": ("archive", "medsift.sources.archive.zip:read"),
    "tar": ("archive", "medsift.sources.archive.tar:read"),
    "gzip": ("archive", "medsift.sources.archive.compressed:read"),
    "bzip2": ("archive", "medsift.sources.archive.compressed:read"),
    "xz": ("archive", "medsift.sources.archive.compressed:read"),
    "zstd": ("archive", "medsift.sources.archive.compressed:read"),
    "parquet": ("archive", "medsift.sources.archive.parquet:read"),
    "7z": ("archive", "medsift.sources.archive.seven_zip:read"),
    "ooxml": ("office", "medsift.sources.office.ooxml:read"),
    "opendocument": ("office", "medsift.sources.office.opendocument:read"),
    "epub": ("office", "medsift.sources.office.epub:read"),
    "flat": ("office", "medsift.sources.office.flat:read"),
    "rtf": ("office", "medsift.sources.office.rtf:read"),
    "ole": ("office", "medsift.sources.office.compound:read"),
    "metafile": ("image", "medsift.sources.metafile:read"),
    "msg": ("mail", "medsift.sources.mail.outlook:read"),
    "eml": ("mail", "medsift.sources.mail.message:read"),
    "tnef": ("mail", "medsift.sources.mail.attachments:read_tnef"),
    "cms": ("mail", "medsift.sources.mail.cms:read"),
    "mbox": ("mail", "medsift.sources.mail.mbox:read"),
}

# File types that are families: what tells their members apart, by what is inside.
_FAMILIES = {
    "zip": "medsift.sources.archive.zip:kind",
    "gzip": "medsift.sources.archive.compressed:kind",
    "zstd": "medsift.sources.archive.compressed:kind",
    "ole": "medsift.sources.office.compound:kind",
    "xml": "medsift.sources.office.flat:kind",
}


def findings(blob: Blob, context: Context) -> Iterator[Finding]:
    """What is in a blob of any type: at least one finding, and no exception.

    Faults of the blob become a :class:`Problem` that ends the stream; what came before counts.
    A blob without pictures gives a problem ``no_image``.
    """
    where = blob.where
    try:
        source_type, read = _source_for(refined_type(blob))
    except InputError as error:
        yield problem_of(where, error)
        return
    where = replace(where, source_type=where.source_type or source_type)
    yield from _netted(where, lambda: read(replace(blob, where=where), context))


def url_findings(url: str, context: Context) -> Iterator[Finding]:
    """What is at an address, by the rules of :func:`findings`."""
    from medsift.sources.web.page.live import read_url

    where = Provenance(url, url=url)
    yield from _netted(where, lambda: read_url(url, context, context.options.web))


def _netted(where: Provenance, opened: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    found = False
    try:
        for finding in opened():
            found = True
            yield finding
    except InputError as error:
        yield problem_of(where, error)
    except MemoryError:
        yield problem_of(where, CrashedError("ran out of the memory that one input may take"))
    except RecursionError:
        yield problem_of(where, CrashedError("nested more deeply than its parser can follow"))
    except Exception as error:  # noqa: BLE001
        # The last net: a parser met a hostile file in a way that nobody foresaw. It costs this
        # input, never the run. The record says what to report, but not what the parser said:
        # that may quote the file, and so a patient.
        text = f"the parser failed unexpectedly: {type(error).__name__} in {_place(error)}"
        yield problem_of(where, CrashedError(text))
    else:
        if not found:
            yield Problem(where, "skipped", "no_image")


def problem_of(where: Provenance, error: InputError) -> Problem:
    """What an error says of the place it is about."""
    # What medsift does not read is no failure: a folder may hold files of all sorts.
    unsupported = isinstance(error, UnsupportedError)
    return Problem(where, "skipped" if unsupported else "failed", error.code, error.record_text)


def _place(error: BaseException) -> str:
    """Module and line of ours that the error came through last."""
    ours = [
        f"{frame.f_globals['__name__']}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).startswith("medsift.")
    ]
    return ours[-1] if ours else "an unknown place"


def refined_type(blob: Blob) -> str:
    """What a blob is; where its first bytes tell a family only, by a look inside.

    Returns
    -------
    str
        As :data:`medsift.decode.sniff.FileType`, or a member of its families: ``ooxml``,
        ``opendocument``, ``epub``, ``wacz`` among ``zip``, ``msg`` among ``ole``, ``flat`` among
        ``xml``; ``warc`` also for compressed ones.
    """
    file_type: str = blob.file_type()
    if file_type in _FAMILIES and file_type not in _plugins():
        look = cast("Callable[[Blob], str]", _imported(_FAMILIES[file_type]))
        return look(blob)
    return file_type


def has_source(file_type: str) -> bool:
    """Whether blobs of the type are read at all."""
    return file_type in _SOURCES or file_type in _plugins()


def _source_for(file_type: str) -> tuple[SourceType, Source]:
    plugins = _plugins()
    if file_type in plugins:
        return "", plugins[file_type]()
    if file_type not in _SOURCES:
        if file_type == "empty":
            raise UnsupportedError("the file is empty")
        what = "of an unknown type" if file_type == "unknown" else f"of the type {file_type}"
        raise UnsupportedError(f"medsift does not read files {what}")
    source_type, reference = _SOURCES[file_type]
    return source_type, cast("Source", _imported(reference))


def _imported(reference: str) -> object:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


@functools.cache
def _plugins() -> dict[str, Callable[[], Source]]:
    return {entry.name: entry.load for entry in entry_points(group=ENTRY_POINTS)}
