"""The services' manifests: short, and consistent with the code."""

from typing import Any

import pytest
import yaml

from tests.services.processes import SERVICES

NAMES = ["user", "product", "order", "gateway"]


def manifest(service: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((SERVICES / service / "microservice.yaml").read_text())
    return parsed


@pytest.mark.parametrize("service", NAMES)
def test_a_service_is_declared_in_25_lines(service: str) -> None:
    assert len((SERVICES / service / "microservice.yaml").read_text().splitlines()) <= 25
    declared = manifest(service)
    assert (declared["apiVersion"], declared["kind"]) == ("microservice-operator.dev/v1alpha1", "Microservice")
    assert declared["metadata"] == {"name": service, "namespace": "shop"}
    assert declared["spec"]["image"] == f"microservice-operator/{service}:dev"


@pytest.mark.parametrize("caller", NAMES)
def test_every_dependency_allows_its_caller(caller: str) -> None:
    for dependency in manifest(caller)["spec"].get("dependencies", []):
        callee = manifest(dependency["name"])
        assert {"microservice": caller} in callee["spec"]["access"]["from"]


@pytest.mark.parametrize("service", NAMES)
def test_every_service_with_a_database_has_migrations(service: str) -> None:
    databases = manifest(service)["spec"].get("databases", [])
    assert bool(databases) == (SERVICES / service / "alembic.ini").exists()


def test_service_folders_are_not_packages() -> None:
    """An ``__init__.py`` would make ``services`` a package, and its modules importable under two names."""
    assert not list(SERVICES.glob("__init__.py"))
    assert not list(SERVICES.glob("*/__init__.py"))
