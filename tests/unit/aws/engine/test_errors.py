"""AWS errors, classified by what happens next."""

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.session import get_session

from microservice_operator.aws.engine.errors import classify_error
from microservice_operator.errors import Gone, NeedsPerson, NotYet
from microservice_operator.facts import Reason


def answered(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": "Said so."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CreateTable")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (answered("ThrottlingException"), NotYet, Reason.AWS_THROTTLED),
        (answered("SlowDown", 503), NotYet, Reason.AWS_THROTTLED),
        (answered("Throttled", 429), NotYet, Reason.AWS_THROTTLED),  # "SNS": ThrottledException
        (answered("KMSThrottling"), NotYet, Reason.AWS_THROTTLED),
        (answered("NobodyKnows", 429), NotYet, Reason.AWS_THROTTLED),
        (answered("ConflictException", 409), NotYet, Reason.PROGRESSING),
        (answered("ConflictException", 429), NeedsPerson, Reason.QUOTA_EXCEEDED),  # anomalyco/sst#4522
        (answered("InternalServerError", 500), NotYet, Reason.AWS_UNAVAILABLE),
        (answered("503", 503), NotYet, Reason.AWS_UNAVAILABLE),
        (answered("InternalServiceException"), NotYet, Reason.AWS_UNAVAILABLE),
        (answered("IDPCommunicationError"), NotYet, Reason.AWS_UNAVAILABLE),  # STS asks the cluster's issuer
        (answered("ResourceInUseException"), NotYet, Reason.PROGRESSING),
        (answered("LimitExceededException"), NotYet, Reason.PROGRESSING),
        (ReadTimeoutError(endpoint_url="http://x"), NotYet, Reason.AWS_UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="http://x"), NotYet, Reason.AWS_UNAVAILABLE),
        (EndpointConnectionError(endpoint_url="http://x"), NotYet, Reason.AWS_UNAVAILABLE),
        (answered("AccessDeniedException"), NeedsPerson, Reason.ACCESS_DENIED),
        (answered("ExpiredTokenException"), NeedsPerson, Reason.ACCESS_DENIED),
        (answered("InvalidIdentityToken"), NeedsPerson, Reason.ACCESS_DENIED),  # no OIDC provider for the cluster
        (answered("IDPRejectedClaim", 403), NeedsPerson, Reason.ACCESS_DENIED),
        (answered("InvalidSecurity", 403), NeedsPerson, Reason.ACCESS_DENIED),  # SNS, SQS: not signed well
        (NoCredentialsError(), NeedsPerson, Reason.ACCESS_DENIED),
        (answered("ValidationException"), NeedsPerson, Reason.REJECTED),
        (ParamValidationError(report="bad"), NeedsPerson, Reason.REJECTED),
    ],
)
def test_what_happens_next(error: ClientError | BotoCoreError, kind: type, reason: Reason) -> None:
    classified = classify_error(error, "dynamodb:CreateTable", "table orders")
    assert isinstance(classified, NotYet | NeedsPerson)
    assert (type(classified), classified.reason) == (kind, reason)
    assert "dynamodb:CreateTable" in str(classified)
    assert not str(classified).endswith(".")


PASSING = {
    ("sns", "StaleTag"): Reason.PROGRESSING,
    ("sns", "ConcurrentAccess"): Reason.PROGRESSING,
    ("rds", "DBSnapshotAlreadyExists"): Reason.PROGRESSING,
    ("rds", "InvalidDBSubnetStateFault"): Reason.PROGRESSING,
    ("rds", "DBUpgradeDependencyFailure"): Reason.REJECTED,
    ("rds", "InsufficientDBInstanceCapacity"): Reason.REJECTED,
    ("rds", "InvalidVPCNetworkStateFault"): Reason.REJECTED,
    ("eks", "InvalidRequestException"): Reason.REJECTED,
}


@pytest.mark.parametrize(("service", "code"), PASSING)
def test_transient_errors_need_no_person(service: str, code: str) -> None:
    classified = classify_error(answered(code), f"{service}:Call", "it")
    assert isinstance(classified, NotYet)
    assert (classified.reason, "Said so" in str(classified)) == (PASSING[service, code], True)


@pytest.mark.parametrize(("service", "code"), PASSING)
def test_the_codes_are_those_of_the_service(service: str, code: str) -> None:
    """The errors in botocore's models, which AWS publishes."""
    shapes: Any = get_session().get_service_model(service).error_shapes
    assert code in {shape.error_code for shape in shapes} | {shape.name for shape in shapes}


def test_a_secret_that_is_being_deleted_needs_a_person() -> None:
    classified = classify_error(answered("InvalidRequestException"), "secretsmanager:GetSecretValue", "secret x")
    assert isinstance(classified, NeedsPerson)


def test_not_found_is_gone() -> None:
    assert isinstance(classify_error(answered("ResourceNotFoundException"), "dynamodb:DescribeTable", "table x"), Gone)


@pytest.mark.parametrize(
    ("call", "right"),
    [("dynamodb:CreateTable", "allow it to"), ("apigatewayv2:GetApis", "allow apigateway:GET to")],
)
def test_a_denied_call_is_named_with_what_iam_calls_it(call: str, right: str) -> None:
    said = str(classify_error(answered("AccessDeniedException"), call, "a target"))
    assert said.startswith(f"{call} on a target is denied; {right} the operator's role")


def test_an_empty_message_is_told_by_its_code() -> None:
    """botocore reads `<Message></Message>` as None."""
    error = answered("InternalFailure", 500)
    error.response["Error"]["Message"] = None  # type: ignore[typeddict-item]
    assert "InternalFailure" in str(classify_error(error, "sts:AssumeRole", "it"))
