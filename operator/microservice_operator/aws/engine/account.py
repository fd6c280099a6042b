"""Are we in the account that the Environment names? Asked once, before the first call; if not, there is no other."""

from ...errors import NeedsPerson
from ...facts import Reason
from .call import Call
from .errors import AWSError, meaning
from .scope import Place


async def verify_account(place: Place) -> None:
    """Raise NeedsPerson if STS says that the operator's credentials belong elsewhere; only a yes is remembered."""
    if (place.account_id, place.region) in place.clients.verified_accounts:
        return
    try:
        answer = await place.clients.call(Call("sts", place.region, "GetCallerIdentity"))
    except AWSError as error:
        raise meaning(error, "sts:GetCallerIdentity", f"account {place.account_id}") from None
    if answer["Account"] != place.account_id:
        raise NeedsPerson(
            Reason.ACCOUNT_MISMATCH,
            f"the Environment names account {place.account_id}, the operator's credentials belong to "
            f"{answer['Account']}; nothing is written; correct spec.aws.accountID or the operator's role",
        )
    place.clients.verified_accounts.add((place.account_id, place.region))
