"""Cross-references of docstrings, as Markdown: ``:class:`x``` becomes ```x```."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:py:)?(?:class|func|meth|mod|attr|data|exc|obj):`~?([^`]+)`")


class PlainRoles(griffe.Extension):  # type: ignore[misc]
    """Rewrites the docstrings that are loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Take the roles out of one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)
