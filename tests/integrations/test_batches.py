"""Verdicts as columns of batches, in the shapes of Ray Data and datasets."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medsift.integrations import Annotate
from tests.classify.tiny_model import write_model

RED = np.full((40, 40, 3), (255, 0, 0), dtype=np.uint8)
BLUE = np.full((40, 40, 3), (0, 0, 255), dtype=np.uint8)


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def annotate(tmp_path: Path) -> Annotate:
    return Annotate("picture", str(write_model(tmp_path / "model")))


def test_pictures_in_any_form_get_their_verdicts(annotate: Annotate, tmp_path: Path) -> None:
    (tmp_path / "blue.png").write_bytes(_png(BLUE))
    pictures = [
        Image.fromarray(RED),
        BLUE,
        _png(RED),
        str(tmp_path / "blue.png"),
        {"bytes": _png(RED), "path": None},
        {"bytes": None, "path": str(tmp_path / "blue.png")},
    ]
    batch = annotate({"picture": pictures, "id": list(range(6))})
    assert batch["medsift_kind"] == ["ct", "photo"] * 3
    assert batch["medsift_label"] == ["medical", "non_medical"] * 3
    assert batch["medsift_dicom_modality"] == ["CT", ""] * 3
    assert batch["id"] == list(range(6))
    assert batch["picture"] is pictures


def test_what_cannot_be_read_says_why_and_stops_nothing(annotate: Annotate) -> None:
    batch = annotate({"picture": [b"no picture", None, _png(RED)]})
    assert batch["medsift_error"][0].startswith("undecodable") or batch["medsift_error"][0]
    assert batch["medsift_error"][1:] == ["unreadable: there is no picture", ""]
    assert batch["medsift_label"] == ["", "", "medical"]
    assert np.isnan(batch["medsift_p_medical"][0])


def test_arrays_give_arrays(annotate: Annotate) -> None:
    batch = annotate({"picture": np.stack([RED, BLUE])})
    assert isinstance(batch["medsift_p_medical"], np.ndarray)
    assert batch["medsift_kind"].tolist() == ["ct", "photo"]


def test_it_travels_to_other_processes_without_its_model(annotate: Annotate) -> None:
    before = pickle.dumps(annotate)
    annotate({"picture": [RED]})
    assert pickle.dumps(annotate) == before
    assert pickle.loads(before)({"picture": [RED]})["medsift_kind"] == ["ct"]


@pytest.mark.partners
def test_datasets_maps_it(annotate: Annotate, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"picture": datasets.Image()})
    rows = {"picture": [Image.fromarray(RED), Image.fromarray(BLUE)]}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    mapped = dataset.map(annotate, batched=True, cache_file_name=str(tmp_path / "cache.arrow"))
    assert mapped["medsift_kind"][:] == ["ct", "photo"]


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_data_maps_it(annotate: Annotate) -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=1, include_dashboard=False, ignore_reinit_error=True)
    try:
        rows = ray.data.from_items([{"picture": _png(RED)}, {"picture": _png(BLUE)}])
        found = rows.map_batches(annotate, batch_format="numpy").take_all()
        assert {row["medsift_kind"] for row in found} == {"ct", "photo"}
    finally:
        ray.shutdown()
