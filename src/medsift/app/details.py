"""A closer look at one picture: large, on its page, what is known of it, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from medsift.app import cards, views, words
from medsift.app.review import show_keys
from medsift.app.shown import Stack
from medsift.app.user_session import Found, TabState
from medsift.core.errors import InputError, MedsiftError

_PICTURE = "Picture"
_WHY = "Why this verdict?"
_ZOOMS = (1, 2, 4)


def show_details(tab: TabState, shown: Sequence[Stack], first: Found, reviewing: bool) -> None:
    """Open a dialog with all about one picture, from which the others can be reached.

    Parameters
    ----------
    tab : TabState
    shown : sequence of Stack
        All that can be reached, in their order.
    first : Found
        What is shown at first.
    reviewing : bool
        Whether the user may say what the pictures really are.
    """
    st.session_state[_key(tab)] = first.number
    # What is said in it shows behind it once it is closed.
    dialog = st.dialog("Closer look", width="large", on_dismiss="rerun" if reviewing else "ignore")
    dialog(_show)(tab, shown, reviewing)


def _key(tab: TabState) -> str:
    return f"{tab.name}-look"


def _current(tab: TabState) -> int:
    """Number of the picture that is looked at; 0 where none was chosen."""
    return int(st.session_state.get(_key(tab)) or 0)


def _show(tab: TabState, shown: Sequence[Stack], reviewing: bool) -> None:
    numbers = [stack.front.number for stack in shown]
    places = {each.number: n for n, stack in enumerate(shown) for each in stack.frames}
    place = places.get(_current(tab), 0)
    frames = {each.number: each for each in shown[place].frames}
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_step(tab, "Previous", numbers, place - 1)
        _show_step(tab, "Next", numbers, place + 1)
        st.html(f"<span>{place + 1:,} of {len(shown):,}</span>")
    if len(frames) > 1:
        _show_frames(tab, shown[place])
    found = frames.get(_current(tab), shown[place].front)
    st.html(cards.summary(found, tab.corrections.get(found.number, "")))
    if reviewing:
        following = numbers[min(place + 1, len(numbers) - 1)]
        show_keys(tab, found, lambda: st.session_state.update({_key(tab): following}))
    _show_view(tab, found)
    if found.panels:
        st.html(cards.panels(found))
    st.html(cards.facts(found, _beside(tab, found)))


def _show_frames(tab: TabState, stack: Stack) -> None:
    """Let the user go through the frames of a loop or volume, with the arrow keys, too."""
    numbers = [each.number for each in stack.frames]
    current = _current(tab)
    chosen = st.slider(
        f"Frame, of {len(numbers):,}",
        min_value=1,
        max_value=len(numbers),
        value=numbers.index(current) + 1 if current in numbers else len(numbers) // 2 + 1,
        key=f"{_key(tab)}-frame-{stack.front.number}",
    )
    st.session_state[_key(tab)] = numbers[chosen - 1]


def _beside(tab: TabState, found: Found) -> list[int]:
    """Numbers of the other pictures of the same printed figure."""
    record = found.record
    if not record.figure:
        return []
    pictures, _ = tab.snapshot()
    return [
        each.number
        for each in pictures
        if each.number != found.number
        and (each.order, each.record.member, each.record.figure)
        == (found.order, record.member, record.figure)
    ]


def _show_step(tab: TabState, name: str, numbers: Sequence[int], place: int) -> None:
    exists = 0 <= place < len(numbers)
    st.button(
        name,
        key=f"{_key(tab)}-{name}",
        icon=":material/arrow_back:" if name == "Previous" else ":material/arrow_forward:",
        shortcut="Left" if name == "Previous" else "Right",
        disabled=not exists,
        on_click=st.session_state.update,
        args=({_key(tab): numbers[place]} if exists else {},),
    )


def _show_view(tab: TabState, found: Found) -> None:
    page = f"Page {found.record.page}"
    options = [page] if has_page(found) else []
    with st.spinner("Getting ready…"):  # the first time, until a worker has its model
        explains = tab.session.workers.explains
    options += [_PICTURE, *([_WHY] if explains else [])]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"{tab.name}-view-{found.number}"
        view = st.segmented_control("View", options, default=options[0], required=True, key=key)
        zoom = 1
        if view == _PICTURE:
            zoom = st.session_state.setdefault(f"{tab.name}-zoom", 1)
            following = _ZOOMS[(_ZOOMS.index(zoom) + 1) % len(_ZOOMS)]
            st.button(
                f"Zoom: {zoom} \N{MULTIPLICATION SIGN}",
                key=f"{tab.name}-zoom-button",
                icon=":material/zoom_in:",
                shortcut="Z",
                help="Larger, and then as a whole again.",
                on_click=st.session_state.update,
                args=({f"{tab.name}-zoom": following},),
            )
    if view == _WHY:
        _show_why(tab, found)
    elif view == _PICTURE:
        _show_picture(tab, found, zoom)
    else:
        _show_page(tab, found)
    if found.path is None and found.record.page is not None:
        st.caption(
            "Its page cannot be shown here, as the document was not kept. Download it from its"
            f" address and give it on the tab “{words.TABS['documents']}” to see the page."
        )


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


def _show_page(tab: TabState, found: Found) -> None:
    record = found.record
    alt = f"Page {record.page} of {record.source}"
    if record.bbox is not None:
        alt += f", with a frame around picture {found.number}"
    password = tab.passwords.get(found.order, "")
    arguments = (found.path, record.page, record.bbox, password, record.member)
    _draw(tab, found, alt, views.page_with_box, *arguments)
    if record.bbox is None:
        st.caption("Where on the page the picture lies is not known.")


def _show_picture(tab: TabState, found: Found, zoom: int) -> None:
    path = tab.session.saved(found.record)
    alt = cards.description(found)
    if path is not None:
        frame = found.record.frame
        _draw(tab, found, alt, views.enlarged, path, frame, zoom, zoom=zoom, boxes=True)
    elif found.preview is not None:
        st.html(cards.big(found.preview, alt, of=found))
    if found.panels:
        st.caption(
            "Boxes lie around the panels of the figure: blue is medical, grey is not, brown is"
            " uncertain."
        )


def _show_why(tab: TabState, found: Found) -> None:
    record = found.record
    path = tab.session.saved(record)
    if path is None:
        st.warning("The picture is no longer there.")
        return
    target = "non_medical" if record.label == "non_medical" else "medical"
    name = words.label_name(target).lower()
    alt = f"{cards.description(found)}. Coloured by what speaks for and against {name}."
    model = tab.session.workers.settings.model
    _draw(tab, found, alt, views.explained, path, record.frame, model, target)
    st.caption(
        f"Orange places speak for “{name}”, blue ones against it; grey ones hardly count."
        " The colours show what the model looked at, not whether it is right."
    )


def _draw(
    tab: TabState,
    found: Found,
    alt: str,
    function: Callable[..., bytes],
    *arguments: object,
    zoom: int = 1,
    boxes: bool = False,
) -> None:
    """Have a worker draw, once; what a person sees again is kept."""
    key = (f"{function.__name__} {zoom}", found.number)
    if key not in tab.drawn:
        try:
            with st.spinner("Drawing…"):
                image = tab.session.workers.looking.call(function, *arguments)
        except InputError as error:
            st.warning(f"It cannot be drawn: {error}.")
            return
        except MedsiftError as error:
            st.warning(f"This model gives no explanation: {error}.")
            return
        tab.keep_drawn(key, image)
    st.html(cards.big(tab.drawn[key], alt, zoom, found if boxes else None))
