"""A closer look at one picture: large, on its page, what is known of it, and why."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from medsift.app import cards, views, words
from medsift.app.desk import Found, Tray
from medsift.core.errors import InputError, MedsiftError

_PICTURE = "Picture"
_WHY = "Why this verdict?"


def show_details(tray: Tray, found: Found) -> None:
    """Open a dialog with all about one picture."""
    st.dialog(f"Picture {found.number}", width="large")(_show)(tray, found)


def _show(tray: Tray, found: Found) -> None:
    page = f"Page {found.record.page}"
    options = [page] if has_page(found) else []
    with st.spinner("Getting ready…"):  # the first time, until a worker has its model
        explains = tray.desk.crew.explains
    options += [_PICTURE, *([_WHY] if explains else [])]
    key = f"{tray.name}-view-{found.number}"
    view = st.segmented_control("View", options, default=options[0], required=True, key=key)
    if view == _WHY:
        _show_why(tray, found)
    elif view == _PICTURE:
        _show_picture(tray, found)
    else:
        _show_page(tray, found)
    if found.path is None and found.record.page is not None:
        st.caption(
            "Its page cannot be shown here, as the document was not kept. Download it from its"
            f" address and give it on the tab “{words.TABS['documents']}” to see the page."
        )
    st.html(cards.facts(found))


def has_page(found: Found) -> bool:
    """Whether the picture is of a page of a PDF that is at hand, also inside an upload."""
    record = found.record
    return found.path is not None and record.page is not None and _is_of_pdf(found)


def _is_of_pdf(found: Found) -> bool:
    record = found.record
    if record.member:
        # Attachments and members of archives: the page is one of the innermost document.
        return record.member.lower().endswith(".pdf")
    return record.source_type == "pdf"


def _show_page(tray: Tray, found: Found) -> None:
    record = found.record
    alt = f"Page {record.page} of {record.source}"
    if record.bbox is not None:
        alt += f", with a frame around picture {found.number}"
    password = tray.passwords.get(found.order, "")
    arguments = (found.path, record.page, record.bbox, password, record.member)
    _draw(tray, found, alt, views.page_with_box, *arguments)
    if record.bbox is None:
        st.caption("Where on the page the picture lies is not known.")


def _show_picture(tray: Tray, found: Found) -> None:
    path = tray.desk.saved(found.record)
    alt = cards.description(found)
    if path is not None:
        _draw(tray, found, alt, views.enlarged, path, found.record.frame)
    elif found.preview is not None:
        st.html(cards.big(found.preview, alt))


def _show_why(tray: Tray, found: Found) -> None:
    record = found.record
    path = tray.desk.saved(record)
    if path is None:
        st.warning("The picture is no longer there.")
        return
    target = "non_medical" if record.label == "non_medical" else "medical"
    name = words.label_name(target).lower()
    alt = f"{cards.description(found)}. Coloured by what speaks for and against {name}."
    model = tray.desk.crew.settings.model
    _draw(tray, found, alt, views.explained, path, record.frame, model, target)
    st.caption(
        f"Orange places speak for “{name}”, blue ones against it; grey ones hardly count."
        " The colours show what the model looked at, not whether it is right."
    )


def _draw(
    tray: Tray, found: Found, alt: str, function: Callable[..., bytes], *arguments: object
) -> None:
    """Have a worker draw, once; what a person sees again is kept."""
    key = (function.__name__, found.number)
    if key not in tray.drawn:
        try:
            with st.spinner("Drawing…"):
                image = tray.desk.crew.looking.call(function, *arguments)
        except InputError as error:
            st.warning(f"It cannot be drawn: {error}.")
            return
        except MedsiftError as error:
            st.warning(f"This model gives no explanation: {error}.")
            return
        tray.keep_drawn(key, image)
    st.html(cards.big(tray.drawn[key], alt))
