"""PURE: says why AWS refuses a restore."""

from ...errors import NeedsPerson
from ...facts import Reason

_REFUSED = (Reason.REJECTED, Reason.ACCESS_DENIED)


def refused_restore(error: NeedsPerson, field: str) -> NeedsPerson:
    """Return the error of a restore that AWS refuses (RestoreRefused), or the same error if it says something else.

    RestoreRefused does not use up the consent to recreate what is lost.
    """
    if error.reason not in _REFUSED:
        return error
    option = "; the operator's policy allows restores only with its option restores (docs/operator-iam.md)"
    message = f"{error}{option if error.reason == Reason.ACCESS_DENIED else ''}"
    return NeedsPerson(Reason.RESTORE_REFUSED, message, field)
