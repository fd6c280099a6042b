"""The three contracts against the running services: whatever is sent, no error of ours and no answer that the contract
does not name.

Bounded and always the same: the examples are derived from the contract and not from chance. Schemathesis makes and
judges them; its own pytest collector is left out, which this version of pytest has outgrown.
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

NAMES = ("user", "product", "order")
# What a schema cannot say, so that a valid request may be refused all the same; every other check holds for them too.
MEANING = {
    "GET /users": "a cursor is opaque: only one that was handed out is one",
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
    excluded: list[Any] = [positive_data_acceptance] if operation.label in MEANING else []

    @EXAMPLES
    @given(case=operation.as_strategy())
    def keeps(case: Case[Any]) -> None:
        case.call_and_validate(base_url=url, excluded_checks=excluded)

    keeps()
