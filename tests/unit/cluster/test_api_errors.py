"""Refusals of the API server are classified by code and cause, not by texts, which others can write, too."""

import pytest

from microservice_operator.cluster.api_client import ApiError
from microservice_operator.errors import Gone, NeedsPerson, NotYet
from tests.unit.support.api_server import refusal

TERMINATING = {"reason": "NamespaceTerminating", "field": "metadata.namespace", "message": "is being terminated"}
CASES: dict[str, tuple[ApiError, type[Exception]]] = {
    "a namespace that goes": (refusal(403, "Forbidden", "unable to create new content", TERMINATING), Gone),
    "a webhook that says so": (refusal(403, "Forbidden", "the lease of team a is being terminated"), NeedsPerson),
    "not there": (refusal(404, "NotFound"), Gone),
    "a quota": (refusal(403, "Forbidden", "pods is forbidden: exceeded quota: a"), NeedsPerson),
    "a field": (refusal(422, "Invalid", "spec.ports: Required value"), NeedsPerson),
    "a conflict": (refusal(409, "Conflict", 'on microservices "druid": modified'), NotYet),
}


@pytest.mark.parametrize("case", CASES)
def test_what_happens_next(case: str) -> None:
    error, expected = CASES[case]
    assert type(error.expected()) is expected
