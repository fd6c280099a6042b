"""Checks that the credentials of an Environment belong to the account that it names.

The check runs once for each account, region and role, before the first call. While it fails, no other call is made.
"""

from ...errors import NeedsPerson
from ...facts import Reason
from .call import AssumedRole, Call
from .errors import AWSError, classify_error
from .scope import AwsScope


async def verify_account(scope: AwsScope) -> None:
    """Raise NeedsPerson if STS names another account for the scope's credentials; remember only a match."""
    if scope.place in scope.clients.verified_accounts:
        return
    account = await _account_of(scope, scope.role)
    if account != scope.account_id:
        whose = f"the credentials of role {scope.role.arn}" if scope.role else "the operator's credentials"
        remedy = "spec.aws.roleARN" if scope.role else "the operator's role, or set spec.aws.roleARN"
        raise NeedsPerson(
            Reason.ACCOUNT_MISMATCH,
            f"the Environment names account {scope.account_id}, but {whose} belong to "
            f"account {account}; nothing is written; correct spec.aws.accountID or {remedy}",
        )
    scope.clients.verified_accounts.add(scope.place)


async def other_account(scope: AwsScope) -> str:
    """Return the account of the operator's own credentials if the scope's role is of another one, else "".

    Raises an OperatorError.
    """
    if not scope.role:
        return ""
    clients = scope.clients
    if not clients.own_account:
        clients.own_account = await _account_of(scope, None)
    return clients.own_account if clients.own_account != scope.account_id else ""


async def _account_of(scope: AwsScope, role: AssumedRole | None) -> str:
    try:
        call = Call("sts", scope.region, "GetCallerIdentity", account=scope.account_id, role=role)
        return str((await scope.clients.call(call))["Account"])
    except AWSError as error:
        raise classify_error(error, "sts:GetCallerIdentity", f"account {scope.account_id}") from None
