"""The session of a user: uploads are kept safely, and everything goes with the user."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.app.settings import AppSettings
from medsift.app.user_session import AppWorkers, UserSession, shown_name
from tests.app.samples import SHA, figure, found
from tests.samples import jpeg, picture


class File(io.BytesIO):
    def __init__(self, name: str, data: bytes = b"data") -> None:
        super().__init__(data)
        self.name = name


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSession]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    workers = AppWorkers(AppSettings(model="fast", workers=1))
    session = UserSession(workers)
    yield session
    session.close()
    workers.close()
    assert not list(tmp_path.glob("medsift-*"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\a.png", "a.png"),
        ("a\n\x1b[31mb.png", "a\ufffd\ufffd[31mb.png"),
        ("", "file"),
        ("/", "file"),
    ],
)
def test_names_are_shown_without_folders_and_control_characters(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.PDF", "upload.pdf"),
        ("../../x.png", "upload.png"),
        ("a.b/../../c", "upload"),
        ("a.$(rm)", "upload"),
        ("a.averylongsuffix", "upload"),
    ],
)
def test_an_uploads_name_never_becomes_a_path(session: UserSession, name: str, kept: str) -> None:
    path = session.keep(File(name))
    assert path.name == kept
    assert path.read_bytes() == b"data"
    assert path.parent.parent == session.folder / "uploads"


def test_uploads_lie_alone(session: UserSession) -> None:
    first, second = session.keep(File("page.html")), session.keep(File("secret.png"))
    assert first.parent != second.parent
    assert list(first.parent.iterdir()) == [first]


def test_two_users_share_nothing_but_the_workers(session: UserSession) -> None:
    other = UserSession(session.workers)
    assert other.folder != session.folder
    other.close()
    assert not other.folder.exists()
    assert session.folder.exists()


def test_files_are_examined_and_their_bytes_kept(session: UserSession) -> None:
    data = jpeg(picture(1))
    tab = session.tabs["images"]
    tab.add_files([File("a.jpg", data), File("b.txt", b"words")])
    (job,) = tab.jobs
    assert job.wait(60)
    found_now, problems = tab.snapshot()
    assert [each.record.source for each in found_now] == ["a.jpg"]
    assert [(record.source, record.reason) for record in problems] == [("b.txt", "unsupported")]
    path = session.saved(found_now[0].record)
    assert path is not None
    assert path.read_bytes() == data
    assert found_now[0].preview is not None
    assert job.share == 1.0


def test_results_are_in_the_order_of_the_inputs_and_numbered_on(session: UserSession) -> None:
    tab = session.tabs["images"]
    for round_ in range(2):
        tab.add_files([File(f"{i}.jpg", jpeg(picture(10 * round_ + i))) for i in range(3)])
        assert tab.jobs[-1].wait(60)
    found_now, _ = tab.snapshot()
    sources = [each.record.source for each in found_now]
    assert sources == ["0.jpg", "1.jpg", "2.jpg", "0 (2).jpg", "1 (2).jpg", "2 (2).jpg"]
    assert sorted(each.number for each in found_now) == [1, 2, 3, 4, 5, 6]


def test_what_comes_late_does_not_fill_a_cleared_tab(session: UserSession) -> None:
    tab = session.tabs["images"]
    tab.add_files([File("a.jpg", jpeg(picture(1)))])
    (job,) = tab.jobs
    tab.clear()
    assert job.wait(60)
    assert tab.snapshot() == ([], [])


def test_a_saved_picture_is_found_by_digest_only(session: UserSession) -> None:
    folder = session.images / "medical"
    folder.mkdir(parents=True)
    (folder / f"{SHA}.png").write_bytes(b"x")
    assert session.saved(found().record) == folder / f"{SHA}.png"
    assert session.saved(found(label="non_medical").record) is None


def test_panels_of_a_figure_belong_to_its_picture(session: UserSession) -> None:
    stream = io.BytesIO()
    figure().save(stream, "PNG")
    tab = session.tabs["images"]
    tab.add_files([File("one.jpg", jpeg(picture(1))), File("figure.png", stream.getvalue())])
    (job,) = tab.jobs
    assert job.wait(60)
    one, whole = tab.snapshot()[0]
    assert one.panels == ()
    assert (whole.record.panels, [p.panel for p in whole.panels]) == (2, [1, 2])
    assert all(panel.label for panel in whole.panels)
    assert [progress.pictures for progress in job.inputs] == [1, 1]
