"""Checks of the account: caller, region and the permissions of the operator.

"GetCallerIdentity" in the AWS STS API Reference, "DescribeRegions" in the Amazon EC2 API Reference and
"SimulatePrincipalPolicy" in the IAM API Reference describe the calls.
"""

from collections.abc import Callable

from ..aws.iam.operator_permissions import Option
from ..aws.iam.simulation import denied, questions
from ..errors import OperatorError
from ..partitions import partition
from .checks import Account, CheckFunction, Failed, NotChecked

_PARTS = 6  # of an ARN


async def caller(account: Account) -> None:
    """The credentials are valid and belong to the Environment's account, which `AwsService` checks before each call."""
    try:
        await account.read("sts", "GetCallerIdentity", f"account {account.aws.account_id}")
    except OperatorError as error:
        raise Failed(str(error)) from None  # the call needs no permission, so a refusal is no missing permission


async def region(account: Account) -> None:
    """The region is enabled in the account."""
    name = account.aws.region
    answer = await account.read("ec2", "DescribeRegions", f"region {name}", RegionNames=[name], AllRegions=True)
    status = next((each.get("OptInStatus", "") for each in answer["Regions"]), "unknown")
    if status not in ("opt-in-not-required", "opted-in"):
        raise Failed(f"region {name} is {status}; enable it in the account, or correct spec.aws.region")


def permissions(service: str) -> CheckFunction:
    """Return the check that the principal has the operator's rights for one service."""

    async def check(account: Account) -> None:
        principal = await _principal(account)
        refused: set[str] = set()
        for question in questions(values(account), {service}, _options(account)):
            refused |= await _denied(account, principal, question.parameters)
        if refused:
            raise Failed(f"{principal} lacks {', '.join(sorted(refused))}; add it to the policy")

    return check


def _options(account: Account) -> tuple[Option, ...]:
    """Return the options that the sample uses; it restores nothing."""
    gateway = account.aws.api_gateway
    return (Option.ACCESS_LOGS,) if gateway and gateway.access_log_group_arn else ()


def permission_checks(account: Account) -> dict[str, CheckFunction]:
    """Return the checks for the services that the Environment uses, by name."""
    spec = account.environment.spec
    uses: dict[str, Callable[[], bool]] = {
        "apigateway": lambda: account.aws.api_gateway is not None,
        "application-autoscaling": lambda: True,
        "dynamodb": lambda: True,
        "ec2": lambda: bool(spec.databases and spec.databases.rds),
        "eks": lambda: bool(account.aws.identity and account.aws.identity.cluster_name),
        "iam": lambda: account.aws.identity is not None,
        "kms": lambda: True,
        "rds": lambda: bool(spec.databases and spec.databases.rds),
        "secretsmanager": lambda: bool(spec.databases and spec.databases.rds),
        "sns": lambda: True,
        "sqs": lambda: True,
    }
    return {f"permissions for {service}": permissions(service) for service, used in uses.items() if used()}


def values(account: Account) -> dict[str, str]:
    """Return the values of the placeholders in the operator's rights."""
    aws = account.aws
    optional = {
        "cluster_name": aws.identity.cluster_name if aws.identity else None,
        "permissions_boundary_arn": aws.permissions_boundary_arn,
    }
    return {
        "partition": partition(aws.region),
        "region": aws.region,
        "account_id": aws.account_id,
        "cluster_id": account.cluster_id,
        **{key: value for key, value in optional.items() if value},
    }


async def _principal(account: Account) -> str:
    """Return the ARN of the user or role whose permissions are simulated.

    Raises NotChecked if the caller is neither.
    """
    if account.role_arn:
        return account.role_arn
    answer = await account.read("sts", "GetCallerIdentity", "the caller")
    arn: str = answer["Arn"]
    kind, _, name = arn.split(":", _PARTS - 1)[-1].partition("/")
    if kind == "assumed-role":
        # the ARN of a session does not contain the path of its role
        role = name.partition("/")[0]
        found = await account.read("iam", "GetRole", f"role {role}", RoleName=role)
        return str(found["Role"]["Arn"])
    if kind != "user":
        raise NotChecked(f"IAM simulates only users and roles, and the caller is {arn}; name one with --role-arn")
    return arn


async def _denied(account: Account, principal: str, question: dict[str, object]) -> set[str]:
    refused: set[str] = set()
    listed = account.pages("iam", "SimulatePrincipalPolicy", principal, "Marker", PolicySourceArn=principal, **question)
    async for answer in listed:
        refused |= denied(answer["EvaluationResults"])
    return refused
