"""Where uploads lie while a request is answered."""

from __future__ import annotations

import re
from pathlib import Path

from medsift.server.metrics import Metrics
from medsift.server.uploads import RequestFolder, UploadQuota


def kept(folder: RequestFolder, *contents: bytes) -> list[Path]:
    paths = []
    for content in contents:
        path, file = folder.open()
        folder.write(file, content)
        folder.close(file)
        paths.append(path)
    return paths


def test_pages_of_one_request_do_not_lie_beside_the_files_of_another(tmp_path: Path) -> None:
    quota = UploadQuota(tmp_path, 100, Metrics())
    first, second = quota.new(pages=True), quota.new(pages=True)
    (one, two), (other,) = kept(first, b"1", b"2"), kept(second, b"3")
    assert one.parent == two.parent != other.parent
    first.remove()
    assert not one.parent.exists()
    assert other.read_bytes() == b"3"


def test_pictures_lie_together_under_names_that_nobody_can_guess(tmp_path: Path) -> None:
    quota = UploadQuota(tmp_path, 100, Metrics())
    folders = [quota.new(pages=False) for _ in range(2)]
    paths = [path for folder in folders for path in kept(folder, b"1", b"2")]
    assert len({path.parent for path in paths}) == 1
    assert len({path.name for path in paths}) == 4
    assert all(re.fullmatch(r"[0-9a-f]{32}", path.name) for path in paths)
    folders[0].remove()
    assert [path.exists() for path in paths] == [False, False, True, True]
    folders[1].remove()
    assert list(paths[0].parent.iterdir()) == []
    # And what they took is free again.
    quota.check(100)
