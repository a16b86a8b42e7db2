"""Answers kept on disk, so that a site is asked only for what has changed.

One folder, two files an answer: the content, and a JSON file with its headers. Several
processes may share the folder: files come into being complete, under their final name.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import threading
import time
from pathlib import Path

from medsift.core.limits import GIB
from medsift.sources.base import sha256_of
from medsift.sources.web.fetching.answer import Answer

_VERSION = 1
_KEPT = 0.9
"""Share of the limit that clearing out leaves, so that it is not needed again at once."""

_CHECK_EVERY = 1 / 16
"""Share of the limit that one process may add before it looks how much there is in all."""

_ABANDONED_SECONDS = 3600.0
# Nothing else is removed: the folder may hold files of the user's.
_OURS = re.compile(r"[0-9a-f]{64}\.(json|bin)|medsift-\w+\.part")


class Cache:
    """Keeps answers that can be validated (ETag, Last-Modified); safe to use from threads.

    Parameters
    ----------
    folder : Path
        Is made where it does not exist.
    most : int
        Bytes that it may hold. Processes that share the folder may together exceed it by a
        sixteenth each, for a moment.
    """

    def __init__(self, folder: Path, most: int = GIB) -> None:
        self._folder = folder
        self._most = most
        # What other scans have left there is not known yet.
        self._added = most
        self._lock = threading.Lock()

    def get(self, url: str) -> Answer | None:
        """Give what is kept of an address; None where nothing is, or it is damaged."""
        head, body = self._paths(url)
        try:
            row = json.loads(head.read_text("utf-8"))
            content = body.read_bytes()
            if row["version"] != _VERSION or row["asked"] != url:
                return None
            if sha256_of(content) != row["sha256"]:
                return None
            for path in (head, body):
                os.utime(path)  # when it was used last
            return Answer(
                str(row["url"]),
                content,
                str(row["content_type"]),
                str(row["charset"]),
                frozenset(map(str, row["tags"])),
                str(row["etag"]),
                str(row["last_modified"]),
                storable=True,
                refresh=str(row.get("refresh", "")),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, url: str, answer: Answer) -> None:
        """Keep an answer, if it may be kept and can be asked for again."""
        if not answer.storable or not (answer.etag or answer.last_modified):
            return
        if len(answer.content) > self._most * _CHECK_EVERY:
            return  # it would push out too many others
        head, body = self._paths(url)
        row = {
            "version": _VERSION,
            "asked": url,
            "url": answer.url,
            "content_type": answer.content_type,
            "charset": answer.charset,
            "tags": sorted(answer.tags),
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "refresh": answer.refresh,
            "sha256": sha256_of(answer.content),
        }
        with contextlib.suppress(OSError):  # a full disk costs the cache, not the answer
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(body, answer.content)
            written = json.dumps(row).encode()
            _write(head, written)
            self._count(len(answer.content) + len(written))

    def _count(self, size: int) -> None:
        with self._lock:
            self._added += size
            if self._added <= self._most * _CHECK_EVERY:
                return
            self._added = 0
            self._clear_out()

    def _clear_out(self) -> None:
        """Remove what was not used for the longest time, until the limit is kept."""
        files = []
        for path in self._folder.iterdir():
            if not _OURS.fullmatch(path.name):
                continue
            with contextlib.suppress(OSError):
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        files.sort(reverse=True)
        left = self._most
        if sum(size for _, size, _ in files) > self._most:
            left = int(self._most * _KEPT)
        for used, size, path in files:
            left -= size
            is_torn = path.suffix == ".part" and time.time() - used > _ABANDONED_SECONDS
            if left < 0 or is_torn:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _paths(self, url: str) -> tuple[Path, Path]:
        name = sha256_of(url.encode("utf-8", "surrogatepass"))
        return self._folder / f"{name}.json", self._folder / f"{name}.bin"


def _write(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(".part", "medsift-", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
