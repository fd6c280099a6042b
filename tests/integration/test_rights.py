"""The whole session: every granted right is used, no secret is logged, no unexpected error. Runs last."""

import json
from pathlib import Path

import pytest

from microservice_operator.cluster.kinds import EVENT, MICROSERVICE

from . import install
from .stage import Stage

HERE = Path(__file__).parent
# The operator never uses this verb: an admission plugin requires it where it is enabled.
FOR_ADMISSION = {("microservice-operator.dev", "microservices/finalizers", "update")}


@pytest.fixture(autouse=True)
def whole_session(request: pytest.FixtureRequest) -> None:
    """These tests judge what all others have done."""
    run = {item.path.stem for item in request.session.items}
    missing = {path.stem for path in HERE.glob("test_*.py")} - run
    if missing:
        pytest.skip(f"only after all others of this folder; not run: {', '.join(sorted(missing))}")


def test_every_right_was_used_and_every_request_was_granted(stage: Stage) -> None:
    granted = {
        (group, resource, verb)
        for rule in (*install.cluster_role()["rules"], *install.role()["rules"])
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    used = {(r.group, r.resource, r.verb) for r in stage.audit.requests() if r.allowed}
    assert not {str(request) for request in stage.audit.forbidden()}
    assert used - granted == set(), "a used right is not granted by our role but by another one"
    assert granted - used == FOR_ADMISSION, "more is granted than used"


def test_no_password_is_in_any_output(stage: Stage) -> None:
    secrets = {*stage.passwords, stage.postgres.password}
    assert len(secrets) > 10
    outputs = {
        "log": stage.operator.log.read_text(),
        "metrics": stage.operator.metrics(),
        "Events": json.dumps(stage.api.items(EVENT, "")),
        "Microservices": json.dumps(stage.api.items(MICROSERVICE, "")),
        "statements": "\n".join(stage.postgres.statements()),
    }
    for place, text in outputs.items():
        found = [secret[:4] for secret in secrets if secret in text]
        assert not found, f"{len(found)} passwords are in the {place}"


def test_the_log_holds_no_error_that_nobody_expected(stage: Stage) -> None:
    lines = [json.loads(line) for line in stage.operator.log.read_text().splitlines()]
    # kopf counts each attempt to reach a server that is away as an error
    errors = [line for line in lines if line["level"] in ("error", "critical") and "will retry" not in line["event"]]
    assert not errors, "\n".join(json.dumps(line) for line in errors[:3])
