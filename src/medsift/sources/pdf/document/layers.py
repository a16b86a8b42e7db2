"""Which layers (optional content groups) a viewer shows at first, by ISO 32000-1, 8.11.

Usages (zoom, print, language) are not looked at; PDFium, which draws the pages, knows them.
"""

from __future__ import annotations

from typing import Any

from medsift.sources.pdf.document.dictionaries import number_of, value_of

_DEEP = 16


class Layers:
    """The states of a document's layers when it is opened.

    Parameters
    ----------
    root : pypdf.generic.DictionaryObject
        The document's catalog.

    Attributes
    ----------
    some_hidden : bool
        Some layer may not be shown at first.
    """

    def __init__(self, root: Any) -> None:
        state = value_of(value_of(root, "/OCProperties"), "/D")
        self._all_off = value_of(state, "/BaseState") == "/OFF"
        self._on = _numbers(value_of(state, "/ON"))
        self._off = _numbers(value_of(state, "/OFF"))
        # States that depend on the usage, such as zoom or print, are told by /AS.
        self.some_hidden = self._all_off or bool(self._off) or bool(value_of(state, "/AS"))

    def shows(self, holder: Any) -> bool:
        """Whether something is shown, by its own entry ``/OC``.

        Parameters
        ----------
        holder : pypdf.generic.DictionaryObject or None
            An annotation, a form, or an image.
        """
        content = value_of(holder, "/OC")
        return content is None or self._is_on(content)

    def _is_on(self, content: Any) -> bool:
        """Whether a group, or a membership in groups, is on."""
        if value_of(content, "/Type") != "/OCMD":
            number = number_of(content)
            return number not in self._off and (not self._all_off or number in self._on)
        expression = value_of(content, "/VE")
        if isinstance(expression, list) and expression:
            return self._holds(expression, 0)
        groups = value_of(content, "/OCGs")
        members = [g.get_object() for g in (groups if isinstance(groups, list) else [groups]) if g]
        states = [self._is_on(group) for group in members if value_of(group, "/Type") == "/OCG"]
        if not states:
            return True
        policy = value_of(content, "/P")
        return {
            "/AllOn": all(states),
            "/AnyOff": not all(states),
            "/AllOff": not any(states),
        }.get(str(policy), any(states))

    def _holds(self, expression: Any, depth: int) -> bool:
        """Whether a visibility expression is true; what makes no sense is."""
        if not isinstance(expression, list):
            return self._is_on(expression)
        if not expression or depth > _DEEP:
            return True
        operator, *operands = (item.get_object() for item in expression)
        values = [self._holds(operand, depth + 1) for operand in operands]
        if operator == "/Not":
            return not all(values)
        return any(values) if operator == "/Or" else all(values)


def _numbers(groups: Any) -> frozenset[int]:
    if not isinstance(groups, list):
        return frozenset()
    return frozenset(number_of(group.get_object()) for group in groups)
