"""Prints the metrics of one program as JSON: name of the series → its labels. Run it with the package's name.

A service gets a route and one request, because the metrics of requests exist only then.
"""

import importlib
import json
import pkgutil
import sys
from typing import Any

from prometheus_client import REGISTRY


def _import_all(package: str) -> None:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _answer_a_request(name: str) -> None:
    from fastapi import APIRouter  # noqa: PLC0415  (only services have it)
    from starlette.testclient import TestClient  # noqa: PLC0415

    from shop_shared.application import ServiceDefinition, build  # noqa: PLC0415
    from shop_shared.settings import ServiceSettings  # noqa: PLC0415

    async def probe() -> None:
        """Find everything in order."""

    service = ServiceDefinition(title=name, routes=APIRouter(), probe=probe)
    TestClient(build(ServiceSettings(service_name=name), service)).get("/unknown")


def _series() -> dict[str, list[str]]:
    for collector in list(REGISTRY._collector_to_names):
        if names := getattr(collector, "_labelnames", ()):
            labelled: Any = collector
            labelled.labels(*names)  # a metric without a value has no series yet
    found: dict[str, set[str]] = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return {name: sorted(labels) for name, labels in sorted(found.items())}


if __name__ == "__main__":
    [package] = sys.argv[1:]
    _import_all(package)
    if package.endswith("_service"):
        _answer_a_request(package.removesuffix("_service"))
    print(json.dumps(_series()))
