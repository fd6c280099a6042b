"""A simulator of IAM decides every AWS call of the shop's services by the policies that the operator gives their roles.

It runs after the other tests of this folder because of its name.
"""

import json
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
import yaml

from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.aws.iam.service_policy import document, grants
from tests.fakes.aws.iam_requests import Caller, Known, Request, requests
from tests.services.processes import RECORDED, SERVICES, aws_calls
from tests.tools.iam_simulator import simulate

CALLER = Caller("123456789012", "us-east-1", Known())
KINDS = {
    "Table": ("dynamodb", "table/", "_TABLE"),
    "Topic": ("sns", "", "_TOPIC_ARN"),
    "Queue": ("sqs", "", "_QUEUE_URL"),
}
ROLES = ("order", "product")


def _resources(spec: MicroserviceSpec) -> dict[tuple[str, str], str]:
    """The ARN of each declared resource."""
    declared = [("Table", spec.tables), ("Topic", spec.topics), ("Queue", spec.queues)]
    return {
        (kind, each.name): CALLER.arn(KINDS[kind][0], KINDS[kind][1] + each.name)
        for kind, resources in declared
        for each in resources or []
    }


def _asked(call: Mapping[str, Any], arns: Mapping[tuple[str, str], str]) -> list[Request]:
    """What IAM is asked about a call; variables stand for what the operator puts into them."""
    text = json.dumps(call["parameters"])
    for (kind, name), arn in arns.items():
        variable = name.replace("-", "_").upper() + KINDS[kind][2]
        text = text.replace(json.dumps(variable), json.dumps(arn if kind == "Topic" else name))
    model = botocore.session.Session().get_service_model(call["service"]).operation_model(call["operation"])
    return requests(CALLER, model, json.loads(text))


@pytest.mark.parametrize("service", ROLES)
def test_iam_allows_every_call_of_a_service(service: str) -> None:
    if service not in RECORDED:
        pytest.skip("no test of this folder has started the service with AWS")
    calls = [call for call in aws_calls() if call["microservice"] == service]
    assert calls
    body = yaml.safe_load((SERVICES / service / "microservice.yaml").read_text(encoding="utf-8"))
    spec = MicroserviceSpec.model_validate(body["spec"])
    arns = _resources(spec)
    policy = document(grants(spec, arns))
    assert policy
    asked = {request: call for call in calls for request in _asked(call, arns)}
    questions = [(request.action, request.resource, dict(request.context)) for request in asked]
    verdicts = zip(asked, simulate(CALLER.account, policy, questions), strict=True)
    denied = {request: (verdict.result, asked[request]) for request, verdict in verdicts if not verdict.allowed}
    assert denied == {}


def test_no_other_service_calls_aws() -> None:
    """But for the gateway: it replaces API Gateway where there is none, and runs in no account."""
    assert {call["microservice"] for call in aws_calls()} - {"gateway"} <= {*ROLES}
