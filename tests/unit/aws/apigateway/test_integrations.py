"""Which integration of a Microservice forwards the requests of which callers."""

import pytest

from microservice_operator.aws.apigateway.integrations import MARK, Callers, chosen, integration

OWNER = {"microservice-operator.dev/uid": "u"}


@pytest.mark.parametrize("earlier", ["a", "z"])
def test_one_of_an_earlier_version_does_not_take_its_routes_back(earlier: str) -> None:
    """It has no mark, and no routes any more; its id may come before that of the new one, or after it."""
    old = integration({"IntegrationId": earlier}, OWNER, [])
    new = integration({"IntegrationId": "m"}, {**OWNER, MARK: Callers.TOKEN}, [])
    assert chosen([old, new]) == {Callers.TOKEN: new}
