"""The page: a tab for each sort of input, each with its own results."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from medsift.app import cards, words
from medsift.app.progress import show_progress
from medsift.app.results import show_results
from medsift.app.session_store import Owner, SessionLease, SessionStore
from medsift.app.settings import AppSettings
from medsift.app.user_session import AppWorkers, TabState

_POLL_SECONDS = 1.0
_NAME = "session"

_PRIVATE = (
    "<li>Nothing leaves the computer that runs this page; what you give is removed from it some"
    " minutes after you close the page.</li>"
)
_START = {
    "images": '<ul class="ms-start"><li>Drop pictures above, or a zip of folders with them: each'
    " is told medical or not, with its kind.</li><li>Then look closer, correct what is wrong, and"
    f" take results with you as CSV, JSONL or Parquet.</li>{_PRIVATE}</ul>",
    "documents": '<ul class="ms-start"><li>Drop PDF, Word, PowerPoint, Excel, EPUB, saved pages,'
    " mail or archives above: every picture in them is found, with its page and place.</li>"
    f"<li>Scanned pages and vector figures count, too.</li>{_PRIVATE}</ul>",
    "url": '<ul class="ms-start"><li>Give the address of a page, an image or a document: its'
    " pictures are fetched politely, and not those of private networks.</li></ul>",
}


def show(settings: AppSettings) -> None:
    """Draw the page, and answer what its user did last."""
    st.set_page_config(
        page_title="medsift", page_icon="\N{LEFT-POINTING MAGNIFYING GLASS}", layout="wide"
    )
    st.html(cards.STYLE)
    session = own_session(settings, _own_name(settings)).session
    st.title("medsift", anchor=False)
    st.markdown(
        "Finds the medical images in anything. Files stay on the computer that runs this page."
        " It is no diagnostic device: it says that a picture is an X-ray, not what it shows."
    )
    drawn = st.tabs(list(words.TABS.values()), on_change="rerun", key="tab")
    for (name, _), here in zip(words.TABS.items(), drawn, strict=True):
        # Only the open tab is drawn; the others go on with their work all the same.
        if here.open:
            with here:
                _show_tab(session.tabs[name])


@st.cache_resource(show_spinner=False, on_release=AppWorkers.close)
def _workers(settings: AppSettings) -> AppWorkers:
    """The workers of all users, each with the model loaded once."""
    return AppWorkers(settings)


@st.cache_resource(show_spinner=False, on_release=SessionStore.close)
def _store(settings: AppSettings) -> SessionStore:
    """What all users have open."""
    return SessionStore(_workers(settings))


@st.cache_resource(show_spinner=False, scope="session", on_release=SessionLease.leave)
def own_session(settings: AppSettings, name: str) -> SessionLease:
    """What this user has open; kept for a while when the browser leaves."""
    return _store(settings).connect(name, _owner())


def _own_name(settings: AppSettings) -> str:
    """The name of this user's session: of the address, if it is this user's, or a new one."""
    known = st.session_state.get(_NAME)
    if known is None:
        given = st.query_params.get(_NAME, "")
        known = given if _store(settings).known(given, _owner()) else secrets.token_urlsafe(16)
        st.session_state[_NAME] = known
    if st.query_params.get(_NAME) != known:
        st.query_params[_NAME] = known
    return str(known)


def _owner() -> Owner:
    return st.context.ip_address or "", st.context.headers.get("User-Agent") or ""


def _show_tab(tab: TabState) -> None:
    if tab.name == "url":
        _ask_for_url(tab)
    else:
        _ask_for_files(tab)
    if not tab.jobs:
        _show_start(tab)
    running = bool(tab.running)
    # While work goes on, the fragment is drawn anew every second; the rest of the page is not.
    every = _POLL_SECONDS if running else None
    st.fragment(_follow, run_every=every)(tab, running)


def _show_start(tab: TabState) -> None:
    """What to do first, where nothing was done yet."""
    st.html(_START[tab.name])
    if tab.name != "url":
        st.button(
            "Try it with a sample",
            key=f"{tab.name}-sample",
            icon=":material/play_arrow:",
            on_click=_try_sample,
            args=(tab,),
            help="Two scans and a chart, which come with the program.",
        )


def _try_sample(tab: TabState) -> None:
    from medsift.app.sample import sample

    tab.add_files([sample()])


def _follow(tab: TabState, was_running: bool) -> None:
    # In containers that are always there: what comes and goes in one does not move the other.
    with st.container():
        show_progress(tab)
    with st.container():
        show_results(tab)
    if was_running and not tab.running:
        st.rerun()


def _ask_for_files(tab: TabState) -> None:
    generation = st.session_state.setdefault(f"{tab.name}-generation", 0)
    key = f"{tab.name}-files-{generation}"
    label, help_text = {
        "images": (
            "Image files, or a zip of folders with them",
            "JPEG, PNG, TIFF, WebP, HEIC, DICOM, NIfTI and others. They are examined at once.",
        ),
        "documents": (
            "PDF, Word, PowerPoint, Excel, EPUB, saved pages, mail or archives",
            "Every picture in them is taken out and examined. The work begins at once.",
        ),
    }[tab.name]
    st.file_uploader(
        label,
        accept_multiple_files=True,
        key=key,
        help=help_text,
        on_change=_take_files,
        args=(tab, key),
    )


def _take_files(tab: TabState, key: str) -> None:
    uploads: Sequence[Any] = st.session_state.get(key) or ()
    if uploads:
        tab.add_files(uploads)
        # A new key makes an empty uploader, so that the uploads do not stay in memory as well.
        st.session_state[f"{tab.name}-generation"] += 1


def _ask_for_url(tab: TabState) -> None:
    with st.form("url-form", border=False):
        url = st.text_input(
            "Address of a web page, an image or a document",
            placeholder="https://example.org/article",
            key="url-text",
            max_chars=2000,
        )
        asked = st.form_submit_button("Find the medical images", type="primary")
    if asked:
        address, complaint = checked_url(url)
        if complaint:
            st.error(complaint)
        else:
            tab.add_url(address)


def checked_url(text: str) -> tuple[str, str]:
    """An address that can be fetched, or a sentence that says what is wrong with it."""
    text = text.strip()
    if not text:
        return "", "Type or paste a web address first."
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or any(char.isspace() for char in text):
        return "", "That is no web address. One looks like https://example.org/article"
    if parts.scheme not in ("http", "https"):
        return "", "Only addresses that begin with https:// or http:// can be fetched."
    return text, ""
