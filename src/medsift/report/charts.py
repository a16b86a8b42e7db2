"""Small charts as inline SVG: no script, no library, colours from the style sheet.

Every value is also there as text, so nothing depends on telling colours apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from medsift.core.taxonomy import KINDS
from medsift.report.breakdown import OTHERS, Group
from medsift.report.summary import SHOWN
from medsift.report.terminal import harmless, shortened

_ROW = 26
_BAR = 14
_NAME_WIDTH = 196
_BAR_WIDTH = 150
_WIDTH = 460
_NAME_COLUMNS = 24
_MOST_KINDS = 13
_SHADES = 5


def phrase(text: str, what: str = "") -> str:
    """A text as the filter of the page takes it as a whole.

    Parameters
    ----------
    text : str
    what : {"", "in", "file"}
        Anywhere in a record, its folder or host, its source.
    """
    doubled = text.replace('"', '""')
    return f'{what}:"{doubled}"' if what else f'"{doubled}"'


def verdicts(groups: Sequence[tuple[str, Group]], unit: str) -> str:
    """Stacked bars: a row for each group, a segment for each label.

    Names and segments are links that filter the pictures of the page.

    Parameters
    ----------
    groups : sequence of (str, Group)
    unit : {"folder", "source", "kind"}
        What the names are.
    """
    # What is left over would dwarf the rest: its bar ends where the longest other one does.
    named = [group.labels.total() for name, group in groups if name != OTHERS]
    most = max(named, default=1)
    rows = []
    for number, (name, group) in enumerate(groups):
        left = float(_NAME_WIDTH)
        segments = []
        for label in SHOWN:
            width = _BAR_WIDTH * group.labels[label] / max(most, group.labels.total())
            if width:
                bar = _bar(left, number, width, label, group.labels[label])
                segments.append(_link(bar, name, unit, label))
                left += width
        note = " (not to scale)" if group.labels.total() > most else ""
        title = _link(_named(number, name + note), name, unit)
        rows.append(title + "".join(segments) + _value(number, left, group))
    return _figure(rows, "Pictures by verdict")


def kinds(counts: Mapping[tuple[str, str], int]) -> str:
    """A bar for each medical kind and the most frequent others, in the colours of the verdicts.

    Parameters
    ----------
    counts : mapping
        (label, kind) to number of pictures; a kind may be there under several labels.
    """
    totals: dict[str, dict[str, int]] = {}
    for (label, kind), number in counts.items():
        totals.setdefault(kind, {})[label] = number
    groups = ((kind, _group(by_label)) for kind, by_label in totals.items())
    ordered = sorted(groups, key=lambda g: (-g[1].labels.total(), g[0]))
    medical = [g for g in ordered if _side(g[0]) == "medical"]
    bars = [g for g in ordered if _side(g[0]) != "medical"]
    if len(bars) > _MOST_KINDS:
        rest = Group()
        for _, group in bars[_MOST_KINDS - 1 :]:
            rest.merge(group)
        bars = [*bars[: _MOST_KINDS - 1], (OTHERS, rest)]
    return verdicts([*medical, *bars], "kind")


def kinds_by_group(groups: Sequence[tuple[str, Group]], unit: str) -> str:
    """A table: rows are groups, columns all medical kinds and the most frequent others.

    Cells are shaded by their share of the row.
    """
    total: dict[str, int] = {}
    for _, group in groups:
        for kind, number in group.kinds.items():
            total[kind] = total.get(kind, 0) + number
    ordered = sorted(total, key=lambda kind: (-total[kind], kind))
    names = [kind for kind in ordered if _side(kind) == "medical"]
    names += [kind for kind in ordered if _side(kind) != "medical"][: max(3, 10 - len(names))]
    head = "".join(f'<th scope="col" class="{_side(kind)}">{escape(kind)}</th>' for kind in names)
    body = "".join(_table_row(name, group, names, unit) for name, group in groups)
    return (
        f'<table class="matrix"><thead><tr><th scope="col">{escape(unit)}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _table_row(name: str, group: Group, names: Sequence[str], unit: str) -> str:
    most = max(group.kinds.values(), default=1)
    cells = "".join(
        f'<td class="shade{-(-_SHADES * group.kinds[kind] // most)}">{group.kinds[kind]:,}</td>'
        if group.kinds[kind]
        else "<td></td>"
        for kind in names
    )
    shown = _link(escape(harmless(name)), name, unit)
    return f'<tr><th scope="row">{shown}</th>{cells}</tr>'


def _link(content: str, name: str, unit: str, label: str = "") -> str:
    """Let a part of a chart filter the pictures, if there is a filter for it."""
    if name == OTHERS:
        return content
    if unit == "kind":
        chosen = f"kind={quote(name)}"
    else:
        chosen = f"text={quote(phrase(name, 'in' if unit == 'folder' else 'file'))}"
    return f'<a href="#{chosen}{f"&amp;label={label}" if label else ""}">{content}</a>'


def _group(by_label: Mapping[str, int]) -> Group:
    group = Group()
    group.labels.update(by_label)
    return group


def _side(kind: str) -> str:
    return KINDS[kind].label if kind in KINDS else ""


def _figure(rows: Sequence[str], title: str) -> str:
    height = _ROW * max(1, len(rows))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(rows)}</svg>"
    )


def _bar(left: float, number: int, width: float, label: str, value: int) -> str:
    top = number * _ROW + (_ROW - _BAR) // 2
    return (
        f'<rect class="{label}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}">'
        f"<title>{value:,} {label}</title></rect>"
    )


def _named(number: int, name: str) -> str:
    baseline = number * _ROW + _ROW // 2 + 5
    full = escape(harmless(name))
    return (
        f'<text x="{_NAME_WIDTH - 8}" y="{baseline}" text-anchor="end">'
        f"<title>{full}</title>{escape(_short(name))}</text>"
    )


def _value(number: int, left: float, group: Group) -> str:
    baseline = number * _ROW + _ROW // 2 + 5
    parts = " / ".join(f"{group.labels[label]:,}" for label in SHOWN)
    return f'<text class="value" x="{left + 6:.1f}" y="{baseline}">{parts}</text>'


def _short(name: str) -> str:
    return shortened(harmless(name), _NAME_COLUMNS, keep_end=True)
