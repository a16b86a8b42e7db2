"""How the work goes on: a bar, a sentence, a button to stop, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from medsift.app import cards, words
from medsift.app.job import Progress, ScanJob
from medsift.app.user_session import TabState
from medsift.core.record import Record

_SHOWN_PROBLEMS = 5
_MOST_ASKED = 20
_MOST_LISTED = 200


def show_progress(tab: TabState) -> None:
    """Draw what a user wants to know of the work, next to where the inputs were given."""
    running = tab.running
    if running:
        share = sum(job.share * len(job.inputs) for job in running)
        share /= sum(len(job.inputs) for job in running)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.progress(share, text=_sentence(running))
            st.button("Stop", key=f"{tab.name}-stop", icon=":material/stop:", on_click=tab.stop)
        inputs = [each for job in running for each in job.inputs]
        if len(inputs) > 1:
            with st.expander("File by file"):
                st.html(cards.started(_by_file(inputs)))
    for fault in tab.faults:
        st.error("The scan ended early. Ask who runs this page to look at its terminal.")
        st.code(fault, language=None)
    stopped = sum(each.state == "stopped" for job in tab.jobs for each in job.inputs)
    if stopped and not running:
        text = "one input was" if stopped == 1 else f"{stopped:,} inputs were"
        st.warning(f"Stopped: {text} not finished. What was found until then is shown.")
    _show_locked(tab)
    _show_problems([each for each in tab.snapshot()[1] if not words.wants_password(each)])


def _sentence(running: Sequence[ScanJob]) -> str:
    inputs = [each for job in running for each in job.inputs]
    done = sum(job.done for job in running)
    pictures = sum(each.pictures for each in inputs)
    found = f"{pictures:,} picture{'' if pictures == 1 else 's'} found"
    if len(inputs) == 1:
        return f"{_place(inputs[0])}, {found}"
    pages = [_place(each) for each in inputs if each.state == "working" and each.pages]
    return ", ".join([f"{done:,} of {len(inputs):,} done", *pages[:1], found])


def _by_file(inputs: Sequence[Progress]) -> list[tuple[str, str]]:
    """Names with states: those at work first, and of very many only some."""
    order = {"working": 0, "waiting": 1, "stopped": 2, "done": 3}
    rows = []
    for each in sorted(inputs, key=lambda each: order[each.state])[:_MOST_LISTED]:
        found = f"{each.pictures:,} picture{'' if each.pictures == 1 else 's'}"
        at_work = f"{_place(each)}, {found}"
        state = {"working": at_work, "waiting": "Waiting", "stopped": f"Stopped, {found}"}
        rows.append((each.item.source, state.get(each.state, f"Done, {found}")))
    return rows


def _place(progress: Progress) -> str:
    if progress.state == "waiting":
        return "Waiting for a free worker"
    if progress.pages:
        return f"Page {progress.page or 1:,} of {progress.pages:,}"
    return f"Page {progress.page:,}" if progress.page else "Working"


def _show_locked(tab: TabState) -> None:
    """Ask for the password of each input that needs one, next to what is said of it."""
    for position, (progress, records) in enumerate(tab.locked()):
        with st.container(border=True):
            st.html(cards.problems(records[:_SHOWN_PROBLEMS]))
            # Work that goes on would mix with that of the second try.
            if progress.state in ("done", "stopped") and position < _MOST_ASKED:
                _ask_for_password(tab, progress)


def _ask_for_password(tab: TabState, progress: Progress) -> None:
    key = f"{tab.name}-unlock-{progress.number}"
    with (
        st.form(key, clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        password = st.text_input(
            f"Password for {words.plain(progress.item.source)}",
            type="password",
            max_chars=200,
            key=f"{key}-text",
            width=420,
        )
        asked = st.form_submit_button("Open", icon=":material/lock_open:")
    if asked and password:
        tab.unlock(progress, password)
        st.rerun()


def _show_problems(problems: Sequence[Record]) -> None:
    failed = [record for record in problems if record.status == "failed" or _is_whole(record)]
    left_out = [record for record in problems if record not in failed]
    if failed:
        first, more = failed[:_SHOWN_PROBLEMS], failed[_SHOWN_PROBLEMS:]
        with st.container(border=True):
            number = len(failed)
            text = "One input or picture" if number == 1 else f"{number:,} inputs or pictures"
            st.markdown(f":material/error: **{text} gave no result**")
            st.html(cards.problems(first))
            if more:
                with st.expander(f"{len(more):,} more"):
                    st.html(cards.problems(more[:500]))
    if left_out:
        with st.expander(f"{len(left_out):,} left out on purpose: too small, blank and the like"):
            st.html(cards.problems(left_out[:500]))


def _is_whole(record: Record) -> bool:
    """Whether nothing at all came of an input that the user named."""
    return record.reason in ("unsupported", "no_image") and not record.member
