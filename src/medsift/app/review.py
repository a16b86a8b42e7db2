"""The review: people say what pictures really are, and take the answers with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from medsift.app import export, judgements, words
from medsift.app.judgements import Agreement
from medsift.app.user_session import Found, TabState
from medsift.core.errors import UsageError
from medsift.core.taxonomy import KINDS, TAXONOMY

_DIGITS = 9
_WIDE, _NARROW = 260, 170
"""Widths in pixels: on a phone, buttons with icons would shrink to nothing."""
_TABLES = (
    ("CSV", ".csv", "text/csv"),
    ("JSONL", ".jsonl", "application/jsonl"),
    ("Parquet", ".parquet", "application/vnd.apache.parquet"),
)
_CHOICES = [kind.name for kind in TAXONOMY]


def show_review(tab: TabState, found: Sequence[Found]) -> None:
    """Draw what concerns all corrections of a tab."""
    number = len(tab.answers)
    with st.container(border=True):
        st.markdown(
            "Choose the right answer below each picture, confirm the one it has, or look closer"
            " and answer by keys: **Y** right as it is, **M** medical, **N** not medical, **1** to"
            " **9** the most probable kinds, arrow keys for next and previous."
        )
        if number:
            st.html(f'<p role="status">{Agreement.of(tab.answered()).sentence}</p>')
        with st.container(horizontal=True, vertical_alignment="center"):
            _show_downloads(tab, found, number)
        _ask_for_session(tab)


def _show_downloads(tab: TabState, found: Sequence[Found], number: int) -> None:
    st.download_button(
        f"Download {number:,} answer{'' if number == 1 else 's'} (zip)",
        data=lambda: export.labelled_folder(found, tab.corrections, tab.session),
        file_name="medsift-labelled.zip",
        mime="application/zip",
        key=f"{tab.name}-labelled",
        icon=":material/download:",
        width=_WIDE,
        on_click="ignore",
        disabled=not number,
    )
    with st.popover("Answers as a table", disabled=not number):
        for name, suffix, mime in _TABLES:
            st.download_button(
                f"Answers, {name}",
                data=partial(_table, tab, suffix),
                file_name=f"medsift-answers{suffix}",
                mime=mime,
                key=f"{tab.name}-answers{suffix}",
                on_click="ignore",
                width="stretch",
            )
    st.download_button(
        "Save session",
        data=lambda: judgements.to_file(tab.answered()),
        file_name="medsift-session.json",
        mime="application/json",
        key=f"{tab.name}-session",
        icon=":material/save:",
        width=_NARROW,
        on_click="ignore",
        disabled=not number,
        help="Your answers, by the digests of the pictures and without them.",
    )
    st.button(
        "Forget all answers",
        key=f"{tab.name}-forget",
        disabled=not number,
        on_click=_forget,
        args=(tab,),
    )


def show_answer(tab: TabState, found: Found) -> None:
    """Draw the question below one picture."""
    key = answer_key(tab, found)
    # The tab knows: what the browser still shows may be older than an answer given by a key.
    st.session_state[key] = tab.corrections.get(found.number)
    st.selectbox(
        f"Right answer for {found.number}",
        _CHOICES,
        index=None,
        format_func=_choice_name,
        placeholder="What is it really?",
        key=key,
        label_visibility="collapsed",
        on_change=_take,
        args=(tab, found, key),
    )
    record = found.record
    if record.kind in KINDS and record.label == KINDS[record.kind].label:
        st.button(
            f"{found.number} is right as it is",
            key=f"{key}-confirm",
            icon=":material/check:",
            width="stretch",
            disabled=tab.corrections.get(found.number) == record.kind,
            on_click=_confirm,
            args=(tab, found, key),
        )


def show_keys(tab: TabState, found: Found, advance: Callable[[], None]) -> None:
    """Draw buttons, each with its key, that answer for one picture and go on to the next.

    Parameters
    ----------
    tab : TabState
    found : Found
    advance : callable
        Goes on to the next picture.
    """
    record = found.record
    offers: list[tuple[str, str, str]] = []
    if record.kind in KINDS and record.label == KINDS[record.kind].label:
        offers.append(("Y", "right as it is", record.kind))
    probable = [kind for kind in record.kinds or {} if kind in KINDS]
    for key, side in (("M", "medical"), ("N", "non_medical")):
        best = next((kind for kind in probable if KINDS[kind].label == side), "")
        if best:
            offers.append((key, _choice_name(best), best))
    offers += [(str(n), words.kind_name(k), k) for n, k in enumerate(probable[:_DIGITS], 1)]
    with st.container(horizontal=True, key=f"{tab.name}-keys", gap="small"):
        for key, text, kind in offers:
            st.button(
                text,
                # Of this picture: a key that is pressed too early never answers for the next one.
                key=f"{tab.name}-key-{key}-{found.number}",
                shortcut=key,
                on_click=_answer_and_advance,
                args=(tab, found, kind, advance),
            )


def show_confirm_page(tab: TabState, page: Sequence[Found]) -> None:
    """Draw a button that confirms the verdicts of all pictures of a page without an answer."""
    open_ = [
        each
        for each in page
        if each.number not in tab.answers
        and each.record.kind in KINDS
        and each.record.label == KINDS[each.record.kind].label
    ]
    st.button(
        f"All {len(open_):,} without an answer on this page are right as they are",
        key=f"{tab.name}-confirm-page",
        icon=":material/done_all:",
        disabled=not open_,
        on_click=_confirm_all,
        args=(tab, open_),
    )


def _answer_and_advance(
    tab: TabState, found: Found, kind: str, advance: Callable[[], None]
) -> None:
    tab.answer(found, kind)
    advance()


def _confirm_all(tab: TabState, page: Sequence[Found]) -> None:
    for found in page:
        _confirm(tab, found, answer_key(tab, found))


def _table(tab: TabState, suffix: str) -> bytes:
    return export.answers_table(tab.answered(), suffix)


def _ask_for_session(tab: TabState) -> None:
    with st.expander("Open a saved session"):
        generation = st.session_state.setdefault(f"{tab.name}-session-generation", 0)
        key = f"{tab.name}-session-{generation}"
        st.file_uploader(
            "Session file",
            type=["json"],
            key=key,
            on_change=_reopen,
            args=(tab, key),
            help="Gives its answers to the pictures at hand, and to those that are found later.",
        )
        said = st.session_state.get(f"{tab.name}-session-said")
        if said:
            st.info(said)


def _reopen(tab: TabState, key: str) -> None:
    upload = st.session_state.get(key)
    if upload is None:
        return
    try:
        content = upload.read(judgements.LONGEST_FILE + 1)
        if len(content) > judgements.LONGEST_FILE:
            raise UsageError("the session file is too large")
        found = judgements.from_file(content)
    except UsageError as error:
        said = f"{str(error)[0].upper()}{str(error)[1:]}."
    else:
        known = tab.reopen(found)
        for number, kind in tab.corrections.items():
            st.session_state[f"{tab.name}-answer-{number}"] = kind
        said = f"Answers in the file: {len(found):,}; of pictures at hand: {known:,}."
    st.session_state[f"{tab.name}-session-said"] = said
    st.session_state[f"{tab.name}-session-generation"] += 1


def answer_key(tab: TabState, found: Found) -> str:
    """Key of the question below a picture."""
    return f"{tab.name}-answer-{found.number}"


def _choice_name(kind: str) -> str:
    return f"{words.label_name(KINDS[kind].label)}: {words.kind_name(kind)}"


def _take(tab: TabState, found: Found, key: str) -> None:
    kind = st.session_state.get(key)
    tab.answer(found, kind)


def _confirm(tab: TabState, found: Found, key: str) -> None:
    tab.answer(found, found.record.kind)
    st.session_state[key] = found.record.kind


def _forget(tab: TabState) -> None:
    tab.answers.clear()
    tab.awaited.clear()
    for key in list(st.session_state):
        if str(key).startswith(f"{tab.name}-answer-"):
            del st.session_state[key]
