"""What users get who ask for nothing."""

from __future__ import annotations

import dataclasses

from medsift.sources.web.options import DEFAULT_WEB_OPTIONS


def test_the_usual_options_stay_unless_somebody_means_to_change_them() -> None:
    # More is what sites, and whoever reads hostile ones, would have to bear.
    assert dataclasses.asdict(DEFAULT_WEB_OPTIONS) == {
        "allow_private": False,
        "ports": (80, 443),
        "ignore_robots": False,
        "ignore_tags": False,
        "linked_pictures": False,
        "crawl": False,
        "max_pages": 100,
        "max_depth": 3,
        "picture_bytes": 64 * 2**20,
        "document_bytes": 256 * 2**20,
        "connect_seconds": 10,
        "read_seconds": 20,
        "total_seconds": 120,
        "redirects": 5,
        "retries": 2,
        "concurrency": 8,
        "per_host": 4,
        "overall": 32,
        "delay": 0,
        "cache": None,
        "cache_bytes": 2**30,
        "hosts": None,
        "contact": "",
    }
