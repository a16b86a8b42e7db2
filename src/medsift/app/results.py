"""What was found: counts, filters, a grid of previews in pages, downloads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from medsift.app import cards, export, words
from medsift.app.details import show_details
from medsift.app.review import show_answer, show_confirm_page, show_review
from medsift.app.shown import Choice, LabelCounts, Stack, stacks
from medsift.app.user_session import Found, TabState

PAGE = 24
"""Previews on one page: browsers stay quick, however many pictures there are."""

_CARD_PIXELS = 216
_PAGES_PIXELS = 400
_ORDERS = {
    "auto": "Medical first, if many",
    "found": "As found",
    "medical": "Most probably medical first",
    "unsure": "Least certain first",
}


def show_results(tab: TabState) -> None:
    """Draw the results of a tab."""
    found, _ = tab.snapshot()
    if not found:
        return
    counts = LabelCounts.of(found)
    st.header("Results", anchor=False)
    _show_counts(counts, len(found))
    choice = _choose(tab, counts)
    shown = choice.of(found)
    reviewing = _show_actions(tab, shown)
    # Who corrects sees every frame; who looks, a card for each loop or volume.
    on_cards = [Stack((each,)) for each in shown] if reviewing else stacks(shown)
    with st.container():
        if reviewing:
            show_review(tab, found)
            if shown and st.button(
                "Answer one by one",
                key=f"{tab.name}-one-by-one",
                icon=":material/keyboard:",
                shortcut="A",
            ):
                open_ = (each for each in shown if each.number not in tab.answers)
                show_details(tab, on_cards, next(open_, shown[0]), reviewing)
        if not shown:
            st.info("No picture matches. Change what is shown above.")
    with st.container():
        page = _page(tab, on_cards)
        if reviewing and page:
            show_confirm_page(tab, [stack.front for stack in page])
    _show_grid(tab, on_cards, page, reviewing)


def _show_counts(counts: LabelCounts, total: int) -> None:
    hidden = counts.labels["uncertain"]
    st.html(
        cards.counts(
            [
                (total, "picture" if total == 1 else "pictures"),
                (counts.labels["medical"], "medical"),
                (counts.labels["non_medical"], "not medical"),
                (hidden, "uncertain"),
            ]
        )
    )


def _choose(tab: TabState, counts: LabelCounts) -> Choice:
    name = tab.name
    # Names are without counts: the browser sends names back, and names that change while results
    # come would lose what was chosen.
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Verdict",
            ["medical", "non_medical"],
            selection_mode="multi",
            default=["medical", "non_medical"],
            format_func=words.label_name,
            key=f"{name}-labels",
        )
        kinds = st.multiselect(
            "Kinds",
            sorted(counts.kinds, key=words.kind_name),
            format_func=words.kind_name,
            placeholder="All",
            key=f"{name}-kinds",
            width=260,
        )
        text = st.text_input(
            "Name contains", key=f"{name}-search", placeholder="File, page, member", width=200
        )
        order = st.selectbox(
            "Order", list(_ORDERS), format_func=_ORDERS.__getitem__, key=f"{name}-order", width=240
        )
    labels = set(chosen)
    uncertain = counts.labels["uncertain"]
    show = st.toggle(
        f"Show uncertain ({uncertain:,})",
        key=f"{name}-uncertain",
        help="Pictures that the model cannot decide on. They are left out until you ask.",
        disabled=not uncertain,
    )
    # What the model is unsure of is what corrections are most needed for.
    reviewing = bool(st.session_state.get(f"{name}-review"))
    labels |= {"uncertain"} if show or reviewing else set()
    return Choice(frozenset(labels), frozenset(kinds), text or "", order or "auto")


def _show_actions(tab: TabState, shown: Sequence[Found]) -> bool:
    """Downloads, and switches; whether the user wants to correct verdicts."""
    name, number = tab.name, len(shown)
    medical = sum(each.record.label == "medical" for each in shown)
    with st.container(horizontal=True, vertical_alignment="center"):
        reviewing = st.toggle(
            "Correct verdicts",
            key=f"{name}-review",
            help="Say what pictures really are, and take the answers with you as training data.",
        )
        with st.popover("Download", icon=":material/download:", disabled=not shown):
            st.markdown(f"The {number:,} shown, on all pages:")
            for suffix, mime in (
                (".csv", "text/csv"),
                (".jsonl", "application/jsonl"),
                (".parquet", "application/vnd.apache.parquet"),
            ):
                st.download_button(
                    suffix[1:].upper() if suffix != ".parquet" else "Parquet",
                    data=partial(export.table, shown, suffix),
                    file_name=f"medsift{suffix}",
                    mime=mime,
                    key=f"{name}-export{suffix}",
                    on_click="ignore",
                    width="stretch",
                )
            st.download_button(
                f"Medical images among them, zip ({medical:,})",
                data=lambda: export.medical_images(shown, tab.session),
                file_name="medsift-medical.zip",
                mime="application/zip",
                key=f"{name}-images",
                on_click="ignore",
                disabled=not medical,
                width="stretch",
            )
        st.button(
            "Clear results",
            key=f"{name}-clear",
            icon=":material/delete:",
            on_click=_clear,
            args=(tab,),
        )
    return bool(reviewing)


def _clear(tab: TabState) -> None:
    tab.clear()
    # Filters of what is gone would hide what comes next.
    for part in ("kinds", "search", "page"):
        st.session_state.pop(f"{tab.name}-{part}", None)


def _page(tab: TabState, shown: Sequence[Stack]) -> Sequence[Stack]:
    pages = -(-len(shown) // PAGE)
    key = f"{tab.name}-page"
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
    number = 1
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            # By its content it would shrink to a single number.
            number = st.pagination(pages, key=key, width=_PAGES_PIXELS) or 1
            first = (number - 1) * PAGE + 1
            st.caption(f"{first:,} to {min(len(shown), first + PAGE - 1):,} of {len(shown):,}")
    return shown[(number - 1) * PAGE : number * PAGE]


def _show_grid(
    tab: TabState, shown: Sequence[Stack], page: Sequence[Stack], reviewing: bool
) -> None:
    right = tab.corrections
    # A row that wraps: as many cards side by side as the screen is wide.
    with st.container(horizontal=True, key=f"{tab.name}-grid"):
        for stack in page:
            found, frames = stack.front, len(stack.frames)
            with st.container(border=True, width=_CARD_PIXELS, gap="xsmall"):
                st.html(cards.card(found, right.get(found.number, ""), frames))
                if reviewing:
                    show_answer(tab, found)
                name = f"Look closer at {found.number}"
                if st.button(
                    name if frames == 1 else f"{name}, {frames:,} frames",
                    key=f"{tab.name}-open-{found.number}",
                    width="stretch",
                ):
                    show_details(tab, shown, found, reviewing)
