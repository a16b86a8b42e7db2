"""Models are found by a bundled name, or by their folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.classify import Classifier, store
from medsift.core.errors import ModelError
from tests.classify.tiny_model import write_model


def test_a_bundled_name_is_never_a_folder_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "default")
    monkeypatch.chdir(tmp_path)
    assert store.find("default") == store.BUNDLED / "default"
    assert store.find("./default") != store.BUNDLED / "default"
    assert store.facts(store.find("./default"))["name"] == "tiny"


def test_a_path_is_a_folder_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "fast")
    monkeypatch.chdir(tmp_path)
    assert Classifier(Path("fast")).name == "tiny 1"
    assert Classifier("fast").name.startswith("fast ")


def test_a_folder_is_a_model_by_its_card(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "mine")
    assert store.find(str(folder)) == folder
    (folder / store.CARD_FILE).unlink()
    with pytest.raises(ModelError, match="neither a model folder nor bundled"):
        store.find(str(folder))


@pytest.mark.parametrize("name", ["../models/fast", "fast/", "FAST", ""])
def test_bundled_names_are_names_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="bundled: default, fast"):
        store.find(name)


def test_a_model_that_is_not_there_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        store.digest(tmp_path / "gone")
