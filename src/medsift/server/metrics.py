"""What Prometheus may ask for. Nothing in it tells what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from medsift.core.record import Record

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_BATCHES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Counters of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self.requests = Counter(
            "medsift_requests", "Requests answered.", labels, registry=self.registry
        )
        self.seconds = Histogram(
            "medsift_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.active = Gauge(
            "medsift_requests_active", "Requests that are worked on.", registry=self.registry
        )
        self.problems = Counter(
            "medsift_problems", "Problem answers, by code.", ("code",), registry=self.registry
        )
        self.body_bytes = Counter(
            "medsift_body_bytes", "Bytes of uploads received.", registry=self.registry
        )
        self.records = Counter(
            "medsift_records", "Records given.", ("status", "label"), registry=self.registry
        )
        self.batch = Histogram(
            "medsift_batch_inputs",
            "Small pictures handed to a worker at once.",
            buckets=_BATCHES,
            registry=self.registry,
        )
        self.losses = Counter(
            "medsift_worker_losses",
            "Tasks lost with their worker.",
            ("code",),
            registry=self.registry,
        )
        self.remembered = Counter(
            "medsift_files_remembered",
            "Files whose bytes came before, and were not judged again.",
            registry=self.registry,
        )
        self.spooled = Gauge(
            "medsift_spooled_bytes", "Bytes of uploads on disk now.", registry=self.registry
        )

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Report what waits for a worker."""
        gauge = Gauge("medsift_inputs_waiting", "Inputs without a worker.", registry=self.registry)
        gauge.set_function(waiting)

    def count(self, records: Iterable[Record]) -> None:
        """Count records that were given."""
        for record in records:
            self.records.labels(record.status, record.label or "none").inc()

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)
