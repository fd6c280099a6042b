"""Are we in the account that the Environment names? Asked once, before the first call; if not, there is no other."""

from ...errors import NeedsPerson
from ...facts import Reason
from .call import Call
from .errors import AWSError, meaning
from .scope import AwsScope


async def verify_account(scope: AwsScope) -> None:
    """Raise NeedsPerson if STS says that the operator's credentials belong elsewhere; only a yes is remembered."""
    if (scope.account_id, scope.region) in scope.clients.verified_accounts:
        return
    try:
        answer = await scope.clients.call(Call("sts", scope.region, "GetCallerIdentity"))
    except AWSError as error:
        raise meaning(error, "sts:GetCallerIdentity", f"account {scope.account_id}") from None
    if answer["Account"] != scope.account_id:
        raise NeedsPerson(
            Reason.ACCOUNT_MISMATCH,
            f"the Environment names account {scope.account_id}, the operator's credentials belong to "
            f"{answer['Account']}; nothing is written; correct spec.aws.accountID or the operator's role",
        )
    scope.clients.verified_accounts.add((scope.account_id, scope.region))
