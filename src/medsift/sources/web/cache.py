"""Answers kept on disk, so that a site is asked only for what has changed.

One folder, two files an answer: the content, and a JSON file with its headers. Several
processes may share the folder: files come into being complete, under their final name.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from medsift.sources.base import sha256_of
from medsift.sources.web.answer import Answer

_VERSION = 1


class Cache:
    """Keeps answers that can be validated (ETag, Last-Modified).

    Parameters
    ----------
    folder : Path
        Is made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
            return Answer(
                str(row["url"]),
                content,
                str(row["content_type"]),
                str(row["charset"]),
                frozenset(map(str, row["tags"])),
                str(row["etag"]),
                str(row["last_modified"]),
                storable=True,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, url: str, answer: Answer) -> None:
        """Keep an answer, if it may be kept and can be asked for again."""
        if not answer.storable or not (answer.etag or answer.last_modified):
            return
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
            "sha256": sha256_of(answer.content),
        }
        with contextlib.suppress(OSError):  # a full disk costs the cache, not the answer
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(body, answer.content)
            _write(head, json.dumps(row).encode())

    def _paths(self, url: str) -> tuple[Path, Path]:
        name = sha256_of(url.encode("utf-8", "surrogatepass"))
        return self._folder / f"{name}.json", self._folder / f"{name}.bin"


def _write(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
