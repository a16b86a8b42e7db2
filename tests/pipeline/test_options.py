"""What records depend on is compared before a scan goes on."""

from __future__ import annotations

from typing import Any

import pytest

from medsift.core.limits import Limits
from medsift.pipeline.options import ScanOptions
from medsift.sources.web.options import WebOptions

OTHERS: list[dict[str, Any]] = [
    {"model": "fast"},
    {"threshold": 0.77},
    {"tta": True},
    {"min_size": 100},
    {"pdf_pixels": "stored"},
    {"all_frames": True},
    {"by_series": True},
    {"group_bits": 4},
    {"dicom_tags": ["Modality"]},
    {"captions": False},
    {"panels": True},
    {"all_kinds": False},
    {"accept": "ct"},
    {"accept": "ct", "accept_threshold": 0.9},
    {"web": WebOptions(linked_pictures=True)},
    {"web": WebOptions(crawl=True)},
    {"web": WebOptions(crawl=True, max_depth=1)},
    {"web": WebOptions(max_pages=7)},
    {"web": WebOptions(ignore_robots=True)},
    {"web": WebOptions(allow_private=True)},
    {"web": WebOptions(ports=(443, 8443))},
    {"limits": Limits(seconds=9)},
    {"limits": Limits(pixels=10**6)},
    {"limits": Limits(memory_bytes=10**9)},
]


@pytest.fixture(scope="module")
def usual() -> dict[str, Any]:
    return ScanOptions().settings


@pytest.mark.parametrize("given", OTHERS, ids=str)
def test_what_changes_records_changes_the_settings(
    usual: dict[str, Any], given: dict[str, Any]
) -> None:
    assert ScanOptions(**given).settings != usual


@pytest.mark.parametrize(
    "given",
    [
        {"workers": 3},
        {"thumbnails": True},
        {"web": WebOptions(ports=(443, 80, 80))},
        {"web": WebOptions(delay=2.0)},
    ],
    ids=str,
)
def test_what_changes_none_does_not(usual: dict[str, Any], given: dict[str, Any]) -> None:
    assert ScanOptions(**given).settings == usual
