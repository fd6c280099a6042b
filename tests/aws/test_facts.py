"""What AWS was recorded to answer, and what its models declare, against the operator and against the test layers.

`facts.yaml` holds the table. A refusal must lead to the right error of the operator, and the layers that stand for AWS
in all other tests must answer as AWS did.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from microservice_operator.aws.engine.errors import classify_error
from tests.aws.conftest import ACCOUNT, REGION
from tests.fakes.aws import contract
from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.whole import WholeAWS

TABLE = yaml.safe_load((Path(__file__).parent / "facts.yaml").read_text(encoding="utf-8"))
SEEN = [
    {"service": group["service"], **row}
    for group in TABLE["recorded"] + TABLE["verified"] + TABLE["reported"]
    for row in group["rows"]
]
DECLARED = [
    {"service": service, "when": row["shape"], **row} for service, rows in TABLE["model"].items() for row in rows
]
FACTS = [*SEEN, *DECLARED]
_numbers = count()


def _name(fact: dict[str, Any]) -> str:
    return f"{fact['service']}:{fact['operation']}: {fact['when']}"


def _each(facts: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fact", facts, ids=_name)


@dataclass
class Aws:
    """The layers of all services, and a client for each that is asked."""

    url: str
    session: Any = field(default_factory=lambda: boto3.session.Session("test", "test", region_name=REGION))
    clients: dict[str, Any] = field(default_factory=dict)

    def call(self, service: str, action: str, parameters: dict[str, Any]) -> Any:
        if service not in self.clients:
            client = self.clients[service] = self.session.client(service, endpoint_url=self.url)
            client.meta.events.unregister(contract.EVENT, contract.record)  # some of these calls are wrong on purpose
        return getattr(self.clients[service], xform_name(action))(**parameters)


@pytest.fixture(scope="module")
def aws(emulator: str) -> Iterator[Aws]:
    whole = WholeAWS.before(emulator)
    proxy = Proxy(emulator, whole, seen=set())  # the operator makes none of these calls
    made = Aws(proxy.start())
    yield made
    for client in made.clients.values():
        client.close()
    proxy.stop()
    whole.close()


@_each([fact for fact in FACTS if "code" in fact])
def test_the_operator_does_the_right_thing(fact: dict[str, Any]) -> None:
    answered: Any = {
        "Error": {"Code": fact["code"], "Message": fact.get("message", "")},
        "ResponseMetadata": {"HTTPStatusCode": fact.get("status", 400)},
    }
    call = f"{fact['service']}:{fact['operation']}"
    found = classify_error(ClientError(answered, fact["operation"]), call, "it")
    assert f"{type(found).__name__} {getattr(found, 'reason', '')}".strip() == fact["expect"]


@_each(DECLARED)
def test_the_model_declares_it(fact: dict[str, Any]) -> None:
    model: Any = get_session().get_service_model(fact["service"])
    shape = next(each for each in model.error_shapes if each.name == fact["shape"])
    declared = shape.metadata.get("error", {}).get("httpStatusCode")
    # some protocols declare no status, only whose fault it is
    if shape._shape_model.get("fault"):
        declared = declared or 500
    assert (shape.error_code, declared) == (fact["code"], fact.get("status"))
    assert fact["operation"] in model.operation_names


@_each([fact for fact in FACTS if "request" in fact])
def test_the_layers_answer_as_aws_does(fact: dict[str, Any], aws: Aws) -> None:
    differences = _differences(fact, aws)
    if "gap" in fact:
        assert differences, "the gap has closed: take it off the table"
    else:
        assert differences == []


def _differences(fact: dict[str, Any], aws: Aws) -> list[str]:
    name = f"fact-{next(_numbers)}"
    known = {
        "name": name,
        "account": ACCOUNT,
        "region": REGION,
        "queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        "topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}",
        "url": f"{aws.url}/{ACCOUNT}/{name}",
    }
    for step in _flat(fact.get("before", [])):
        ((call, parameters),) = step.items()
        service, _, action = call.rpartition(".")
        answer = aws.call(service or fact["service"], action, _filled(parameters, known))
        known |= _strings(answer)
    try:
        answer = aws.call(fact["service"], fact["operation"], _filled(fact["request"], known))
    except ClientError as error:
        if "code" not in fact:
            return [f"refused: {error}"]
        wanted = {"Code": fact.get("code"), "Message": fact.get("message"), "QueryErrorCode": fact.get("query_code")}
        wanted = {"Error": {key: value for key, value in wanted.items() if value}}
        if "status" in fact:
            wanted["ResponseMetadata"] = {"HTTPStatusCode": fact["status"]}
        return list(_missing(_filled(wanted, known), error.response))
    known |= _strings(answer)
    return list(_missing(_filled(fact["answer"], known), answer)) if "answer" in fact else [f"no refusal: {answer}"]


def _flat(steps: list[Any]) -> Iterator[dict[str, Any]]:
    for step in steps:
        if isinstance(step, list):
            yield from _flat(step)
        else:
            yield step


def _strings(answer: dict[str, Any]) -> dict[str, str]:
    """Names of what was made: of the answer, and of the one thing in it."""
    found = {key: value for key, value in answer.items() if isinstance(value, str)}
    return found | {k: v for inner in answer.values() if isinstance(inner, dict) for k, v in _strings(inner).items()}


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(entry, known) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, known) for entry in value]
    if isinstance(value, str):
        for key, text in known.items():
            value = value.replace(f"<{key}>", text)
    return value


def _missing(wanted: Any, got: Any, at: str = "") -> Iterator[str]:
    """Where an answer differs from what is wanted of it; null is what must not be there."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key, value in wanted.items():
            if value is None and key in got:
                yield f"{at}.{key} is there: {got[key]!r}"
            elif value is not None:
                yield from _missing(value, got.get(key), f"{at}.{key}")
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for number, (one, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _missing(one, other, f"{at}[{number}]")
    elif wanted != got:
        yield f"{at} is {got!r}, not {wanted!r}"
