"""Checks that the operator's credentials belong to the account that the Environment names.

The check runs once, before the first call. While it fails, no other call is made.
"""

from ...errors import NeedsPerson
from ...facts import Reason
from .call import Call
from .errors import AWSError, classify_error
from .scope import AwsScope


async def verify_account(scope: AwsScope) -> None:
    """Raise NeedsPerson if STS names another account for the operator's credentials; remember only a match."""
    if (scope.account_id, scope.region) in scope.clients.verified_accounts:
        return
    try:
        answer = await scope.clients.call(Call("sts", scope.region, "GetCallerIdentity", account=scope.account_id))
    except AWSError as error:
        raise classify_error(error, "sts:GetCallerIdentity", f"account {scope.account_id}") from None
    if answer["Account"] != scope.account_id:
        raise NeedsPerson(
            Reason.ACCOUNT_MISMATCH,
            f"the Environment names account {scope.account_id}, but the operator's credentials belong to "
            f"account {answer['Account']}; nothing is written; correct spec.aws.accountID or the operator's role",
        )
    scope.clients.verified_accounts.add((scope.account_id, scope.region))
