"""Tests the running services against their OpenAPI documents: no server errors, and no undocumented responses.

The examples are bounded and deterministic. Schemathesis generates and checks them; its pytest collector is not used,
because it does not support this version of pytest.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.services.customer import Shop
from tests.services.processes import SERVICES
from tests.services.tokens import staff

NAMES = ("user", "product", "order")
# Rules that a schema cannot express, so a valid request may be rejected. All other checks apply to these operations.
RULES_BEYOND_SCHEMA = {
    "GET /users": "a cursor is opaque: only a nextCursor of the service is valid",
    "GET /products": "the same",
    "GET /orders": "the same",
    "POST /orders": "the customer and the products must exist",
}
EXAMPLES = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def _operations() -> Iterator[Any]:
    for service in NAMES:
        whole = SERVICES / service / "openapi.internal.yaml"
        contract = schemathesis.openapi.from_path(whole if whole.exists() else SERVICES / service / "openapi.yaml")
        for found in contract.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            yield pytest.param(service, operation, id=f"{service} {operation.label}")


@pytest.mark.parametrize(("service", "operation"), list(_operations()))
def test_a_service_keeps_its_contract(service: str, operation: Any, shop: Shop) -> None:
    url = getattr(shop, service).url
    token = staff()
    excluded: list[Any] = [positive_data_acceptance] if operation.label in RULES_BEYOND_SCHEMA else []

    @EXAMPLES
    @given(case=operation.as_strategy())
    def keeps(case: Case[Any]) -> None:
        case.call_and_validate(base_url=url, excluded_checks=excluded, headers=token)

    keeps()
