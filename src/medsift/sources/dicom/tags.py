"""Elements of the header that the user asked for by name; without a name, none is given.

The names are those of the data dictionary (DICOM PS3.6): a keyword such as ``StudyDescription``,
or a tag such as ``(0008,1030)``, by which private elements can be asked for as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from medsift.core.errors import InputError, UsageError
from medsift.decode.guard import contained
from medsift.sources.dicom.dataset import WHAT

if TYPE_CHECKING:
    from pydicom import Dataset

LONGEST_VALUE = 1024
"""Characters of a value that are given; what is longer ends in three dots."""

_TAG = re.compile(r"\(([0-9a-f]{4}),\s*([0-9a-f]{4})\)", re.IGNORECASE)
_FILE_META = 0x0002
# Value representations that are bytes, or nested data sets: nothing to show in a cell.
_NOT_TEXT = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UN"})


def check_names(names: Iterable[str]) -> None:
    """Refuse names that no element has, before any file is opened.

    Raises
    ------
    UsageError
        A keyword is not in the data dictionary, or its values are binary or nested.
    """
    for name in names:
        _tag(name)


def chosen_tags(dataset: Dataset, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Values of the elements that were asked for.

    Parameters
    ----------
    dataset : Dataset
    names : iterable of str
        Keywords or tags, see :func:`check_names`.

    Returns
    -------
    tuple of (str, str)
        Name as asked for, and value of at most :data:`LONGEST_VALUE` characters; several values
        are separated by a backslash, as in the file. Elements that are missing, empty, binary or
        cannot be read are left out.
    """
    pairs = ((name, _text_of(dataset, _tag(name))) for name in dict.fromkeys(names))
    return tuple((name, text) for name, text in pairs if text)


def _tag(name: str) -> int:
    from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

    if found := _TAG.fullmatch(name):
        tag: int | None = int(found[1] + found[2], 16)
    else:
        tag = tag_for_keyword(name) if name else None  # some retired elements have no keyword
    if tag is None:
        raise UsageError(
            f"no DICOM keyword: {name!r}; it takes one such as StudyDescription, or a tag such as"
            " (0008,1030)"
        )
    # "OB or OW", where the data dictionary leaves the choice.
    if dictionary_has_tag(tag) and _NOT_TEXT.intersection(dictionary_VR(tag).split()):
        raise UsageError(f"the DICOM element {name} is binary or nested, and cannot be shown")
    return tag


def _text_of(dataset: Dataset, tag: int) -> str:
    holder = dataset.file_meta if tag >> 16 == _FILE_META else dataset
    try:
        with contained(WHAT, tell_details=False):
            if tag not in holder:
                return ""
            element = holder[tag]
            if element.VR in _NOT_TEXT:
                return ""
            values = element.value if element.VM > 1 else [element.value]
            text = "\\".join(_shown(values))
    except InputError:
        # A damaged element costs itself, not the picture.
        return ""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _shown(values: Iterable[Any]) -> Iterator[str]:
    for value in islice(values, LONGEST_VALUE):
        if isinstance(value, bytes):
            return
        yield "" if value is None else str(value)
