"""Object stores and other file systems that fsspec knows: ``s3://``, ``gs://``, ``hf://`` ...

Only what the user names is looked up here, never an address that was found in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from medsift.core.errors import LimitError, NotFoundError, UnreadableError, UnsupportedError
from medsift.core.limits import MIB, Limits

_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_remote(name: str) -> bool:
    """Whether a name is one for fsspec; web addresses are not."""
    return bool(_SCHEME.match(name))


def list_files(name: str) -> Iterator[str]:
    """Names of the files at or below a name, folder by folder, in order.

    Raises
    ------
    NotFoundError, UnreadableError, UnsupportedError
    """
    system, path = _opened(name)
    found = False
    try:
        if system.isfile(path):
            yield name
            return
        for folder, folders, files in system.walk(path):
            folders_in_order = sorted(folders)
            if isinstance(folders, list):
                folders[:] = folders_in_order
            for file in sorted(files):
                found = True
                yield system.unstrip_protocol(f"{folder.rstrip('/')}/{file}")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is nothing at {name}") from error
    except Exception as error:
        # Each file system has errors of its own: of its network, of its permissions.
        raise UnreadableError(f"cannot list {name}: {_said(error)}") from error
    if not found:
        raise NotFoundError(f"there is nothing at {name}")


def read(name: str, limits: Limits) -> bytes:
    """All bytes of a file.

    Raises
    ------
    NotFoundError, UnreadableError, UnsupportedError
    LimitError
        There are more than ``limits.file_bytes``.
    """
    system, path = _opened(name)
    content = bytearray()
    try:
        with system.open(path, "rb") as stream:
            while len(content) <= limits.file_bytes and (piece := stream.read(4 * MIB)):
                content += piece
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {name}") from error
    except Exception as error:
        raise UnreadableError(f"cannot read {name}: {_said(error)}") from error
    if len(content) > limits.file_bytes:
        raise LimitError(f"larger than {limits.file_bytes // MIB} MiB")
    return bytes(content)


def _opened(name: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        text = f"{name} needs fsspec: pip install medsift[ray], and the package of the store"
        raise UnsupportedError(text) from error
    try:
        system, path = fsspec.core.url_to_fs(name)
    except (ImportError, ValueError) as error:
        raise UnsupportedError(f"cannot open {name}: {_said(error)}") from error
    except Exception as error:
        raise UnreadableError(f"cannot open {name}: {_said(error)}") from error
    return system, path


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
