"""Cards and lists as HTML: all that comes from outside is escaped here.

Streamlit's own elements take Markdown, in which a file name could draw links and headings.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from medsift.app import words
from medsift.app.user_session import Found
from medsift.core.record import PixelBox, Record
from medsift.core.taxonomy import KINDS

_KINDS_TOLD = 8

_COLOURS = {"medical": "#0f6f8c", "non_medical": "#5b6470", "uncertain": "#8f5b00"}
"""Of verdicts, on badges and around panels; dark enough for white letters."""

STYLE = """<style>
.ms-frame { height: 9.5rem; display: flex; align-items: center; justify-content: center;
  background: rgba(128, 136, 146, .14); border-radius: .375rem; overflow: hidden; }
.ms-frame img { max-width: 100%; max-height: 9.5rem; object-fit: contain; }
.ms-frame span { font-size: .8rem; opacity: .8; }
.ms-line { display: flex; gap: .4rem; align-items: baseline; justify-content: space-between;
  margin-top: .45rem; flex-wrap: wrap; }
.ms-boxed { position: relative; display: block; margin: 0 auto; }
.ms-frame .ms-boxed, .ms-frame .ms-boxed img { width: 100%; height: 100%; }
.ms-boxed img { width: 100%; object-fit: contain; display: block; }
.ms-big .ms-boxed img { border: 0; background: none; }
.ms-zoom-2 .ms-boxed { width: 200%; } .ms-zoom-4 .ms-boxed { width: 400%; }
.ms-zoomed .ms-boxed img { width: 100%; }
.ms-boxed img.ms-boxes { position: absolute; inset: 0; height: 100%; max-height: none; }
.ms-badge { border-radius: 1rem; padding: .05rem .55rem; font-size: .8rem; font-weight: 600;
  color: #fff; white-space: nowrap; }
.ms-medical { background: #0f6f8c; } .ms-non_medical { background: #5b6470; }
.ms-uncertain { background: #8f5b00; } .ms-right { background: #20703c; }
.ms-p { font-variant-numeric: tabular-nums; font-size: .85rem; }
.ms-kind { font-size: .95rem; font-weight: 600; margin-top: .2rem; overflow-wrap: anywhere; }
.ms-where { font-size: .8rem; line-height: 1.3; height: 3.9em; overflow: hidden;
  overflow-wrap: anywhere; margin-top: .15rem; }
/* Cards fill each row, as many as fit; two on a phone. */
[class*="-grid"][class*="st-key-"] { display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(13.5rem, 46%), 1fr)); }
[class*="-grid"][class*="st-key-"] > * { width: auto !important; min-width: 0; }
@media (max-width: 30rem) { [class*="-grid"][class*="st-key-"] { gap: .5rem; } }
.stMainBlockContainer { padding-top: 3.5rem; padding-bottom: 4rem; }
h1 { padding-top: 0 !important; padding-bottom: .25rem !important; }
ul.ms-counts { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: 0 !important;
  padding: 0 !important; list-style: none !important; }
ul.ms-counts li { margin: 0; list-style: none; }
.ms-counts strong { font-size: 1.35rem; font-variant-numeric: tabular-nums; margin-right: .2rem; }
.ms-problems { margin: 0; padding-left: 1.1rem; font-size: .9rem; }
.ms-problems li { margin: .2rem 0; overflow-wrap: anywhere; }
.ms-big { text-align: center; } .ms-big img { max-width: 100%; max-height: 75vh;
  background: #fff; border: 1px solid rgba(128, 136, 146, .5); }
.ms-zoomed { overflow: auto; max-height: 60vh; text-align: left; }
.ms-zoomed img { max-width: none; max-height: none; }
.ms-zoom-2 img { width: 200%; } .ms-zoom-4 img { width: 400%; }
.ms-summary { display: flex; flex-wrap: wrap; gap: .3rem .6rem; align-items: baseline; }
.ms-start li { margin: .15rem 0; }
.ms-facts { border-collapse: collapse; font-size: .9rem; width: 100%; }
.ms-facts th { text-align: left; font-weight: 600; white-space: nowrap; padding-right: 1rem; }
.ms-facts th, .ms-facts td { vertical-align: top; padding-top: .2rem; padding-bottom: .2rem;
  border-bottom: 1px solid rgba(128, 136, 146, .3); overflow-wrap: anywhere; }
</style>"""


def card(found: Found, right: str = "", frames: int = 1) -> str:
    """A preview with its verdict.

    Parameters
    ----------
    found : Found
    right : str
        The kind that the user says it is; empty where nothing was said.
    frames : int
        How many frames the card stands for.
    """
    record = found.record
    place = words.where(record)
    source = escape(record.source)
    full = f"{record.source}, {place}" if place else record.source
    badge = _badges(found, right)
    if frames > 1:
        badge += f'<span class="ms-p">{frames:,} frames</span>'
    if found.panels:
        badge += f'<span class="ms-p">{escape(words.panel_count(found.panels))}</span>'
    label = f"{escape(record.caption_label)}, " if record.caption_label and place else ""
    return (
        f'<div class="ms-frame">{_preview(found)}</div>'
        f'<div class="ms-line">{badge}<span class="ms-p">{words.percent(record.p_medical)}'
        f' medical</span></div><div class="ms-kind">{escape(words.kind_name(record.kind))}</div>'
        f'<div class="ms-where" title="{escape(full)}">{label}{escape(place)}'
        f"{'<br>' if place else ''}{source}</div>"
    )


def _badges(found: Found, right: str) -> str:
    record = found.record
    badge = f'<span class="ms-badge ms-{escape(record.label)}">{label(record)}</span>'
    if right:
        said = f"{words.label_name(KINDS[right].label)}: {words.kind_name(right)}"
        badge += f'<span class="ms-badge ms-right">You: {escape(said)}</span>'
    return badge


def summary(found: Found, right: str = "") -> str:
    """The verdict in a line, for the head of a closer look."""
    record = found.record
    others = ", ".join(
        f"{words.kind_name(kind)} {words.percent(p)}"
        for kind, p in list((record.kinds or {}).items())[:3]
    )
    return (
        f'<div class="ms-summary"><strong>Picture {found.number}</strong> {_badges(found, right)}'
        f' <span class="ms-p">{words.percent(record.p_medical)} medical</span>'
        f" <span>{escape(words.kind_name(record.kind))}</span>"
        f' <span class="ms-p">({escape(others)})</span></div>'
    )


def started(rows: Sequence[tuple[str, str]]) -> str:
    """Inputs with how far the work on each is."""
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(state)}</td></tr>'
        for name, state in rows
    )
    return f'<table class="ms-facts">{lines}</table>'


def label(record: Record) -> str:
    """The verdict, escaped."""
    return escape(words.label_name(record.label))


def description(found: Found) -> str:
    """What the picture is, for people who do not see it."""
    record = found.record
    verdict = f"{words.label_name(record.label)}, {words.kind_name(record.kind)}"
    if found.panels:
        verdict += f", {words.panel_count(found.panels)}"
    return f"Picture {found.number}: {verdict}, from {record.source} {words.where(record)}".strip()


def big(image: bytes, alt: str, zoom: int = 1, of: Found | None = None) -> str:
    """A picture at the width of the page, or larger and then moved by mouse, finger or keys.

    Parameters
    ----------
    image : bytes
        WebP.
    alt : str
    zoom : int
    of : Found, optional
        Boxes are drawn around its panels.
    """
    shown = f'<img alt="{escape(alt)}" src="{_data(image)}">'
    shown = shown if of is None else _boxed(shown, of, named=True)
    if zoom == 1:
        return f'<div class="ms-big">{shown}</div>'
    name = f"Picture at {zoom} times its size; arrow keys move it"
    return (
        f'<div class="ms-big ms-zoomed ms-zoom-{zoom}" role="region" tabindex="0"'
        f' aria-label="{name}">{shown}</div>'
    )


def counts(numbers: Sequence[tuple[int, str]]) -> str:
    """Numbers and what they count, in a row."""
    items = "".join(f"<li><strong>{n:,}</strong> {escape(name)}</li>" for n, name in numbers)
    return f'<ul class="ms-counts">{items}</ul>'


def problems(records: Sequence[Record]) -> str:
    """What gave no verdict, and why."""
    items = []
    for record in records:
        place = words.where(record)
        name = f"{record.source}, {place}" if place and place != record.source else record.source
        items.append(f"<li><strong>{escape(name)}</strong>: {escape(words.trouble(record))}</li>")
    return f'<ul class="ms-problems">{"".join(items)}</ul>'


def panels(found: Found) -> str:
    """The panels of a figure with their verdicts, as a table."""
    rows = "".join(
        f'<tr><th scope="row">{escape(words.panel_name(panel))}</th>'
        f'<td><span class="ms-badge ms-{escape(panel.label)}">{label(panel)}</span></td>'
        f"<td>{escape(words.kind_name(panel.kind))}</td>"
        f"<td>{words.percent(panel.p_medical)} medical</td></tr>"
        for panel in found.panels
    )
    return f'<table class="ms-facts ms-panels">{rows}</table>'


def facts(found: Found, beside: Sequence[int] = ()) -> str:
    """All that is known of a picture, as a table.

    Parameters
    ----------
    found : Found
    beside : sequence of int
        Numbers of the other pictures of the same printed figure.
    """
    record = found.record
    kinds = ", ".join(
        f"{words.kind_name(kind)} {words.percent(p)}"
        for kind, p in list((record.kinds or {}).items())[:_KINDS_TOLD]
    )
    caption = " ".join(filter(None, (record.caption_label, record.caption)))
    together = "together with " + ", ".join(f"picture {n}" for n in beside) if beside else ""
    rows = [
        ("Verdict", words.label_name(record.label)),
        ("Probability of medical", words.percent(record.p_medical)),
        ("Kind", f"{words.kind_name(record.kind)} ({words.percent(record.p_kind)})"),
        ("All kinds", kinds),
        ("Caption", caption),
        ("Figure", ", ".join(filter(None, (record.figure, together)))),
        ("DICOM modality", record.dicom_modality),
        ("Remarks", words.reasons(record.reason)),
        ("Source", record.source),
        ("Place", record.locator),
        ("Inside", record.member),
        ("Address", record.url),
        ("Size", f"{record.width} \N{MULTIPLICATION SIGN} {record.height}, {record.format}"),
        ("SHA-256", record.sha256),
        ("Model", record.model),
    ]
    lines = "".join(
        f'<tr><th scope="row">{name}</th><td>{escape(value)}</td></tr>'
        for name, value in rows
        if value
    )
    return f'<table class="ms-facts">{lines}</table>'


def _preview(found: Found) -> str:
    if found.preview is None:
        return "<span>no preview</span>"
    shown = f'<img alt="{escape(description(found))}" src="{_data(found.preview)}">'
    return _boxed(shown, found) if found.panels else shown


def _boxed(image: str, found: Found, named: bool = False) -> str:
    """A picture with a box around each of its panels, coloured by the panel's verdict."""
    boxes = [(panel, panel.panel_bbox) for panel in found.panels if panel.panel_bbox is not None]
    if not boxes:
        return image
    width, height = found.record.width or 1, found.record.height or 1
    right, low = max(box[2] for _, box in boxes), max(box[3] for _, box in boxes)
    if right > width or low > height:
        # A picture that its file says to turn: places are those of what one sees.
        width, height = height, width
    lines = _drawn_boxes([(p, box) for p, box in boxes if box is not None], (width, height), named)
    # No larger than it is: the box of a picture that is enlarged for it says no more.
    most = f' style="max-width: {width}px"' if named else ""
    return (
        f'<span class="ms-boxed"{most}>{image}<img class="ms-boxes" alt=""'
        f' src="{_data(lines.encode(), "svg+xml")}"></span>'
    )


def _drawn_boxes(
    boxes: Sequence[tuple[Record, PixelBox]], size: tuple[int, int], named: bool
) -> str:
    """Lines around the panels, to be laid over a picture of this size, as SVG.

    As a picture of its own: in a page, Streamlit lets through no SVG.
    """
    letter = max(size) / 32
    marks = []
    for panel, (x0, y0, x1, y1) in boxes:
        line = (
            f'<rect x="{x0}" y="{y0}" width="{x1 - x0}" height="{y1 - y0}" fill="none"'
            ' vector-effect="non-scaling-stroke"'
        )
        colour = _COLOURS.get(panel.label, _COLOURS["uncertain"])
        marks.append(f'{line} stroke="#fff" stroke-width="5"/>')
        marks.append(f'{line} stroke="{colour}" stroke-width="3"/>')
        if named:
            marks.append(
                f'<text x="{x0 + letter / 3:.0f}" y="{y0 + letter:.0f}" font-size="{letter:.0f}"'
                ' font-family="sans-serif" font-weight="600" fill="#fff" stroke="#000"'
                f' stroke-width="{letter / 6:.1f}" paint-order="stroke">'
                f"{escape(words.panel_name(panel).removeprefix('Panel '))}</text>"
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}">'
        f"{''.join(marks)}</svg>"
    )


def _data(image: bytes, media_type: str = "webp") -> str:
    return f"data:image/{media_type};base64,{base64.b64encode(image).decode('ascii')}"
