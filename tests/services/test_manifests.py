"""The files that the operator gets: short, and in step with the code beside them."""

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
def test_who_is_called_has_agreed(caller: str) -> None:
    for dependency in manifest(caller)["spec"].get("dependencies", []):
        callee = manifest(dependency["name"])
        assert {"microservice": caller} in callee["spec"]["access"]["from"]


@pytest.mark.parametrize("service", NAMES)
def test_who_declares_a_database_brings_its_migrations(service: str) -> None:
    databases = manifest(service)["spec"].get("databases", [])
    assert bool(databases) == (SERVICES / service / "alembic.ini").exists()


def test_folders_that_hold_packages_are_none() -> None:
    """An ``__init__.py`` there would make ``services`` a package and its contents importable under two names."""
    assert not list(SERVICES.glob("__init__.py"))
    assert not list(SERVICES.glob("*/__init__.py"))
