"""The files that others run the service with agree with the service."""

from __future__ import annotations

from typing import Any

import pytest

from medsift.cli.main import full_parser
from medsift.server.settings import Settings

from .running import ROOT

yaml = pytest.importorskip("yaml")


def container_of_compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found["services"]["medsift"]  # type: ignore[no-any-return]


def objects_of_kubernetes() -> dict[str, Any]:
    text = (ROOT / "docs" / "how-to" / "kubernetes.yaml").read_text()
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def container_of_kubernetes() -> dict[str, Any]:
    pod = objects_of_kubernetes()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return container  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "words", [container_of_compose()["command"], container_of_kubernetes()["args"]]
)
def test_their_options_exist(words: list[str]) -> None:
    arguments = full_parser().parse_args(["serve", "--host", "0.0.0.0", *words])
    assert arguments.token_file is not None


def test_there_is_room_for_the_uploads_and_time_to_finish() -> None:
    compose, kubernetes = container_of_compose(), objects_of_kubernetes()
    assert "size=3g" in compose["tmpfs"][0]
    assert Settings().spool_bytes < 3 * 1024**3
    assert int(compose["stop_grace_period"].removesuffix("s")) > Settings().shutdown_seconds
    pod = kubernetes["Deployment"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > Settings().shutdown_seconds
    uploads = next(v for v in pod["volumes"] if v["name"] == "uploads")
    assert uploads["emptyDir"]["sizeLimit"] == "3Gi"


def test_neither_has_more_rights_than_it_needs() -> None:
    compose, container = container_of_compose(), container_of_kubernetes()
    assert compose["read_only"]
    assert compose["cap_drop"] == ["ALL"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert all(address.startswith("127.0.0.1:") for address in compose["ports"])


def test_both_are_bounded_and_watched() -> None:
    compose, container = container_of_compose(), container_of_kubernetes()
    assert {"mem_limit", "cpus", "pids_limit"} <= compose.keys()
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert "/readyz" in compose["healthcheck"]["test"][-1]
    probes = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("readiness", "liveness")
    }
    assert probes == {"readiness": "/readyz", "liveness": "/healthz"}
    (port,) = container["ports"]
    assert port["containerPort"] == 8000
    (own,) = objects_of_kubernetes()["Service"]["spec"]["ports"]
    assert own["targetPort"] == port["name"]
