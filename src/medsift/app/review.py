"""The review desk: people say what pictures really are, and take the answers with them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from medsift.app import export, words
from medsift.app.desk import Found, Tray
from medsift.core.taxonomy import KINDS, TAXONOMY

_CHOICES = [kind.name for kind in TAXONOMY]


def show_review(tray: Tray, found: Sequence[Found]) -> None:
    """Draw what concerns all corrections of a tray."""
    number = len(tray.corrections)
    with st.container(border=True):
        st.markdown(
            "Choose the right answer below each picture, or confirm the one it has. The download"
            " is a labelled folder: unpack it and run `medsift train labelled -o my-model`."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                f"Download {number:,} answer{'' if number == 1 else 's'} (zip)",
                data=lambda: export.labelled_folder(found, tray.corrections, tray.desk),
                file_name="medsift-labelled.zip",
                mime="application/zip",
                key=f"{tray.name}-labelled",
                icon=":material/download:",
                on_click="ignore",
                disabled=not number,
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
    st.session_state.setdefault(key, tray.corrections.get(found.number))
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


def answer_key(tray: Tray, found: Found) -> str:
    """Key of the question below a picture."""
    return f"{tray.name}-answer-{found.number}"


def _choice_name(kind: str) -> str:
    return f"{words.label_name(KINDS[kind].label)}: {words.kind_name(kind)}"


def _take(tray: Tray, found: Found, key: str) -> None:
    kind = st.session_state.get(key)
    if kind is None:
        tray.corrections.pop(found.number, None)
    else:
        tray.corrections[found.number] = kind


def _confirm(tray: Tray, found: Found, key: str) -> None:
    tray.corrections[found.number] = st.session_state[key] = found.record.kind


def _forget(tray: Tray) -> None:
    tray.corrections.clear()
    for key in list(st.session_state):
        if str(key).startswith(f"{tray.name}-answer-"):
            del st.session_state[key]
