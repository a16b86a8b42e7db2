"""The page, driven by Streamlit's own tests; pictures are examined by real workers."""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from medsift.app import session_store
from medsift.app.judgements import Judgement, to_file
from medsift.app.page import checked_url
from medsift.core.record import Record
from tests.samples import dicom_file, jpeg, locked, picture, write_pdf

SECONDS = 120
"""Generous: the machine may be busy."""


def _script() -> None:
    from medsift.app.page import show
    from medsift.app.settings import AppSettings

    show(AppSettings(model="fast", workers=1))


def _leave() -> None:
    from medsift.app.page import own_session

    own_session.clear()


@pytest.fixture(scope="module")
def workers() -> Iterator[None]:
    """The workers that all tests share, as all users do."""
    yield
    streamlit.cache_resource.clear()


@pytest.fixture
def app(
    workers: None,  # noqa: ARG001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[AppTest]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(session_store, "KEEP_SECONDS", 0.0)
    yield AppTest.from_function(_script, default_timeout=SECONDS).run()
    # All tests count as the same session, so its session is closed by hand.
    AppTest.from_function(_leave).run()


def settle(app: AppTest) -> None:
    """Run the script anew until its work is done, as the page does by itself."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        app.run()
        assert not app.exception
        if not any(button.label == "Stop" for button in app.button):
            return
        time.sleep(0.1)
    pytest.fail("the work did not end")


def upload(app: AppTest, *files: tuple[str, bytes]) -> None:
    given = [(name, data, "application/octet-stream") for name, data in files]
    app.file_uploader[0].set_value(given).run()
    settle(app)


def open_tab(app: AppTest, name: str) -> None:
    app.session_state["tab"] = name
    app.run()


def html(app: AppTest) -> str:
    return "\n".join(str(each.value) for each in app.html)


def cards(app: AppTest) -> int:
    return html(app).count('class="ms-frame"')


def show_all(app: AppTest, tab: str = "images") -> None:
    """Show the uncertain ones as well; the switch is off limits where there are none."""
    switch = app.toggle(key=f"{tab}-uncertain")
    if not switch.disabled:
        switch.set_value(True).run()


def test_an_empty_page_asks_for_input_and_shows_no_results(app: AppTest) -> None:
    assert not app.exception
    assert app.title[0].value == "medsift"
    assert [tab.label for tab in app.tabs] == ["Images", "PDF and documents", "Web address"]
    assert not app.header
    assert len(app.sidebar) == 0


def test_uploads_become_cards_with_counts(app: AppTest) -> None:
    scan = dicom_file("MR_small.dcm").read_bytes()
    upload(app, ("one.jpg", jpeg(picture(1))), ("slice.dcm", scan))
    show_all(app)
    assert app.header[0].value == "Results"
    assert "<strong>2</strong> pictures" in html(app)
    assert cards(app) == 2
    assert "one.jpg" in html(app)
    assert "slice.dcm" in html(app)


def test_what_cannot_be_read_is_told_in_words_with_its_name(app: AppTest) -> None:
    upload(app, ("broken.pdf", b"%PDF-1.7\nnothing of use"), ("notes.txt", b"plain words"))
    assert "<strong>broken.pdf</strong>: It is damaged or incomplete." in html(app)
    assert "<strong>notes.txt</strong>: medsift does not read this type of file." in html(app)
    assert not app.header


def test_hostile_names_are_shown_as_text(app: AppTest) -> None:
    upload(app, ("<img src=x onerror=alert(1)>.jpg", jpeg(picture(2))))
    show_all(app)
    assert "<img src=x" not in html(app)
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in html(app)


def test_pictures_of_a_pdf_tell_their_page_and_are_shown_on_it(
    app: AppTest, tmp_path: Path
) -> None:
    write_pdf(tmp_path / "paper.pdf", [picture(3), picture(4)])
    open_tab(app, "PDF and documents")
    upload(app, ("paper.pdf", (tmp_path / "paper.pdf").read_bytes()))
    show_all(app, "documents")
    assert "page 2, image 1" in html(app)
    app.button(key="documents-open-2").click().run()
    assert not app.exception
    view = app.segmented_control(key="documents-view-2")
    assert view.options[:2] == ["Page 2", "Picture"]
    assert 'alt="Page 2 of paper.pdf, with a frame around picture 2"' in html(app)


def test_filters_choose_what_is_shown(app: AppTest) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))), ("two.jpg", jpeg(picture(2))))
    show_all(app)
    app.text_input(key="images-search").set_value("TWO").run()
    assert cards(app) == 1
    assert "two.jpg" in html(app)
    app.text_input(key="images-search").set_value("nothing has this name").run()
    assert cards(app) == 0
    assert app.info[0].value.startswith("No picture matches")


def test_names_to_choose_from_stay_while_results_come(app: AppTest) -> None:
    def names() -> set[str]:
        labels, kinds = app.segmented_control[0], app.multiselect(key="images-kinds")
        return {*labels.options, *kinds.options}

    upload(app, ("one.jpg", jpeg(picture(1))))
    show_all(app)
    first = names()
    assert len(first) > 2
    upload(app, ("one.jpg", jpeg(picture(1))), ("two.jpg", jpeg(picture(1, (48, 40)))))
    show_all(app)
    assert first <= names()


def test_many_pictures_come_in_pages(app: AppTest) -> None:
    files = [(f"{i:02}.jpg", jpeg(picture(i, (48, 40)))) for i in range(30)]
    upload(app, *files)
    show_all(app)
    assert cards(app) == 24
    app.pagination[0].set_value(2).run()
    assert not app.exception
    assert cards(app) == 6


def test_answers_are_kept_and_can_be_taken_back(app: AppTest) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))))
    show_all(app)
    app.toggle(key="images-review").set_value(True).run()
    app.selectbox(key="images-answer-1").set_value("ct").run()
    assert "You: Medical: CT" in html(app)
    assert app.download_button(key="images-labelled").label == "Download 1 answer (zip)"
    app.button(key="images-forget").click().run()
    assert "You: " not in html(app)
    assert app.selectbox(key="images-answer-1").value is None


def test_an_answer_survives_turning_the_page_and_closing_the_desk(app: AppTest) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))))
    show_all(app)
    app.toggle(key="images-review").set_value(True).run()
    app.selectbox(key="images-answer-1").set_value("chart").run()
    app.toggle(key="images-review").set_value(False).run()
    app.toggle(key="images-review").set_value(True).run()
    assert app.selectbox(key="images-answer-1").value == "chart"


def test_closing_the_session_removes_its_files(app: AppTest, tmp_path: Path) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))))
    assert len(list(tmp_path.glob("medsift-*/uploads/1/upload.jpg"))) == 1
    AppTest.from_function(_leave).run()
    assert not list(tmp_path.glob("medsift-*/uploads"))


def test_results_can_be_cleared(app: AppTest) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))))
    app.button(key="images-clear").click().run()
    assert not app.header
    assert cards(app) == 0


def test_same_names_are_told_apart(app: AppTest) -> None:
    upload(app, ("a.jpg", jpeg(picture(1))), ("a.jpg", jpeg(picture(2))))
    show_all(app)
    assert "a (2).jpg" in html(app)


def test_a_private_address_is_refused_in_words(app: AppTest) -> None:
    open_tab(app, "Web address")
    app.text_input(key="url-text").set_value("http://127.0.0.1/secret.png")
    app.button[0].click().run()
    settle(app)
    assert "<strong>http://127.0.0.1/secret.png</strong>: It could not be fetched." in html(app)


def test_what_is_no_address_is_refused_at_once(app: AppTest) -> None:
    open_tab(app, "Web address")
    app.text_input(key="url-text").set_value("file:///etc/passwd")
    app.button[0].click().run()
    assert (
        app.error[0].value == "That is no web address. One looks like https://example.org/article"
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" https://example.org/a ", "https://example.org/a"),
        ("example.org/a", "https://example.org/a"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("", ""),
        ("two words", ""),
        ("ftp://example.org/a", ""),
        ("http://[::1", ""),
        ("javascript:alert(1)", "https://javascript:alert(1)"),
    ],
)
def test_addresses_are_completed_or_refused(text: str, address: str) -> None:
    checked, complaint = checked_url(text)
    assert checked == address
    assert bool(complaint) == (not address)


def give_password(app: AppTest, password: str) -> None:
    (field,) = (each for each in app.text_input if each.label.startswith("Password for"))
    field.set_value(password)
    (button,) = (each for each in app.button if each.label == "Open")
    button.click().run()
    settle(app)


def test_a_locked_pdf_asks_for_its_password_until_it_fits(app: AppTest, tmp_path: Path) -> None:
    write_pdf(tmp_path / "plain.pdf", [picture(1), picture(2)])
    open_tab(app, "PDF and documents")
    upload(app, ("my_*scan*.pdf", locked(tmp_path / "plain.pdf", "open sesame")))
    assert "It is protected by a password." in html(app)
    (field,) = (each for each in app.text_input if each.label.startswith("Password for"))
    assert field.label == r"Password for my_\*scan\*.pdf"
    assert not app.header

    give_password(app, "wrong")
    assert "The given password does not open it" in html(app)
    give_password(app, "open sesame")
    show_all(app, "documents")
    assert cards(app) == 2
    assert "protected" not in html(app)
    assert not [each for each in app.text_input if each.label.startswith("Password for")]
    assert "open sesame" not in str(app.session_state)
    # The page is drawn with the same password.
    app.button(key="documents-open-1").click().run()
    assert "Page 1 of my_*scan*.pdf, with a frame around picture 1" in html(app)


def test_what_was_found_beside_a_locked_pdf_is_not_found_twice(
    app: AppTest, tmp_path: Path
) -> None:
    write_pdf(tmp_path / "plain.pdf", [picture(1)])
    write_pdf(tmp_path / "other.pdf", [picture(2)])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.write(tmp_path / "plain.pdf", "files/plain.pdf")
        archive.writestr("files/locked.pdf", locked(tmp_path / "other.pdf", "sesame"))
    open_tab(app, "PDF and documents")
    upload(app, ("both.zip", stream.getvalue()))
    show_all(app, "documents")
    assert cards(app) == 1
    give_password(app, "sesame")
    show_all(app, "documents")
    assert cards(app) == 2
    # Pages of documents inside an archive are shown too.
    app.button(key="documents-open-3").click().run()
    assert "Page 1 of both.zip, with a frame around picture 3" in html(app)
    assert "cannot be drawn" not in str([each.value for each in app.warning])


def test_a_closer_look_tells_the_verdict_first(app: AppTest) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))), ("two.jpg", jpeg(picture(2))))
    show_all(app)
    app.button(key="images-open-1").click().run()
    assert not app.exception
    assert "<strong>Picture 1</strong>" in html(app)
    assert "1 of 2" in html(app)
    assert app.button(key="images-look-Previous").disabled
    assert not app.button(key="images-look-Next").disabled


def test_who_corrects_sees_uncertain_ones_and_confirms_a_page_at_once(app: AppTest) -> None:
    upload(app, *((f"{n}.jpg", jpeg(picture(n))) for n in range(4)))
    app.toggle(key="images-review").set_value(True).run()
    assert cards(app) == 4
    open_ = sum(button.label.endswith("is right as it is") for button in app.button)
    assert open_ > 0
    app.button(key="images-confirm-page").click().run()
    assert not app.exception
    assert html(app).count("You: ") == open_
    assert f"{open_} of {open_} verdicts agree with you" in html(app)
    assert app.button(key="images-confirm-page").disabled


def test_answers_can_be_given_one_by_one(app: AppTest) -> None:
    upload(app, ("one.jpg", jpeg(picture(1))))
    app.toggle(key="images-review").set_value(True).run()
    app.button(key="images-one-by-one").click().run()
    assert not app.exception
    keys = [button.key for button in app.button if str(button.key).startswith("images-key-")]
    assert {"images-key-M-1", "images-key-N-1", "images-key-1-1"} <= set(map(str, keys))


def test_a_session_is_opened_again(app: AppTest) -> None:
    content = jpeg(picture(1))
    record = Record("x", sha256=hashlib.sha256(content).hexdigest())
    session = to_file([(record, Judgement.now("fundus"))])
    upload(app, ("one.jpg", content), ("two.jpg", jpeg(picture(2))))
    app.toggle(key="images-review").set_value(True).run()
    given = [("session.json", session, "application/json")]
    app.file_uploader(key="images-session-0").set_value(given).run()
    assert not app.exception
    assert html(app).count("You: Medical: Fundus") == 1
    assert "Answers in the file: 1; of pictures at hand: 1." in [each.value for each in app.info]
    # Of a picture that comes later, too.
    app.button(key="images-forget").click().run()
    app.file_uploader(key="images-session-1").set_value([("x.json", b"{}", "text/json")]).run()
    assert any("no session file" in str(each.value) for each in app.info)


def test_a_sample_shows_what_it_does(app: AppTest) -> None:
    app.button(key="images-sample").click().run()
    settle(app)
    show_all(app)
    assert cards(app) == 3
    assert not any(str(button.key) == "images-sample" for button in app.button)
