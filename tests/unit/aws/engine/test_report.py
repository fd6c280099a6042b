"""An error that names a spec field passes it to its part, where `status.problems` reads it."""

import pytest

from microservice_operator.aws.engine import report
from microservice_operator.errors import NeedsPerson
from microservice_operator.facts import Part, Reason, State
from microservice_operator.postgres import reconcile

PART = Part("AWS", "Table", "t", State.UNKNOWN, field="spec.tables[0]")


@pytest.mark.parametrize("failed", [report.failed, reconcile.failed])
@pytest.mark.parametrize(("field", "expected"), [("spec.tables[0].adopt", "spec.tables[0].adopt"), ("", PART.field)])
def test_field(failed: object, field: str, expected: str) -> None:
    assert callable(failed)
    part = failed(PART, NeedsPerson(Reason.REJECTED, "no", field))
    assert (part.state, part.field, part.message) == (State.STALLED, expected, "no")
