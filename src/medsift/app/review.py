"""The review desk: people say what pictures really are, and take the answers with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from medsift.app import answers, export, words
from medsift.app.answers import Agreement
from medsift.app.desk import Found, Tray
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


def show_review(tray: Tray, found: Sequence[Found]) -> None:
    """Draw what concerns all corrections of a tray."""
    number = len(tray.answers)
    with st.container(border=True):
        st.markdown(
            "Choose the right answer below each picture, confirm the one it has, or look closer"
            " and answer by keys: **Y** right as it is, **M** medical, **N** not medical, **1** to"
            " **9** the most probable kinds, arrow keys for next and previous."
        )
        if number:
            st.html(f'<p role="status">{Agreement.of(tray.answered()).sentence}</p>')
        with st.container(horizontal=True, vertical_alignment="center"):
            _show_downloads(tray, found, number)
        _ask_for_session(tray)


def _show_downloads(tray: Tray, found: Sequence[Found], number: int) -> None:
    st.download_button(
        f"Download {number:,} answer{'' if number == 1 else 's'} (zip)",
        data=lambda: export.labelled_folder(found, tray.corrections, tray.desk),
        file_name="medsift-labelled.zip",
        mime="application/zip",
        key=f"{tray.name}-labelled",
        icon=":material/download:",
        width=_WIDE,
        on_click="ignore",
        disabled=not number,
    )
    with st.popover("Answers as a table", disabled=not number):
        for name, suffix, mime in _TABLES:
            st.download_button(
                f"Answers, {name}",
                data=partial(_table, tray, suffix),
                file_name=f"medsift-answers{suffix}",
                mime=mime,
                key=f"{tray.name}-answers{suffix}",
                on_click="ignore",
                width="stretch",
            )
    st.download_button(
        "Save session",
        data=lambda: answers.to_file(tray.answered()),
        file_name="medsift-session.json",
        mime="application/json",
        key=f"{tray.name}-session",
        icon=":material/save:",
        width=_NARROW,
        on_click="ignore",
        disabled=not number,
        help="Your answers, by the digests of the pictures and without them.",
    )
    st.button(
        "Forget all answers",
        key=f"{tray.name}-forget",
        disabled=not number,
        on_click=_forget,
        args=(tray,),
    )


def show_answer(tray: Tray, found: Found) -> None:
    """Draw the question below one picture."""
    key = answer_key(tray, found)
    # The tray knows: what the browser still shows may be older than an answer given by a key.
    st.session_state[key] = tray.corrections.get(found.number)
    st.selectbox(
        f"Right answer for {found.number}",
        _CHOICES,
        index=None,
        format_func=_choice_name,
        placeholder="What is it really?",
        key=key,
        label_visibility="collapsed",
        on_change=_take,
        args=(tray, found, key),
    )
    record = found.record
    if record.kind in KINDS and record.label == KINDS[record.kind].label:
        st.button(
            f"{found.number} is right as it is",
            key=f"{key}-confirm",
            icon=":material/check:",
            width="stretch",
            disabled=tray.corrections.get(found.number) == record.kind,
            on_click=_confirm,
            args=(tray, found, key),
        )


def show_keys(tray: Tray, found: Found, advance: Callable[[], None]) -> None:
    """Draw buttons, each with its key, that answer for one picture and go on to the next.

    Parameters
    ----------
    tray : Tray
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
    with st.container(horizontal=True, key=f"{tray.name}-keys", gap="small"):
        for key, text, kind in offers:
            st.button(
                text,
                # Of this picture: a key that is pressed too early never answers for the next one.
                key=f"{tray.name}-key-{key}-{found.number}",
                shortcut=key,
                on_click=_answer_and_advance,
                args=(tray, found, kind, advance),
            )


def show_confirm_page(tray: Tray, page: Sequence[Found]) -> None:
    """Draw a button that confirms the verdicts of all pictures of a page without an answer."""
    open_ = [
        each
        for each in page
        if each.number not in tray.answers
        and each.record.kind in KINDS
        and each.record.label == KINDS[each.record.kind].label
    ]
    st.button(
        f"All {len(open_):,} without an answer on this page are right as they are",
        key=f"{tray.name}-confirm-page",
        icon=":material/done_all:",
        disabled=not open_,
        on_click=_confirm_all,
        args=(tray, open_),
    )


def _answer_and_advance(tray: Tray, found: Found, kind: str, advance: Callable[[], None]) -> None:
    tray.answer(found, kind)
    advance()


def _confirm_all(tray: Tray, page: Sequence[Found]) -> None:
    for found in page:
        _confirm(tray, found, answer_key(tray, found))


def _table(tray: Tray, suffix: str) -> bytes:
    return export.answers_table(tray.answered(), suffix)


def _ask_for_session(tray: Tray) -> None:
    with st.expander("Open a saved session"):
        generation = st.session_state.setdefault(f"{tray.name}-session-generation", 0)
        key = f"{tray.name}-session-{generation}"
        st.file_uploader(
            "Session file",
            type=["json"],
            key=key,
            on_change=_reopen,
            args=(tray, key),
            help="Gives its answers to the pictures at hand, and to those that are found later.",
        )
        said = st.session_state.get(f"{tray.name}-session-said")
        if said:
            st.info(said)


def _reopen(tray: Tray, key: str) -> None:
    upload = st.session_state.get(key)
    if upload is None:
        return
    try:
        content = upload.read(answers.LONGEST_FILE + 1)
        if len(content) > answers.LONGEST_FILE:
            raise UsageError("the session file is too large")
        found = answers.from_file(content)
    except UsageError as error:
        said = f"{str(error)[0].upper()}{str(error)[1:]}."
    else:
        known = tray.reopen(found)
        for number, kind in tray.corrections.items():
            st.session_state[f"{tray.name}-answer-{number}"] = kind
        said = f"Answers in the file: {len(found):,}; of pictures at hand: {known:,}."
    st.session_state[f"{tray.name}-session-said"] = said
    st.session_state[f"{tray.name}-session-generation"] += 1


def answer_key(tray: Tray, found: Found) -> str:
    """Key of the question below a picture."""
    return f"{tray.name}-answer-{found.number}"


def _choice_name(kind: str) -> str:
    return f"{words.label_name(KINDS[kind].label)}: {words.kind_name(kind)}"


def _take(tray: Tray, found: Found, key: str) -> None:
    kind = st.session_state.get(key)
    tray.answer(found, kind)


def _confirm(tray: Tray, found: Found, key: str) -> None:
    tray.answer(found, found.record.kind)
    st.session_state[key] = found.record.kind


def _forget(tray: Tray) -> None:
    tray.answers.clear()
    tray.awaited.clear()
    for key in list(st.session_state):
        if str(key).startswith(f"{tray.name}-answer-"):
            del st.session_state[key]
