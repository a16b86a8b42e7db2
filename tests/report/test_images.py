from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import OutputError
from medsift.core.picture import Picture, Pixels, Provenance
from medsift.core.record import Record
from medsift.report.images import THUMBNAIL_SIDE, ImageSaver, extension_of, thumbnail


def pixels_of(width: int, height: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def found(
    data: bytes | None, image_format: str = "jpeg", sha256: str = "", seed: int = 0
) -> Picture:
    pixels = pixels_of(40, 30, seed)
    return Picture(
        where=Provenance("a.pdf"),
        pixels=pixels,
        width=40,
        height=30,
        format=image_format,
        color_mode="RGB",
        sha256=sha256 or hashlib.sha256(data or pixels.tobytes()).hexdigest(),
        data=data,
    )


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_original_bytes_are_saved_by_label_and_digest(tmp_path: Path) -> None:
    picture = found(b"\xff\xd8 original")
    path = ImageSaver(tmp_path / "new" / "out").save(picture, "medical")
    assert path == tmp_path / "new" / "out" / "medical" / f"{picture.sha256}.jpg"
    assert path.read_bytes() == b"\xff\xd8 original"


def test_pixels_without_bytes_of_their_own_become_png(tmp_path: Path) -> None:
    picture = found(None, "raw")
    path = ImageSaver(tmp_path).save(picture, "uncertain")
    assert path == tmp_path / "uncertain" / f"{picture.sha256}.png"
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), picture.pixels)


def test_the_same_picture_is_written_once(tmp_path: Path) -> None:
    saver = ImageSaver(tmp_path)
    first = saver.save(found(b"same"), "medical")
    assert first
    before = first.stat().st_mtime_ns, first.stat().st_ino
    assert saver.save(found(b"same"), "medical") == first
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == before
    assert len(files_in(tmp_path)) == 1


def test_a_picture_without_verdict_is_not_saved(tmp_path: Path) -> None:
    assert ImageSaver(tmp_path).save(found(b"x"), "") is None
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("label", ["../medical", "medical/..", "/tmp", "other"])
def test_no_label_leads_out_of_the_folder(tmp_path: Path, label: str) -> None:
    assert ImageSaver(tmp_path / "in").save(found(b"x"), label) is None
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("sha256", ["../../x", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_no_digest_leads_out_of_the_folder(tmp_path: Path, sha256: str) -> None:
    assert ImageSaver(tmp_path / "in").save(found(b"x", sha256=sha256), "medical") is None
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    ("image_format", "extension"),
    [
        ("jpeg", "jpg"),
        ("JPEG", "jpg"),
        ("png", "png"),
        ("tiff", "tif"),
        ("jpeg2000", "jp2"),
        ("webp", "webp"),
        ("", "bin"),
        ("../../etc/passwd", "bin"),
        ("a b", "bin"),
        ("x\x00", "bin"),
        ("verylongformat", "bin"),
        ("png\n", "bin"),
    ],
)
def test_extensions_follow_the_format_and_are_safe(image_format: str, extension: str) -> None:
    assert extension_of(image_format) == extension


def test_a_failed_save_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_up(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fill_up)
    with pytest.raises(OutputError, match=r"png: No space left on device$"):
        ImageSaver(tmp_path).save(found(None), "medical")
    with pytest.raises(OutputError, match=r"a\.png: No space left on device$"):
        ImageSaver(tmp_path, "{stem}").saved(found(None), Record("a.pdf", label="medical"))
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot save"):
        ImageSaver(tmp_path / "file").save(found(b"x"), "medical")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((400, 200), (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2)),
        ((30, 50), (30, 50)),
        ((1, 5000), (1, THUMBNAIL_SIDE)),
        ((1, 1), (1, 1)),
    ],
)
def test_thumbnails_fit_a_small_square_and_keep_their_shape(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(thumbnail(pixels_of(*size)))) as image:
        assert image.size == expected
        assert image.format == "WEBP"


def test_a_thumbnail_looks_like_the_picture() -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[:, 150:] = (250, 30, 60)
    with Image.open(io.BytesIO(thumbnail(pixels))) as image:
        small = np.asarray(image.convert("RGB"), dtype=int)
    assert abs(small[64, 10] - (0, 0, 0)).max() < 16
    assert abs(small[64, 110] - (250, 30, 60)).max() < 16


NAMES = "{stem}-p{page}-{index}-{kind}"


def recorded(picture: Picture, label: str = "medical", **fields: Any) -> Record:
    return Record("a.pdf", sha256=picture.sha256, label=label, kind="ct", page=2, **fields)


def test_a_record_says_where_its_picture_was_saved(tmp_path: Path) -> None:
    picture = found(b"original")
    record = ImageSaver(tmp_path).saved(picture, recorded(picture))
    assert record.saved_as == f"medical/{picture.sha256}.jpg"
    assert (tmp_path / record.saved_as).read_bytes() == b"original"


def test_pictures_have_names_that_people_can_read(tmp_path: Path) -> None:
    picture = found(b"original")
    record = ImageSaver(tmp_path, NAMES).saved(picture, recorded(picture, index=5))
    assert record.saved_as == "medical/a-p2-5-ct.jpg"
    assert files_in(tmp_path) == [record.saved_as]


def test_different_pictures_of_one_name_are_both_kept(tmp_path: Path) -> None:
    one, other = found(b"one"), found(b"other")
    names = [
        ImageSaver(tmp_path, "{stem}").saved(picture, recorded(picture)).saved_as
        for picture in (one, other, one)
    ]
    assert names == ["medical/a.jpg", "medical/a-2.jpg", "medical/a.jpg"]
    assert (tmp_path / names[1]).read_bytes() == b"other"


def test_copies_within_a_source_share_a_file(tmp_path: Path) -> None:
    picture = found(b"logo")
    saver = ImageSaver(tmp_path, NAMES)
    names = [saver.saved(picture, recorded(picture, index=index)).saved_as for index in (1, 2)]
    assert names == ["medical/a-p2-1-ct.jpg"] * 2
    assert len(files_in(tmp_path)) == 1


def test_names_work_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("medsift.report.images.os.link", refuse)
    for data in (b"one", b"other"):
        picture = found(data)
        ImageSaver(tmp_path, "{stem}").saved(picture, recorded(picture))
    assert files_in(tmp_path) == ["medical/a-2.jpg", "medical/a.jpg"]


def test_only_pictures_of_chosen_labels_are_saved(tmp_path: Path) -> None:
    saver = ImageSaver(tmp_path, labels=("medical",))
    picture = found(b"logo")
    assert saver.saved(picture, recorded(picture, "non_medical")).saved_as == ""
    assert files_in(tmp_path) == []
